"""Where a run asks people, and what a yes is about."""

from datetime import timedelta
from typing import Literal

import pytest

from courier.runs.run.events import (
    ApprovalAnswered,
    ApprovalAsked,
    AttemptEnded,
    CancelAsked,
    Refusal,
    RunEvent,
    RunStarted,
)
from courier.runs.run.frozen import FrozenApproval, FrozenPlan
from courier.runs.run.run import fold
from courier.runs.steps.approvals import AskApproval, AwaitApproval, waiting
from courier.runs.steps.progress import Deliver, Finish, StartAttempt, next_step
from tests.unit.runs.builders import (
    BASE,
    START,
    attempted,
    checker,
    completed,
    designer,
    failed,
    frozen,
    passed,
    rejected,
)

SHIP = FrozenApproval(name="ship", before="delivery")
LOOK = FrozenApproval(name="look", after="design")
BEGIN = FrozenApproval(name="begin", before="design")
WORK = "1" * 40
MORE = "2" * 40
HELD = Refusal(code="ProtectedPath", message="No.", needs_approval=True, commit=MORE)
Answer = Literal["approved", "rejected", "timedOut"]


def asked(
    name: str, commit: str = WORK, *, tree: str = "t1", attempt: str | None = None
) -> ApprovalAsked:
    return ApprovalAsked(
        at=START, approval=name, commit=commit, tree=tree, attempt=attempt, message="How?"
    )


def answered(to: ApprovalAsked, answer: Answer = "approved") -> ApprovalAnswered:
    return ApprovalAnswered(
        at=START + timedelta(hours=1),
        approval=to.approval,
        commit=to.commit,
        tree=to.tree,
        words=to.words,
        answer=answer,
        by="Ada <a@example.com>",
        how="command",
        comment="So.",
    )


def after(plan: FrozenPlan, *facts: RunEvent) -> object:
    return next_step(plan, fold([RunStarted(at=START), *facts]))


DESIGNED = attempted(commit=WORK)
CHECKED = attempted("check", verdict=passed())


def test_each_place_asks_about_the_work_there_is_and_lets_pass_once_approved() -> None:
    plan = frozen(approvals=(SHIP, LOOK, BEGIN))
    assert after(plan) == AskApproval(BEGIN, BASE)
    begin = asked("begin", BASE, tree="t0")
    assert after(plan, begin) == AwaitApproval(begin)
    yes = (begin, answered(begin))
    assert isinstance(after(plan, *yes), StartAttempt)
    assert after(plan, *yes, DESIGNED) == AskApproval(LOOK, WORK)
    look = asked("look")
    done = (*yes, DESIGNED, look, answered(look))
    assert isinstance(after(plan, *done), StartAttempt)
    assert after(plan, *done, CHECKED) == AskApproval(SHIP, WORK)
    ship = asked("ship")
    final = after(plan, *done, CHECKED, ship, answered(ship))
    assert isinstance(final, Deliver)
    assert (final.commit, final.how) == (WORK, "pullRequest")


@pytest.mark.parametrize(
    ("answer", "reason"), [("rejected", "ApprovalRejected"), ("timedOut", "ApprovalTimedOut")]
)
def test_a_no_fails_the_run_with_its_work_on_the_branch(answer: Answer, reason: str) -> None:
    plan = frozen(approvals=(LOOK,))
    look = asked("look")
    decision = after(plan, DESIGNED, look, answered(look, answer))
    assert isinstance(decision, Deliver)
    assert (decision.how, decision.ending.phase, decision.ending.reason) == (
        "branch",
        "failed",
        reason,
    )
    early = after(frozen(approvals=(BEGIN,)), asked("begin"), answered(asked("begin"), answer))
    assert isinstance(early, Finish)
    assert early.ending.reason == reason


def test_the_same_tree_is_asked_about_once_whatever_its_commit() -> None:
    plan = frozen(approvals=(LOOK,), steps=(designer(), checker()))
    first, again = asked("look"), asked("look", MORE)
    no = attempted("check", verdict=rejected())
    facts = (DESIGNED, first, answered(first), no, attempted(iteration=2, commit=MORE))
    assert after(plan, *facts) == AskApproval(LOOK, MORE)
    assert isinstance(after(plan, *facts, again), StartAttempt)
    assert waiting(fold([RunStarted(at=START), *facts, again])) is None
    changed = asked("look", MORE, tree="t2")
    assert after(plan, *facts, changed) == AwaitApproval(changed)
    assert waiting(fold([RunStarted(at=START), *facts, changed])) == changed


def test_an_answer_at_one_place_is_none_at_another() -> None:
    plan = frozen(approvals=(LOOK, FrozenApproval(name="second", after="design")))
    look = asked("look")
    decision = after(plan, DESIGNED, look, answered(look))
    assert isinstance(decision, AskApproval)
    assert decision.approval.name == "second"


def test_words_that_are_the_work_are_part_of_what_is_asked() -> None:
    plan = frozen(steps=(designer(name="plan", type="planner"), designer()), approvals=(BEGIN,))
    first = after(plan, attempted("plan", outcome=completed("One.")))
    second = after(plan, attempted("plan", outcome=completed("Two.")))
    assert isinstance(first, AskApproval)
    assert isinstance(second, AskApproval)
    assert first.words != second.words
    assert first.words is not None


@pytest.mark.parametrize(
    "last",
    [
        attempted(outcome=failed()),
        attempted("check", verdict=rejected()),
        attempted(outcome=failed(retryable=True)),
    ],
)
def test_what_goes_wrong_asks_nobody(last: AttemptEnded) -> None:
    plan = frozen(approvals=(SHIP, FrozenApproval(name="c", after="check")), loop=None)
    plan = plan.model_copy(update={"loop": frozen().loop.model_copy(update={"max_iterations": 1})})
    assert not isinstance(after(plan, last), AskApproval)


def test_refused_work_waits_for_a_person_commit_by_commit() -> None:
    plan = frozen(steps=(designer(),))
    refused = attempted(refusal=HELD)
    question = after(plan, refused)
    assert isinstance(question, AskApproval)
    assert (question.commit, question.attempt) == (MORE, "design-1.1")
    put = asked("protected-paths", MORE, attempt="design-1.1")
    assert after(plan, refused, put) == AwaitApproval(put)
    decision = after(plan, refused, put, answered(put))
    assert isinstance(decision, Deliver)
    assert (decision.commit, decision.ending.phase) == (MORE, "completed")
    run = fold([RunStarted(at=START), refused, put, answered(put)])
    assert run.attempts[0].commit == MORE
    assert run.attempts[0].refusal == HELD


@pytest.mark.parametrize(
    "last",
    [
        attempted(refusal=Refusal(code="Secret", message="No.", commit=MORE)),
        attempted(refusal=Refusal(code="ProtectedPath", message="No.", needs_approval=True)),
        attempted(refusal=HELD, outcome=failed()),
    ],
)
def test_other_refusals_stay_final(last: AttemptEnded) -> None:
    decision = after(frozen(steps=(designer(),)), last)
    assert isinstance(decision, Finish)
    assert decision.ending.phase == "failed"


def test_a_cancel_wins_over_waiting() -> None:
    look = asked("look")
    cancel = CancelAsked(at=START, by="ada", reason="no")
    decision = after(frozen(approvals=(LOOK,)), DESIGNED, look, cancel)
    assert isinstance(decision, Deliver)
    assert (decision.how, decision.ending.phase) == ("branch", "cancelled")
