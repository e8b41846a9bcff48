"""Runs that wait for a secret: never a failure, never a second try without one."""

from datetime import timedelta

from courier.runs.run.events import RunEvent, RunParked, RunStarted, SecretFound
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import fold
from courier.runs.steps.parking import REASON, AwaitSecret
from courier.runs.steps.progress import Decision, Finish, StartAttempt, next_step
from tests.unit.runs.builders import BASE, START, attempted, completed, failed, frozen

WORK = "w" * 40
LACKS = attempted(outcome=failed(REASON))
PARKED = RunParked(at=LACKS.ended_at, reason=REASON, message="It broke.", until=None)
FOUND = SecretFound(at=LACKS.ended_at + timedelta(days=3))


def decide(*facts: RunEvent, plan: FrozenPlan | None = None) -> Decision:
    return next_step(plan or frozen(), fold([RunStarted(at=START), *facts]))


def test_a_run_without_a_secret_waits_and_then_tries_the_step_again() -> None:
    assert decide(LACKS) == AwaitSecret("It broke.")
    assert fold([LACKS, PARKED]).phase == "parked"
    again = decide(LACKS, PARKED, FOUND)
    assert again == StartAttempt(frozen().steps[0], 1, 2, base=BASE, not_before=LACKS.ended_at)


def test_waiting_is_no_try_and_no_limit_however_often() -> None:
    facts: list[RunEvent] = []
    at = START
    for number in range(1, 30):
        lacks = attempted(attempt=number, outcome=failed(REASON)).model_copy(
            update={"ended_at": at}
        )
        facts += [lacks]
        assert isinstance(decide(*facts), AwaitSecret)
        at += timedelta(hours=1)
        facts += [PARKED, SecretFound(at=at)]
        assert isinstance(decide(*facts), StartAttempt)
        at += timedelta(hours=1)
    assert fold(facts).times_parked == 0


def test_a_candidate_does_not_wait() -> None:
    decision = decide(LACKS, plan=frozen(candidate=1))
    assert isinstance(decision, Finish)
    assert (decision.ending.phase, decision.ending.reason) == ("failed", REASON)


def test_work_that_was_done_is_kept_waiting_for_the_next_step() -> None:
    done = attempted(commit=WORK, outcome=completed())
    lacks = attempted("check", outcome=failed(REASON))
    again = decide(done, lacks, PARKED, FOUND)
    assert isinstance(again, StartAttempt)
    assert (again.step.name, again.base) == ("check", WORK)
