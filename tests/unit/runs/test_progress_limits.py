"""What ends a run from outside its steps: money, the remote, the gate."""

from decimal import Decimal

import pytest

from courier.runs.run.events import Refusal, RunEvent, RunStarted, WorkDelivered
from courier.runs.run.frozen import FrozenLoop, FrozenPlan
from courier.runs.run.run import fold
from courier.runs.steps.parking import Park
from courier.runs.steps.progress import Decision, Deliver, Finish, StartAttempt, next_step
from courier.runs.usage.usage import Usage
from tests.unit.runs.builders import (
    START,
    attempted,
    completed,
    failed,
    frozen,
    limited,
    passed,
    rejected,
)

WORK = "w" * 40
DECLINED = Refusal(code="PushDeclined", message="No.")


def decide(*facts: RunEvent, plan: FrozenPlan | None = None) -> Decision:
    return next_step(plan or frozen(), fold([RunStarted(at=START), *facts]))


def costing(amount: str) -> Usage:
    return Usage(cost_usd=Decimal(amount))


@pytest.mark.parametrize(("spent", "stops"), [("0.99", False), ("1", True), ("1.5", True)])
def test_a_spent_budget_starts_no_further_step(spent: str, stops: bool) -> None:
    done = attempted(commit=WORK, outcome=completed(usage=costing(spent)))
    decision = decide(done, plan=frozen(budget_usd=Decimal(1)))
    assert isinstance(decision, Deliver if stops else StartAttempt)
    if isinstance(decision, Deliver):
        assert (decision.how, decision.ending.reason) == ("branch", "BudgetExceeded")


def test_a_spent_budget_does_not_undo_a_run_that_passed() -> None:
    judged = attempted("check", outcome=completed(usage=costing("2")), verdict=passed())
    decision = decide(attempted(commit=WORK), judged, plan=frozen(budget_usd=Decimal(1)))
    assert isinstance(decision, Deliver)
    assert decision.how == "pullRequest"


def test_a_spent_budget_ends_the_loop_and_stays_the_reason_once_delivered() -> None:
    judged = attempted("check", outcome=completed(usage=costing("2")), verdict=rejected())
    delivered = WorkDelivered(at=START, commit=WORK)
    plan = frozen(budget_usd=Decimal(1))
    decision = decide(attempted(commit=WORK), judged, delivered, plan=plan)
    assert isinstance(decision, Finish)
    assert (decision.ending.phase, decision.ending.reason) == ("failed", "BudgetExceeded")


def test_a_spent_budget_retries_nothing() -> None:
    crashed = failed("Crashed", retryable=True).model_copy(update={"usage": costing("2")})
    decision = decide(attempted(outcome=crashed), plan=frozen(budget_usd=Decimal(1)))
    assert isinstance(decision, Finish)
    assert decision.ending.reason == "Crashed"


def test_a_failure_stays_the_reason_when_its_work_cannot_be_delivered_either() -> None:
    declined = WorkDelivered(at=START, refusal=DECLINED)
    plan = frozen(loop=FrozenLoop(max_iterations=1))
    decision = decide(
        attempted(commit=WORK), attempted("check", verdict=rejected()), declined, plan=plan
    )
    assert isinstance(decision, Finish)
    assert decision.ending.reason == "LoopExhausted"
    assert "not delivered either: No." in decision.ending.message


def test_refused_work_of_a_limited_step_is_not_waited_for() -> None:
    refusal = Refusal(code="ProtectedPath", message="It changes .courier/.", needs_approval=True)
    decision = decide(attempted(outcome=limited(), refusal=refusal))
    assert not isinstance(decision, Park)
    assert isinstance(decision, Finish)
    assert decision.ending.reason == "ProtectedPath"
