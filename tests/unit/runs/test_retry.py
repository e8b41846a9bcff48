"""Retries: what of an ended run still counts, and where the new one goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.errors import Misused
from courier.runs.records.charges import charges_of
from courier.runs.records.writeback import record
from courier.runs.run.events import (
    AttemptEnded,
    Refusal,
    RunEnded,
    RunEvent,
    RunParked,
    RunStarted,
    WorkDelivered,
)
from courier.runs.run.frozen import FrozenApproval, FrozenPlan
from courier.runs.run.run import fold
from courier.runs.steps.approvals import AskApproval
from courier.runs.steps.progress import Decision, StartAttempt, next_step
from courier.runs.steps.retry import Asked, original, retried, retry_name
from courier.runs.usage.usage import Usage
from tests.unit.runs.builders import (
    BASE,
    START,
    attempted,
    completed,
    failed,
    frozen,
    limited,
    passed,
    rejected,
)
from tests.unit.runs.test_approvals import answered, asked

WORK, MORE = "w" * 40, "m" * 40
PAID = Usage(input_tokens=7)
STARTED = RunStarted(at=START)
ENDED = RunEnded(at=START, phase="failed", reason="Crashed")
LOOPED: list[RunEvent] = [
    STARTED,
    attempted(commit=WORK, outcome=completed(usage=PAID)),
    attempted("check", verdict=rejected()),
    attempted(iteration=2, outcome=limited()),
    RunParked(at=START, reason="RateLimited", message="Later.", until=START),
    attempted(iteration=2, attempt=2, commit=MORE),
    attempted("check", iteration=2, outcome=failed()),
    ENDED,
]


def again(
    facts: list[RunEvent], step: str | None = None, plan: FrozenPlan | None = None
) -> tuple[FrozenPlan, Decision]:
    """Return what a retry does, and what it does first."""
    new = retried(plan or frozen(), facts, Asked("fix-auth.r2", "Ana <ana@example.com>", step))
    assert new.retry is not None
    return new, next_step(new, fold([STARTED, *new.retry.facts]))


def test_without_a_step_it_goes_on_where_the_run_ended() -> None:
    plan, first = again(LOOPED)
    assert first == StartAttempt(plan.steps[1], 2, 1, base=MORE)


def test_all_attempts_at_one_time_of_a_step_are_done_anew() -> None:
    plan, first = again(LOOPED, "design")
    assert first == StartAttempt(plan.steps[0], 2, 1, base=WORK)


@pytest.mark.parametrize("facts", [LOOPED, [STARTED, ENDED]])
def test_the_very_start_is_a_place_to_begin(facts: list[RunEvent]) -> None:
    plan, first = again(facts, "start")
    assert first == StartAttempt(plan.steps[0], 1, 1, base=BASE)
    assert again([STARTED, ENDED])[1] == first


def test_it_is_a_run_of_its_own_that_does_not_pay_again() -> None:
    plan, _ = again(LOOPED)
    assert (plan.run, plan.git.branch) == ("fix-auth.r2", "courier/fix-auth.r2")
    assert plan.retry is not None
    run = fold([STARTED, *plan.retry.facts, attempted("check", iteration=2, verdict=passed())])
    assert run.usage == Usage()
    assert [line.step for line in charges_of(plan, run)] == ["check"]
    told = record(plan, run)
    assert isinstance(told["steps"], list)
    assert [step.get("run") for step in told["steps"]] == ["fix-auth"] * 4 + [None]
    assert told["retryOf"] == {
        "run": "fix-auth",
        "step": "check",
        "by": "Ana <ana@example.com>",
        "reason": "",
    }


def test_a_retry_of_a_retry_tells_who_really_made_it() -> None:
    second, _ = again(LOOPED)
    assert second.retry is not None
    facts = [STARTED, *second.retry.facts, attempted("check", iteration=2, outcome=failed()), ENDED]
    third = retried(second, facts, Asked("fix-auth.r3", "Ben"))
    assert third.git.branch == "courier/fix-auth.r3"
    assert third.retry is not None
    assert third.retry.run == "fix-auth.r2"
    tried = [fact for fact in third.retry.facts if isinstance(fact, AttemptEnded)]
    assert {one.run for one in tried} == {"fix-auth"}


def test_a_yes_still_counts_and_a_no_is_asked_about_again() -> None:
    look = FrozenApproval(name="look", after="design")
    ship = FrozenApproval(name="ship", before="delivery")
    plan = frozen(approvals=(look, ship))
    yes, no = asked("look", WORK), asked("ship", WORK)
    facts: list[RunEvent] = [
        STARTED,
        attempted(commit=WORK),
        yes,
        answered(yes),
        attempted("check", verdict=passed()),
        no,
        answered(no, "rejected"),
        ENDED,
    ]
    assert again(facts, "check", plan)[1] == StartAttempt(plan.steps[1], 1, 1, base=WORK)
    new, first = again(facts, None, plan)
    assert isinstance(first, StartAttempt)
    done = fold(
        [STARTED, *(new.retry.facts if new.retry else ()), attempted("check", verdict=passed())]
    )
    wanted = next_step(new, done)
    assert isinstance(wanted, AskApproval)
    assert wanted.approval == ship


@pytest.mark.parametrize(
    ("step", "says"), [("nonsense", "no such step"), ("check", "never came to step check")]
)
def test_a_step_there_is_not_is_refused(step: str, says: str) -> None:
    with pytest.raises(Misused, match=says) as refused:
        again([STARTED, attempted(outcome=failed()), ENDED], step)
    assert "start, design, check" in str(refused.value.detail)


@given(st.lists(st.sampled_from(["fix", "fix.r2", "fix.r5", "other.r9", "fixes"])))
def test_names_are_never_taken_twice(taken: list[str]) -> None:
    name = retry_name("fix", taken)
    assert name not in taken
    assert original(name) == "fix"
    assert retry_name(name, [*taken, name]) not in {*taken, name}


def test_work_that_was_pushed_and_not_proposed_gives_way_on_a_shared_branch() -> None:
    git = frozen().git.model_copy(update={"branch": "shared", "aside": "own", "expected": BASE})
    plan = frozen().model_copy(update={"git": git})
    refusal = Refusal(code="ProposalDeclined", message="No.")
    there = WorkDelivered(at=START, branch="shared", commit=WORK, refusal=refusal)
    declined, _ = again([STARTED, attempted(commit=WORK), there, ENDED], "start", plan)
    assert (declined.git.aside, declined.git.expected) == ("own.r2", WORK)
    away = there.model_copy(update={"branch": "own"})
    failed_before, _ = again([STARTED, attempted(commit=WORK), away, ENDED], "start", plan)
    assert failed_before.git.expected == BASE
