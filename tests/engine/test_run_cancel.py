"""Runs that somebody stops: nothing goes on, nothing is lost, and who asked is on record."""

import asyncio

import pytest

from courier.engine.inflight import Phase
from tests.engine.worlds import Scene, git, shell_plan, single_plan, teller_plan

pytestmark = pytest.mark.slow

LONG = "echo half > value; echo begun; sleep 300; echo never > value"


async def cancel(here: Scene, run: str = "fix") -> bool:
    return await here.engine.cancel(run, by="ada", reason="wrong task")


async def test_a_working_agent_is_stopped_and_its_work_rescued(here: Scene) -> None:
    commands = f"(sleep 1; echo $$ alive >> /tmp/ghost; sleep 300) & {LONG}"
    await here.submit(single_plan(here, commands))
    await here.printed("fix", "begun")
    assert await cancel(here)
    state = await here.engine.wait("fix")
    assert state.phase is Phase.CANCELLED
    record = await here.record()
    assert (record["phase"], record["message"]) == ("cancelled", "Cancelled by ada: wrong task")
    (step,) = record["steps"]
    assert step["outcome"]["reason"] == "Stopped"
    assert step["usage"]["agentSeconds"] > 0
    assert git(here.origin, "show", "courier/fix:value") == "half"
    assert await here.forge.list() == []
    assert await here.tidy()


async def test_what_a_stopped_agent_used_is_charged_once(here: Scene) -> None:
    design = """
    echo '{"kind": "usage", "usage": {"inputTokens": 7, "costUsd": "0.25"}}'
    echo '{"kind": "text", "text": "begun"}'
    sleep 300
    """
    await here.submit(teller_plan(here, design=design, check="true"))
    await here.printed("fix", "begun")
    await cancel(here)
    await here.engine.wait("fix")
    record = await here.record()
    assert record["usage"]["costUsd"] == "0.25"
    assert here.world.transcripts.whole("fix").count(b"begun") == 1


async def test_a_checker_that_is_stopped_keeps_the_work_it_judged(here: Scene) -> None:
    await here.submit(shell_plan(here, design="echo mine > value", check=f"{LONG}"))
    await here.printed("fix", "begun")
    await cancel(here)
    await here.engine.wait("fix")
    assert (await here.record())["phase"] == "cancelled"
    assert git(here.origin, "show", "courier/fix:value") == "mine"
    assert await here.tidy()


async def test_a_run_that_never_started_touches_nothing(here: Scene) -> None:
    here.engine.limit(None, concurrency=1)
    await here.submit(single_plan(here, "sleep 2", run="first"))
    await here.submit(single_plan(here, "true", run="second"))
    assert await cancel(here, "second")
    state = await here.engine.wait("second")
    assert (state.phase, state.started_at) == (Phase.CANCELLED, None)
    await here.engine.wait("first")
    assert here.branches() == {"main"}
    assert here.world.transcripts.attempts("second") == []


@pytest.mark.parametrize(
    "step",
    [
        *("announce", "work-1.1/sandbox", "work-1.1/workspace", "work-1.1/turn-1"),
        *("work-1.1/collect", "work-1.1/close", "deliver/push", "sandboxes", "transcript"),
    ],
)
async def test_a_cancel_during_any_step_leaves_one_truth(here: Scene, step: str) -> None:
    await here.submit(single_plan(here, "echo done > value"))
    await at_step(here, step)
    await cancel(here)
    await here.engine.wait("fix")
    record = await here.record()
    branch = "courier/fix" in here.branches()
    proposals = [one.status for one in await here.forge.list()]
    # Before the proposal it is cancelled; from there on it came too late.
    assert (record["phase"], proposals) in [("cancelled", []), ("completed", ["created"])]
    assert (record["pullRequest"] is not None) == bool(proposals)
    if step in ("work-1.1/collect", "work-1.1/close", "deliver/push"):
        assert branch
    assert (record["work"]["branch"] is not None) == branch
    assert await here.tidy()


@pytest.mark.parametrize("step", ["deliver/propose", "record"])
async def test_a_cancel_after_the_work_was_pushed_comes_too_late(here: Scene, step: str) -> None:
    await here.submit(single_plan(here, "echo done > value"))
    await at_step(here, step)
    await cancel(here)
    await here.engine.wait("fix")
    record = await here.record()
    (proposal,) = await here.forge.list()
    assert (record["phase"], record["pullRequest"]["number"]) == ("completed", proposal.number)
    assert await here.tidy()


async def test_a_waiting_run_wakes_to_be_cancelled(here: Scene) -> None:
    design = (
        """echo x > value; echo '{"outcome": {"status": "limited", "reason": "RateLimited"}}'"""
    )
    await here.submit(teller_plan(here, design=design, check="true"))
    await here.reached("fix", "design-1.2/wait")
    await cancel(here)
    await asyncio.wait_for(here.engine.wait("fix"), 20)
    assert (await here.record())["phase"] == "cancelled"
    assert git(here.origin, "show", "courier/fix:value") == "x"


async def at_step(here: Scene, step: str) -> None:
    """Wait until the run has asked for a step; it may be past it by a hair."""
    async with asyncio.timeout(30):
        while all(record.name != step for record in await here.engine.steps("fix")):
            await asyncio.sleep(0)
