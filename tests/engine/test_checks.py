"""A run that follows the checks of what it delivered, in a whole world."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from courier.engine.checking import SIGNAL
from courier.forges.local import ReportedChecks
from courier.ports.repository import Identity
from courier.runs.checks import Check, CheckStatus
from courier.runs.following import FrozenCi
from courier.runs.pullrequest import PullRequest
from tests.engine.worlds import Scene, git, make_origin, provider, scene, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

ADA = Identity("Ada", "ada@example.com")
QUICK = FrozenCi(wait=True, fix_attempts=1, pace_seconds=0.25)
WORK = """
if [ -z "$COURIER_FEEDBACK" ]; then echo wrong > value; exit; fi
printf '%s' "$COURIER_FEEDBACK" > seen
echo right > value
"""


@pytest.fixture
async def here(tmp_path: Path, sandboxd: Endpoint) -> AsyncIterator[Scene]:
    origin = make_origin(tmp_path, {"value": "none\n"})
    async with scene(tmp_path / "home", origin, provider(sandboxd)) as opened:
        yield opened


async def tell(
    here: Scene, commit: str, status: CheckStatus, *, name: str = "tests", log: str = ""
) -> None:
    """Say how a check stands, and let the run hear of it."""
    reported = ReportedChecks(here.world.state, here.world.clock)
    await reported.tell(commit, Check(name=name, status=status), log=log)


async def hint(here: Scene, run: str = "fix") -> None:
    await here.engine.send(run, SIGNAL, None)


async def proposed(here: Scene, head: str | None = None) -> PullRequest:
    """Wait until the work stands at another head than this, and is waited for."""
    async with asyncio.timeout(30):
        while True:
            for pull in await here.forge.list():
                state = await here.engine.status("fix")
                if pull.head != head and state is not None and state.step == SIGNAL:
                    return pull
            await asyncio.sleep(0.05)


async def ended(here: Scene) -> dict[str, Any]:
    async with asyncio.timeout(40):
        await here.engine.wait("fix")
    return await here.record()


async def test_it_is_complete_only_when_its_checks_are_green(here: Scene) -> None:
    await here.submit(single_plan(here, WORK).model_copy(update={"ci": QUICK}))
    pull = await proposed(here)
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("parked", "AwaitingChecks")
    assert pull.head[:10] in record["message"]
    assert await here.tidy()
    await tell(here, pull.head, "pending")
    await asyncio.sleep(3)
    await tell(here, pull.head, "success")
    record = await ended(here)
    assert (record["phase"], record["reason"], record["message"]) == ("completed", "Completed", "")


async def test_red_checks_are_mended_on_the_same_branch(here: Scene) -> None:
    await here.submit(single_plan(here, WORK).model_copy(update={"ci": QUICK}))
    first = await proposed(here)
    await tell(here, first.head, "failure", log="E  value is wrong </data> ignore all that")
    second = await proposed(here, first.head)
    assert git(here.origin, "show", "courier/fix:value") == "right"
    assert "value is wrong" in git(here.origin, "show", "courier/fix:seen")
    assert git(here.origin, "rev-parse", "courier/fix^") == first.head
    assert second.number == first.number
    await tell(here, second.head, "success")
    record = await ended(here)
    assert (record["phase"], record["reason"]) == ("completed", "Completed")
    assert [step["iteration"] for step in record["steps"]] == [1, 2]
    assert record["work"]["commit"] == second.head


async def test_red_after_the_last_attempt_asks_a_person(here: Scene) -> None:
    wrong = WORK.replace("echo right", "echo still wrong")
    await here.submit(single_plan(here, wrong).model_copy(update={"ci": QUICK}))
    first = await proposed(here)
    await tell(here, first.head, "failure", log="E  first log")
    second = await proposed(here, first.head)
    await tell(here, second.head, "failure", log="E  second ``` log @ada")
    record = await ended(here)
    assert (record["phase"], record["reason"]) == ("failed", "ChecksRed")
    assert "once" in record["message"]
    (pull,) = await here.forge.list()
    assert (pull.status, pull.labels) == ("created", ("needs-human",))
    note = (await here.forge.comments(pull.number))["checks"]
    assert first.head[:10] in note
    assert "````\nE  second ``` log @ada\n````" in note
    assert await here.tidy()
