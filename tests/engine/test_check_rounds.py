"""Later passes: what is open or was just merged, and runs that wait, hear of checks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.rounds import Rounds
from courier.engine.running.checking import SIGNAL
from courier.forges.local import ReportedChecks
from courier.planning.plan import PublishRun
from courier.ports.repository import Identity
from courier.runs.pullrequests.checks import Check, CheckStatus
from courier.runs.run.following import FrozenCi
from tests.engine.worlds import Scene, make_origin, provider, scene, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

ADA = Identity("Ada", "ada@example.com")


@pytest.fixture
async def here(tmp_path: Path, sandboxd: Endpoint) -> AsyncIterator[Scene]:
    origin = make_origin(tmp_path, {"value": "none\n"})
    async with scene(tmp_path / "home", origin, provider(sandboxd)) as opened:
        yield opened


async def tell(here: Scene, commit: str, status: CheckStatus, *, name: str = "tests") -> None:
    reported = ReportedChecks(here.world.state, here.world.clock)
    await reported.tell(commit, Check(name=name, status=status))


async def go(here: Scene, rounds: Rounds) -> list[str]:
    await here.world.repository.fetch()
    await here.world.index.follow()
    return list(await rounds.go())


async def publish(here: Scene, status: str) -> None:
    """Do what a pass does once it sees that people decided."""
    observation = Observation(here.world, here.engine, remote=str(here.origin))
    dispatcher = Dispatcher(here.world, here.engine, observation)
    action = PublishRun(run="fix", reason="", pull_request_status=status)
    plan: Any = type("Plan", (), {"limits": (), "actions": (action,), "tasks": ()})
    await here.world.index.follow()
    await dispatcher._try(plan.actions[0], lambda _project: ())


async def checks_on_record(here: Scene) -> dict[str, Any]:
    found: dict[str, Any] = (await here.record())["ciChecks"]
    return found


async def test_the_record_follows_the_checks_of_what_is_open(here: Scene) -> None:
    await here.run(single_plan(here, "echo some > value"))
    (pull,) = await here.forge.list()
    told = await checks_on_record(here)
    assert (told["overall"], told["lastPolled"]) == ("none", None)
    rounds = Rounds(here.world, here.engine)
    assert await go(here, rounds) == []
    await tell(here, pull.head, "failure")
    await tell(here, pull.head, "success", name="lint")
    assert await go(here, rounds) == ["fix"]
    assert await go(here, rounds) == []
    told = await checks_on_record(here)
    assert (told["overall"], told["head"]) == ("failure", pull.head)
    assert [one["checks"] for one in told["red"]] == [["tests"]]
    await tell(here, pull.head, "success")
    assert await go(here, rounds) == ["fix"]
    told = await checks_on_record(here)
    assert told["overall"] == "success"
    assert told["flaky"] == [{"head": pull.head, "name": "tests"}]


async def test_the_record_follows_the_checks_of_a_merge_until_they_have_ended(here: Scene) -> None:
    await here.run(single_plan(here, "echo some > value"))
    (pull,) = await here.forge.list()
    rounds = Rounds(here.world, here.engine)
    merged = await here.forge.merge(pull.number, by=ADA)
    await publish(here, "merged")
    after = (await checks_on_record(here))["afterMerge"]
    assert (after["commit"], after["settled"]) == (merged.merge_commit, False)
    await here.world.index.follow()
    assert [one.observed.run for one in here.world.index.merging()] == ["fix"]
    await tell(here, str(merged.merge_commit), "pending")
    assert await go(here, rounds) == ["fix"]
    await tell(here, str(merged.merge_commit), "failure")
    assert await go(here, rounds) == ["fix"]
    after = (await checks_on_record(here))["afterMerge"]
    assert (after["overall"], after["settled"]) == ("failure", True)
    await here.world.index.follow()
    assert list(here.world.index.merging()) == []
    assert await go(here, rounds) == []


async def test_a_run_that_waits_is_given_a_hint_and_looks_by_itself(here: Scene) -> None:
    patient = FrozenCi(wait=True, pace_seconds=600)
    await here.submit(single_plan(here, "echo some > value").model_copy(update={"ci": patient}))
    await here.reached("fix", SIGNAL)
    (pull,) = await here.forge.list()
    rounds = Rounds(here.world, here.engine)
    assert await go(here, rounds) == []
    await tell(here, pull.head, "success")
    assert await go(here, rounds) == ["fix"]
    async with asyncio.timeout(20):
        await here.engine.wait("fix")
    record = await here.record()
    assert (record["phase"], record["ciChecks"]["overall"]) == ("completed", "success")
