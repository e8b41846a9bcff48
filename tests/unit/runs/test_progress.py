"""The next step of a run, decision by decision, and what holds for every history."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courier.runs.run.events import (
    CancelAsked,
    Refusal,
    RunEvent,
    RunParked,
    RunStarted,
    WorkDelivered,
)
from courier.runs.run.frozen import FrozenLoop, FrozenPlan
from courier.runs.run.run import after, fold
from courier.runs.steps.parking import Park
from courier.runs.steps.progress import (
    Decision,
    Deliver,
    Finish,
    StartAttempt,
    next_step,
)
from tests.unit.runs.builders import (
    BASE,
    START,
    attempted,
    completed,
    designer,
    failed,
    frozen,
    limited,
    passed,
    rejected,
)

WORK = "w" * 40
STARTED = RunStarted(at=START)


def decide(*facts: RunEvent, plan: FrozenPlan | None = None) -> Decision:
    return next_step(plan or frozen(), fold([STARTED, *facts]))


def test_a_fresh_run_tries_its_first_step_on_the_base() -> None:
    assert decide() == StartAttempt(frozen().steps[0], 1, 1, base=BASE)


def test_the_checker_sees_the_designers_work() -> None:
    decision = decide(attempted(commit=WORK))
    assert decision == StartAttempt(frozen().steps[1], 1, 1, base=WORK)


def test_a_pass_delivers_the_work_as_a_pull_request() -> None:
    decision = decide(attempted(commit=WORK), attempted("check", verdict=passed()))
    assert isinstance(decision, Deliver)
    assert (decision.commit, decision.how, decision.ending.phase) == (
        WORK,
        "pullRequest",
        "completed",
    )


def test_a_rejection_goes_back_to_the_designer_with_the_work_kept() -> None:
    decision = decide(attempted(commit=WORK), attempted("check", verdict=rejected()))
    assert decision == StartAttempt(frozen().steps[0], 2, 1, base=WORK)


@pytest.mark.parametrize(("policy", "how"), [("fail", "branch"), ("deliverDraft", "draft")])
def test_a_loop_that_runs_out_fails_with_its_branch_pushed(policy: str, how: str) -> None:
    loop = FrozenLoop(max_iterations=1).model_copy(update={"on_exhausted": policy})
    decision = decide(
        attempted(commit=WORK),
        attempted("check", verdict=rejected("Still wrong.")),
        plan=frozen(loop=loop),
    )
    assert isinstance(decision, Deliver)
    assert (decision.how, decision.ending.phase, decision.ending.reason) == (
        how,
        "failed",
        "LoopExhausted",
    )
    assert "Still wrong." in decision.ending.message


def test_work_that_changed_nothing_ends_without_a_pull_request() -> None:
    plan = frozen(steps=(designer(),), workflow_type="single")
    decision = decide(attempted(), plan=plan)
    assert isinstance(decision, Finish)
    assert (decision.ending.phase, decision.ending.reason) == ("completed", "NoChanges")


def test_what_may_pass_by_itself_is_tried_again_later_and_only_so_often() -> None:
    flaky = failed("Crashed", retryable=True)
    again = decide(attempted(outcome=flaky))
    assert isinstance(again, StartAttempt)
    assert (again.attempt, again.not_before) == (2, START + timedelta(minutes=1, seconds=5))
    over = decide(attempted(outcome=flaky), attempted(attempt=2, outcome=flaky))
    assert isinstance(over, Finish)
    assert over.ending.reason == "Crashed"


def test_what_cannot_pass_by_itself_is_not_tried_again() -> None:
    decision = decide(attempted(outcome=failed("BadKey")))
    assert isinstance(decision, Finish)
    assert (decision.ending.phase, decision.ending.reason) == ("failed", "BadKey")


def test_a_failure_after_work_keeps_the_work_on_its_branch() -> None:
    decision = decide(attempted(commit=WORK), attempted("check", outcome=failed("BadKey")))
    assert isinstance(decision, Deliver)
    assert (decision.how, decision.ending.phase) == ("branch", "failed")


def test_a_provider_limit_parks_until_it_ends_and_is_no_failure() -> None:
    until = START + timedelta(hours=2)
    parked = attempted(outcome=limited(until))
    assert decide(parked) == Park(until, "RateLimited", "Later.")
    waiting = RunParked(at=START, reason="RateLimited", message="Later.", until=until)
    resumed = decide(parked, waiting)
    assert isinstance(resumed, StartAttempt)
    assert (resumed.attempt, resumed.not_before) == (2, until)


def test_work_the_gate_refused_ends_the_run_with_the_gates_reason() -> None:
    refusal = Refusal(code="ProtectedPath", message="It changes .courier/.", needs_approval=True)
    decision = decide(attempted(refusal=refusal))
    assert isinstance(decision, Finish)
    assert (decision.ending.phase, decision.ending.reason) == ("failed", "ProtectedPath")


def test_a_cancelled_run_keeps_its_work_on_a_branch() -> None:
    asked = CancelAsked(at=START, by="ada", reason="wrong task")
    decision = decide(attempted(commit=WORK), asked)
    assert isinstance(decision, Deliver)
    assert (decision.how, decision.ending.phase) == ("branch", "cancelled")
    assert "ada" in decision.ending.message


def test_a_push_the_remote_declined_ends_the_run_with_that_reason() -> None:
    declined = WorkDelivered(at=START, refusal=Refusal(code="PushDeclined", message="No."))
    decision = decide(attempted(commit=WORK), attempted("check", verdict=passed()), declined)
    assert isinstance(decision, Finish)
    assert (decision.ending.phase, decision.ending.reason) == ("failed", "PushDeclined")


outcomes = st.sampled_from([completed(), failed(), failed(retryable=True), limited()])


@given(st.lists(st.tuples(outcomes, st.booleans(), st.booleans()), min_size=80, max_size=80))
def test_every_history_ends_and_only_with_something_decided(
    world: list[tuple[object, bool, bool]],
) -> None:
    plan = frozen(loop=FrozenLoop(max_iterations=3))
    run = fold([STARTED])
    seen: set[str] = set()
    for outcome, passes, changes in world:
        decision = next_step(plan, run)
        match decision:
            case Finish(ending=ending):
                assert ending.phase in {"completed", "failed"}
                return
            case Deliver(commit=commit):
                run = after(run, WorkDelivered(at=START, commit=commit))
            case Park(until=until):
                run = after(run, RunParked(at=START, reason="r", message="m", until=until))
            case StartAttempt(step=step):
                assert decision.name not in seen, "an attempt's name is its sandbox's key"
                seen.add(decision.name)
                fine = outcome == completed()
                judged = (
                    (passed() if passes else rejected()) if step.gives_verdict and fine else None
                )
                run = after(
                    run,
                    attempted(
                        step.name,
                        iteration=decision.iteration,
                        attempt=decision.attempt,
                        outcome=outcome,  # type: ignore[arg-type]
                        verdict=judged,
                        commit=WORK if changes and fine and not step.gives_verdict else None,
                    ),
                )
    raise AssertionError("a run must end")


@given(st.data())
def test_the_fold_is_prefix_stable(data: st.DataObject) -> None:
    facts: list[RunEvent] = [
        STARTED,
        attempted(commit=WORK),
        attempted("check", verdict=rejected()),
        attempted(iteration=2),
        attempted("check", iteration=2, verdict=passed()),
        WorkDelivered(at=START, commit=WORK),
    ]
    cut = data.draw(st.integers(0, len(facts)))
    run = fold(facts[:cut])
    for fact in facts[cut:]:
        run = after(run, fact)
    assert run == fold(facts)


def test_a_limit_that_is_over_already_is_waited_for_longer_each_time() -> None:
    facts: list[RunEvent] = []
    waits = []
    for _ in range(3):
        facts.append(attempted(outcome=limited(START)))
        decision = decide(*facts)
        assert isinstance(decision, Park)
        facts.append(
            RunParked(at=START, reason="RateLimited", message="Later.", until=decision.until)
        )
        waits.append((decision.until - attempted().ended_at).total_seconds())
    assert waits == [1, 2, 4]
