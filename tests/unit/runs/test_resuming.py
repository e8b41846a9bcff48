"""What an attempt goes on from: the work of the one before it, saved or out of its sandbox."""

from courier.runs.records.writeback import record
from courier.runs.run.events import AttemptEnded, RunStarted
from courier.runs.run.run import fold
from courier.runs.steps.handoff import situation
from courier.runs.steps.progress import StartAttempt, next_step
from tests.unit.runs.builders import (
    BASE,
    START,
    attempted,
    checker,
    completed,
    designer,
    failed,
    frozen,
    rejected,
    saved,
)

LOST = failed("SandboxLost", retryable=True)
PLAN = frozen(steps=(designer(checkpoint_seconds=120), checker(checkpoint_seconds=120)))


def begun(*facts: AttemptEnded) -> tuple[StartAttempt, str]:
    """Return the attempt these lead to, and why it is told of earlier work."""
    run = fold([RunStarted(at=START), *facts])
    start = next_step(PLAN, run)
    assert isinstance(start, StartAttempt)
    return start, situation(PLAN, run, start).interrupted


def test_an_attempt_goes_on_from_the_last_checkpoint_on_the_base_of_its_step() -> None:
    start, told = begun(attempted(outcome=LOST, checkpoint=saved()))
    assert (start.name, start.base, start.resume) == ("design-1.2", BASE, saved())
    assert told == "SandboxLost"


def test_without_a_checkpoint_it_begins_anew_and_is_told_nothing() -> None:
    start, told = begun(attempted(outcome=LOST))
    assert (start.name, start.resume, told) == ("design-1.2", None, "")


def test_work_that_came_out_is_part_of_the_base_and_told_of() -> None:
    idle = failed("Idle", retryable=True)
    start, told = begun(attempted(outcome=idle, commit="c" * 40, checkpoint=saved()))
    assert (start.base, start.resume, told) == ("c" * 40, None, "Idle")


def test_a_later_round_of_the_step_owes_nothing_to_an_interrupted_one() -> None:
    start, told = begun(
        attempted(outcome=LOST, checkpoint=saved()),
        attempted(attempt=2, outcome=completed(), commit="c" * 40),
        attempted("check", outcome=completed("No."), verdict=rejected()),
    )
    assert (start.name, start.base, start.resume, told) == ("design-2.1", "c" * 40, None, "")


def test_a_plan_without_checkpoints_tells_what_it_always_told() -> None:
    older = frozen()
    run = fold([RunStarted(at=START), attempted(outcome=failed(retryable=True), commit="c" * 40)])
    start = next_step(older, run)
    assert isinstance(start, StartAttempt)
    assert situation(older, run, start).interrupted == ""


def test_the_record_names_a_checkpoint_where_there_is_one() -> None:
    run = fold([RunStarted(at=START), attempted(outcome=LOST, checkpoint=saved()), attempted()])
    steps = record(PLAN, run)["steps"]
    assert isinstance(steps, list)
    assert steps[0]["checkpoint"]["commit"] == saved().commit
    assert "checkpoint" not in steps[1]
