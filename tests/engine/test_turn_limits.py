"""What ends a turn from outside: silence, time, cost, and staying on after the final event."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal

import pytest

from courier.resources.agent import AgentSpec
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from tests.engine.worlds import Scene, git, single_plan

pytestmark = pytest.mark.slow

SAYS_DONE = """echo '{"outcome": {"text": "Done."}}'"""
HANGS = "exec sleep 300"
COSTS = """echo '{"kind": "usage", "usage": {"costUsd": "2"}}'"""


async def ended(here: Scene) -> tuple[dict[str, str], list[dict[str, object]]]:
    """Wait for the run; return its result and how each attempt ended."""
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    record = await here.record()
    assert await here.tidy()
    assert isinstance(state.result, dict)
    result = {name: str(told) for name, told in state.result.items()}
    return result, [step["outcome"] for step in record["steps"]]


def teller(here: Scene, commands: str, step: Mapping[str, object]) -> FrozenPlan:
    work = FrozenStep(name="work", type="custom", agent="teller", run=commands)
    return single_plan(here, "").model_copy(update={"steps": (work.model_copy(update=step),)})


async def took(here: Scene, commands: str, **step: int) -> tuple[str, list[dict[str, object]]]:
    await here.submit(teller(here, commands, step))
    result, outcomes = await ended(here)
    return result["reason"], outcomes


async def test_a_silent_agent_is_tried_again_on_the_work_it_had_done(here: Scene) -> None:
    commands = f"""
    echo x >> value
    echo '{{"kind": "text", "text": "begun"}}'
    [ "$(grep -c x value)" = 2 ] || {HANGS}
    {SAYS_DONE}
    """
    reason, outcomes = await took(here, commands, idle_seconds=1)
    assert reason == "Completed"
    assert [each["reason"] for each in outcomes] == ["Idle", "Completed"]
    assert outcomes[0]["retryable"] is True
    assert git(here.origin, "show", "courier/fix:value") == "none\nx\nx"


async def test_an_agent_that_stays_silent_fails_with_its_work_pushed(here: Scene) -> None:
    reason, outcomes = await took(here, f"echo half > value; {HANGS}", idle_seconds=1)
    assert reason == "Idle"
    assert len(outcomes) == 2
    assert git(here.origin, "show", "courier/fix:value") == "half"


async def test_whoever_writes_anywhere_is_not_silent(here: Scene) -> None:
    quiet_words = "for n in 1 2 3 4 5 6 7 8; do echo . >&2; sleep 0.4; done"
    commands = f"echo done > value; {quiet_words}; {SAYS_DONE}"
    reason, outcomes = await took(here, commands, idle_seconds=2)
    assert (reason, len(outcomes)) == ("Completed", 1)


async def test_time_that_is_up_is_not_silence_and_not_tried_again(here: Scene) -> None:
    reason, outcomes = await took(here, HANGS, idle_seconds=60, timeout_seconds=1)
    assert (reason, len(outcomes)) == ("TimedOut", 1)


async def test_a_result_counts_though_its_process_hangs(here: Scene) -> None:
    commands = f"echo done > value; {SAYS_DONE}; {HANGS}"
    reason, (outcome,) = await took(here, commands, linger_seconds=1)
    assert reason == "Completed"
    assert outcome["exitCode"] is None
    assert "did not exit" in str(outcome["message"])
    assert git(here.origin, "show", "courier/fix:value") == "done"


async def test_a_failure_counts_though_its_process_hangs(here: Scene) -> None:
    told = """echo '{"outcome": {"status": "failed", "reason": "BadKey", "message": "No."}}'"""
    reason, (outcome,) = await took(here, f"{told}; {HANGS}", linger_seconds=1)
    assert (reason, outcome["message"]) == ("BadKey", "No.")


async def test_a_result_before_the_time_was_up_counts(here: Scene) -> None:
    commands = f"echo done > value; {SAYS_DONE}; {HANGS}"
    reason, outcomes = await took(here, commands, timeout_seconds=2, linger_seconds=60)
    assert (reason, len(outcomes)) == ("Completed", 1)


async def test_what_only_the_result_tells_to_have_cost_does_not_undo_it(here: Scene) -> None:
    commands = f"echo done > value; {SAYS_DONE}; {COSTS}; {HANGS}"
    plan = single_plan(here, commands, agent="teller", linger_seconds=1)
    await here.submit(plan.model_copy(update={"budget_usd": Decimal(1)}))
    result, (outcome,) = await ended(here)
    assert result["reason"] == outcome["reason"] == "Completed"


async def test_a_budget_used_up_before_the_result_stops_the_agent(here: Scene) -> None:
    plan = single_plan(here, f"{COSTS}; sleep 1; {SAYS_DONE}; {HANGS}", agent="teller")
    await here.submit(plan.model_copy(update={"budget_usd": Decimal(1)}))
    result, (outcome,) = await ended(here)
    assert result["reason"] == outcome["reason"] == "BudgetExceeded"


async def test_a_result_counts_in_a_run_that_is_cancelled_after_it(here: Scene) -> None:
    commands = f"""echo done > value; echo '{{"kind": "text", "text": "told"}}'; {SAYS_DONE}"""
    await here.submit(single_plan(here, f"{commands}; {HANGS}", agent="teller"))
    await here.printed("fix", "told")
    await here.engine.cancel("fix", by="Hana", reason="Not needed.")
    result, (outcome,) = await ended(here)
    assert result["phase"] == "cancelled"
    assert outcome["reason"] == "Completed"
    assert git(here.origin, "show", "courier/fix:value") == "done"


async def test_a_turn_taken_up_again_is_not_cut_off(here: Scene) -> None:
    script = """
    cat >/dev/null
    echo right > value
    echo '{"text": "Started it.", "done": true}'
    sleep 0.3
    echo '{"text": "It ended, and I look."}'
    sleep 2.5
    echo '{"text": "All is well.", "done": true}'
    """
    output = {"format": "jsonLines", "text": "text", "end": "done"}
    spec = {"start": ["sh", "-c", script], "output": output}
    described = AgentSpec.model_validate_json(json.dumps(spec))
    await here.submit(
        teller(here, "", {"agent": "mine", "described": described, "linger_seconds": 1})
    )
    result, (outcome,) = await ended(here)
    assert (result["reason"], outcome["exitCode"]) == ("Completed", 0)
    assert b"All is well." in here.world.transcripts.whole("fix")
