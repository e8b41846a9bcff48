"""What a run does without money: it waits or ends, and goes on where it was broken off."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from courier.runs.run.events import BudgetFreed, BudgetShort, CancelAsked, RunEvent, RunParked
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import fold
from courier.runs.steps.progress import Decision, Deliver, Finish, StartAttempt, next_step
from courier.runs.steps.shortage import AwaitBudget
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.budget import (
    DAY,
    MONTH,
    RUN,
    Caps,
    dollars,
    headroom,
    next_day,
    next_month,
    shortage,
)
from courier.runs.usage.spending import Spent
from courier.runs.usage.usage import Usage
from tests.unit.runs.builders import START, attempted, completed, frozen

LATER = START + timedelta(hours=1)
PARKS = Caps(on_exceed="park")


def stopped(reason: str, *, until: datetime | None = None, usd: str = "1") -> Outcome:
    used = Usage(cost_usd=Decimal(usd))
    return Outcome(status="failed", reason=reason, message="Gone.", retry_at=until, usage=used)


def decided(plan: FrozenPlan, *facts: RunEvent) -> Decision:
    return next_step(plan, fold(facts))


def test_who_may_not_wait_fails_with_the_budget_for_a_reason() -> None:
    tried = attempted(outcome=stopped(DAY), commit="d" * 40)
    end = decided(frozen(caps=Caps()), tried)
    assert isinstance(end, Deliver)
    assert (end.ending.phase, end.ending.reason, end.how) == ("failed", DAY, "branch")


def test_a_broken_off_attempt_waits_until_its_budget_begins_anew_and_is_tried_again() -> None:
    plan = frozen(caps=PARKS)
    tried = attempted(outcome=stopped(DAY, until=LATER), commit="d" * 40)
    assert decided(plan, tried) == AwaitBudget(DAY, "Gone.", LATER)
    parked = RunParked(at=START, reason=DAY, message="Gone.", until=LATER)
    freed = BudgetFreed(at=LATER)
    again = decided(plan, tried, parked, freed)
    assert isinstance(again, StartAttempt)
    assert (again.step.name, again.attempt, again.base) == ("design", 2, "d" * 40)
    assert again.not_before == LATER


def test_a_used_up_run_waits_for_a_raise_that_is_enough() -> None:
    plan = frozen(caps=PARKS, budget_usd=Decimal(1))
    tried = attempted(outcome=completed(usage=Usage(cost_usd=Decimal(1))), commit="d" * 40)
    waits = decided(plan, tried)
    assert isinstance(waits, AwaitBudget)
    assert (waits.reason, waits.until) == (RUN, None)
    parked = RunParked(at=START, reason=RUN, message="", until=None)
    same = decided(plan, tried, parked, BudgetFreed(at=LATER))
    assert isinstance(same, AwaitBudget)
    raised = decided(plan, tried, parked, BudgetFreed(at=LATER, per_run=Decimal(2)))
    assert isinstance(raised, StartAttempt)
    assert raised.step.name == "check"


def test_a_project_without_money_holds_the_first_attempt_up() -> None:
    short = BudgetShort(at=START, reason=MONTH, message="No.", until=LATER)
    assert decided(frozen(caps=PARKS), short) == AwaitBudget(MONTH, "No.", LATER)
    end = decided(frozen(), short)
    assert isinstance(end, Finish)
    assert (end.ending.phase, end.ending.reason) == ("failed", MONTH)
    freed = decided(frozen(caps=PARKS), short, BudgetFreed(at=LATER))
    assert isinstance(freed, StartAttempt)


def test_being_broken_off_is_no_failed_try_and_waiting_is_no_provider_limit() -> None:
    plan = frozen(caps=PARKS, attempts_per_step=2)
    facts: list[RunEvent] = []
    for number in range(1, 31):
        facts += [
            attempted(attempt=number, outcome=stopped(DAY, until=LATER)),
            RunParked(at=START, reason=DAY, message="", until=LATER),
            BudgetFreed(at=LATER),
        ]
    crashed = Outcome(status="failed", reason="Crashed", retryable=True)
    again = decided(plan, *facts, attempted(attempt=31, outcome=crashed))
    assert isinstance(again, StartAttempt)
    assert again.attempt == 32
    assert fold(facts).times_parked == 0


def test_a_candidate_without_its_share_fails_and_without_a_day_waits() -> None:
    plan = frozen(caps=PARKS, candidate=1, budget_usd=Decimal(1))
    spent = decided(plan, attempted(outcome=stopped(RUN)))
    assert isinstance(spent, Finish)
    assert spent.ending.reason == RUN
    held_up = decided(plan, attempted(outcome=stopped(DAY, until=LATER, usd="0.1")))
    assert isinstance(held_up, AwaitBudget)


def test_cancelled_while_it_waits_it_ends() -> None:
    parked = RunParked(at=START, reason=RUN, message="", until=None)
    asked = CancelAsked(at=LATER, by="ada", reason="Enough.")
    end = decided(frozen(caps=PARKS), attempted(outcome=stopped(RUN)), parked, asked)
    assert isinstance(end, Finish)
    assert end.ending.phase == "cancelled"


@pytest.mark.parametrize(
    ("day", "month", "reason"),
    [
        ("0.99", "9.99", None),
        ("1", "9.99", DAY),
        ("0", "10", MONTH),
        ("5", "50", MONTH),
    ],
)
def test_what_is_used_up(day: str, month: str, reason: str | None) -> None:
    caps = Caps(per_day=Decimal(1), per_month=Decimal(10))
    found = shortage(caps, Spent(Decimal(day), Decimal(month)), now=START)
    assert (found.reason if found else None) == reason


def test_without_caps_there_is_no_end() -> None:
    spent = Spent(Decimal(10**6), Decimal(10**6))
    assert shortage(Caps(), spent, now=START) is None
    assert headroom(Caps(), spent) is None
    assert headroom(Caps(per_day=Decimal(1)), spent) == 0


def test_days_and_months_begin_in_utc() -> None:
    late = datetime.fromisoformat("2026-12-31T23:30:00-02:00")
    assert next_day(late) == datetime(2027, 1, 2, tzinfo=UTC)
    assert next_month(late) == datetime(2027, 2, 1, tzinfo=UTC)
    assert next_month(datetime(2026, 1, 31, tzinfo=UTC)) == datetime(2026, 2, 1, tzinfo=UTC)


def test_amounts_for_people_have_cents_and_more_where_these_say_more() -> None:
    assert [dollars(Decimal(each)) for each in ("2", "0.5", "0.123456")] == [
        "$2.00",
        "$0.50",
        "$0.1235",
    ]
