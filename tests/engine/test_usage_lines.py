"""However an attempt ends, what its agent reported is on record, once."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from courier.engine.passes.books import Books
from courier.runs.records.charges import month_path
from courier.runs.run.frozen import FrozenPlan
from courier.runs.usage.spending import read_lines
from tests.engine.conftest import FILES
from tests.engine.worlds import Scene, make_origin, provider, scene, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

COSTS = """echo '{"kind": "usage", "usage": {"inputTokens": 7, "costUsd": "0.25"}}'"""
SAYS = """echo '{"kind": "text", "text": "spent"}'"""
DONE = """echo '{"outcome": {"text": "Done."}}'"""


def spends(here: Scene, then: str, **step: Any) -> FrozenPlan:
    plan = single_plan(here, f"{COSTS}; {SAYS}; {then}", agent="teller", **step)
    return plan.model_copy(update={"attempts_per_step": 1})


async def lines(here: Scene) -> Sequence[dict[str, Any]]:
    await here.world.state.refresh()
    path = month_path(here.world.clock.now())
    return [dict(line) for line in read_lines((await here.world.state.read([path]))[path])]


async def told_once(here: Scene, reason: str, *, attempts: int = 1) -> None:
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert isinstance(state.result, dict)
    assert state.result["reason"] == reason
    found = await lines(here)
    assert [line["key"] for line in found] == [
        f"fix/work-1.{number}" for number in range(1, attempts + 1)
    ]
    for line in found:
        assert (line["usage"]["costUsd"], line["usage"]["inputTokens"]) == ("0.25", 7)
        assert line["usage"]["sandboxSeconds"] > 0
    assert await here.tidy()


@pytest.mark.parametrize(
    ("then", "reason", "step"),
    [
        (DONE, "NoChanges", {}),
        ("exit 1", "Crashed", {}),
        ("sleep 300", "TimedOut", {"timeout_seconds": 2}),
        ("sleep 300", "Idle", {"idle_seconds": 1}),
        (f"{DONE}; sleep 300", "NoChanges", {"linger_seconds": 1}),
    ],
)
async def test_an_attempt_that_ends_by_itself_or_is_stopped(
    here: Scene, then: str, reason: str, step: dict[str, object]
) -> None:
    await here.submit(spends(here, then, **step))
    await told_once(here, reason)


async def test_a_cancelled_run(here: Scene) -> None:
    await here.submit(spends(here, "sleep 300"))
    await here.printed("fix", "spent")
    await here.engine.cancel("fix", by="ada", reason="enough")
    await told_once(here, "Cancelled")


async def lose_sandboxes(here: Scene) -> None:
    for found in await here.world.sandboxes.find({"courier-run": "fix", **here.labels}):
        await here.world.sandboxes.kill(found.id)


async def test_a_sandbox_that_is_lost_under_the_agent(here: Scene) -> None:
    await here.submit(spends(here, "sleep 300"))
    await here.printed("fix", "spent")
    await lose_sandboxes(here)
    await told_once(here, "SandboxLost")


async def test_a_sandbox_that_is_lost_while_nobody_looked(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    origin, folder = make_origin(tmp_path, FILES), tmp_path / tmp_path.name
    async with scene(folder, origin, provider(sandboxd)) as here:
        await here.submit(spends(here, "sleep 300"))
        await here.printed("fix", "spent")
    async with scene(folder, origin, provider(sandboxd), concurrency=0) as between:
        await lose_sandboxes(between)
        await told_once(between, "SandboxLost")


async def test_what_is_in_flight_is_told_as_far_as_it_is(here: Scene) -> None:
    await here.submit(spends(here, "sleep 300"))
    await here.printed("fix", "spent")
    today = here.world.clock.now().date()
    books = Books(here.world, here.engine)
    (line,) = await books.lines(since=today, until=today)
    assert (line["key"], line["usage"]["costUsd"]) == ("fix/work-1.1", "0.25")
    await here.engine.cancel("fix", by="ada", reason="enough")
    await here.engine.wait("fix")
    (line,) = await books.lines(since=today, until=today)
    assert json.dumps(line["usage"]["costUsd"]) == '"0.25"'
