"""How runs end: rejected for good, with nothing to do, out of time or money, or set up wrongly."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from courier.runs.run.frozen import FrozenDelivery, FrozenLoop, FrozenSandbox
from courier.runs.steps.parking import SIGNAL
from tests.engine.worlds import Scene, git, shell_plan, single_plan, teller_plan

pytestmark = pytest.mark.slow

DESIGN = "echo $COURIER_ITERATION > value"
PASS = """echo '{"outcome": {"text": "```json\\n{\\"verdict\\": \\"pass\\"}\\n```"}}'"""
WORKED = """echo "$RANDOM" > value; echo '{"outcome": {"text": "Done."}}'"""


@pytest.mark.parametrize("policy", ["fail", "deliverDraft"])
async def test_a_loop_that_runs_out_keeps_the_work_and_says_why(here: Scene, policy: str) -> None:
    loop = FrozenLoop(max_iterations=2).model_copy(update={"on_exhausted": policy})
    state = await here.run(shell_plan(here, design=DESIGN, check="echo no; false", loop=loop))
    assert state.result == {"phase": "failed", "reason": "LoopExhausted"}
    record = await here.record()
    assert "no" in record["message"]
    assert git(here.origin, "show", "courier/fix:value") == "2"
    proposals = await here.forge.list()
    assert [one.draft for one in proposals] == ([True] if policy == "deliverDraft" else [])
    assert await here.tidy()


async def test_work_that_changes_nothing_opens_nothing(here: Scene) -> None:
    state = await here.run(shell_plan(here, design="cat value"))
    assert state.result == {"phase": "completed", "reason": "NoChanges"}
    assert here.branches() == {"main"}
    assert await here.forge.list() == []


async def test_work_that_goes_back_to_the_base_opens_nothing(here: Scene) -> None:
    design = "git checkout -q . && echo $COURIER_ITERATION > value; [ $COURIER_ITERATION = 1 ] || "
    design += "git show $(git rev-list --max-parents=0 HEAD):value > value"
    check = "[ $(cat value) = none ]"
    state = await here.run(shell_plan(here, design=design, check=check))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    record = await here.record()
    assert record["pullRequest"]["status"] == "skipped"
    assert await here.forge.list() == []


async def test_a_step_out_of_time_is_stopped_and_its_work_kept(here: Scene) -> None:
    commands = "echo half > value; echo begun; (sleep 300 &) ; sleep 300; echo never > value"
    plan = single_plan(here, commands, timeout_seconds=2)
    state = await here.run(plan)
    assert state.result == {"phase": "failed", "reason": "TimedOut"}
    (step,) = (await here.record())["steps"]
    assert step["outcome"]["exitCode"] is None
    assert 1 < step["usage"]["agentSeconds"] < 30
    assert git(here.origin, "show", "courier/fix:value") == "half"
    assert await here.forge.list() == []
    assert await here.tidy()


async def test_a_budget_ends_the_agent_that_crosses_it(here: Scene) -> None:
    design = """
    echo part > value
    for n in 1 2 3 4; do
      echo '{"kind": "usage", "usage": {"inputTokens": 10, "costUsd": "0.40"}}'
      sleep 1
    done
    sleep 60
    """
    plan = teller_plan(here, design=design, check=PASS, budget_usd=Decimal(1))
    state = await here.run(plan)
    assert state.result == {"phase": "failed", "reason": "BudgetExceeded"}
    record = await here.record()
    assert record["usage"]["costUsd"] == "1.20"
    assert git(here.origin, "show", "courier/fix:value") == "part"


async def test_a_spent_budget_starts_nothing_more(here: Scene) -> None:
    spend = """echo '{"kind": "usage", "usage": {"costUsd": "0.50"}}'\n"""
    plan = teller_plan(here, design=spend + WORKED, check=PASS, budget_usd=Decimal("0.5"))
    state = await here.run(plan)
    assert state.result == {"phase": "failed", "reason": "BudgetExceeded"}
    record = await here.record()
    assert [step["step"] for step in record["steps"]] == ["design"]
    assert "courier/fix" in here.branches()


async def test_what_crashed_is_tried_again_on_the_work_it_left(here: Scene) -> None:
    design = """
    echo "$COURIER_ITERATION" >> value
    [ "$(grep -c 1 value)" = 1 ] && exit 1
    echo '{"outcome": {"text": "Done."}}'
    """
    state = await here.run(teller_plan(here, design=design, check=PASS))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    attempts = [(step["attempt"], step["outcome"]["reason"]) for step in await steps(here)]
    assert attempts == [(1, "Crashed"), (2, "Completed"), (1, "Completed")]
    assert git(here.origin, "show", "courier/fix:value").split() == ["none", "1", "1"]


async def test_a_provider_limit_parks_the_run_without_a_sandbox(here: Scene) -> None:
    until = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    design = f"""
    if [ "$(date +%s)" -lt "$(date -d {until} +%s)" ]; then
      echo '{{"outcome": {{"status": "limited", "reason": "RateLimited", "retryAt": "{until}"}}}}'
    else {WORKED}; fi
    """
    await here.submit(teller_plan(here, design=design, check=PASS))
    await here.reached("fix", "design-1.2/wait")
    assert await here.tidy()
    state = await here.engine.wait("fix")
    assert state.result == {"phase": "completed", "reason": "Completed"}


async def test_a_verdict_that_cannot_be_read_is_asked_for_once_more(here: Scene) -> None:
    check = f"""
    echo '{{"kind": "session", "session": "s1"}}'
    if [ -z "$SESSION" ]; then echo '{{"outcome": {{"text": "Fine!", "session": "s1"}}}}'
    else {PASS}; fi
    """
    state = await here.run(teller_plan(here, design=WORKED, check=check))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    told = here.world.transcripts.attempts("fix")
    assert told == ["design-1.1-turn-1", "check-1.1-turn-1", "check-1.1-turn-2"]


async def test_a_verdict_that_stays_unreadable_fails_the_work(here: Scene) -> None:
    check = """echo '{"outcome": {"text": "Fine!", "session": "s1"}}'"""
    loop = FrozenLoop(max_iterations=1)
    state = await here.run(teller_plan(here, design=WORKED, check=check, loop=loop))
    assert state.result == {"phase": "failed", "reason": "LoopExhausted"}
    assert (await steps(here))[1]["verdict"]["reason"] == "VerdictUnreadable"


async def test_a_lost_conversation_is_judged_from_the_start(here: Scene) -> None:
    check = f"""
    echo asked >> ~/asked
    case "$SESSION$(grep -c asked ~/asked)" in
      1) echo '{{"outcome": {{"text": "Fine!", "session": "s1"}}}}' ;;
      s12) echo '{{"outcome": {{"status": "failed", "reason": "SessionLost"}}}}' ;;
      3) grep -q 'End your last message' "$COURIER_PROMPT_FILE"; {PASS} ;;
    esac
    """
    state = await here.run(teller_plan(here, design=WORKED, check=check))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert len(await steps(here)) == 2


async def test_a_missing_secret_is_named_before_anything_is_opened(here: Scene) -> None:
    await here.submit(single_plan(here, "true", secrets=("NOT_SET_HERE",)))
    await here.reached("fix", SIGNAL)
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("parked", "MissingSecret")
    assert "NOT_SET_HERE" in record["message"]
    assert record["steps"][0]["sandbox"] is None


async def test_an_unknown_template_ends_the_run_with_its_name(here: Scene) -> None:
    machine = FrozenSandbox(template="no-such-template")
    state = await here.run(single_plan(here, "true").model_copy(update={"sandbox": machine}))
    assert state.result == {"phase": "failed", "reason": "NotFound"}
    assert "no-such-template" in (await here.record())["message"]


async def test_a_missing_command_is_no_verdict(here: Scene) -> None:
    state = await here.run(shell_plan(here, design=DESIGN, check="no-such-command"))
    assert state.result == {"phase": "failed", "reason": "ToolMissing"}
    assert "courier/fix" in here.branches()


async def test_delivery_wishes_reach_the_pull_request(here: Scene) -> None:
    wishes = FrozenDelivery(draft=True, labels=("bot",), reviewers=("ada",))
    await here.run(single_plan(here, DESIGN).model_copy(update={"delivery": wishes}))
    (proposal,) = await here.forge.list()
    assert (proposal.draft, proposal.labels, proposal.reviewers) == (True, ("bot",), ("ada",))


async def test_two_runs_of_one_project_do_not_meet(here: Scene) -> None:
    plans = [single_plan(here, f"echo {run} > value", run=run) for run in ("one", "two")]
    ended = await asyncio.gather(*(here.run(plan) for plan in plans))
    assert [state.result for state in ended] == [{"phase": "completed", "reason": "Completed"}] * 2
    for run in ("one", "two"):
        assert git(here.origin, "show", f"courier/{run}:value") == run
    assert {one.number for one in await here.forge.list()} == {1, 2}


async def steps(here: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await here.record())["steps"]
    return found
