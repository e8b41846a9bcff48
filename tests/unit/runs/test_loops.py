"""Loops of any shape: where a rejection leads, how it is counted, and that every run ends."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.runs.replies.roles import ROLES, keeps_changes
from courier.runs.run import loops
from courier.runs.run.events import AttemptEnded, RunEvent, RunParked, RunStarted, WorkDelivered
from courier.runs.run.frozen import FrozenLoop, FrozenPlan, FrozenStep, FrozenStepLoop
from courier.runs.run.loops import rejections, way_back
from courier.runs.run.run import Run, after, fold
from courier.runs.steps.parking import Park
from courier.runs.steps.progress import Deliver, Finish, StartAttempt, next_step
from courier.runs.transcripts.transcript import Outcome
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


def made(name: str, type_: str, back_to: str | None = None, most: int | None = None) -> FrozenStep:
    """Return a step; with a place to go back to it judges, as a checker does without."""
    loop = FrozenStepLoop(back_to=back_to, max_iterations=most) if back_to else None
    judges = ROLES[type_].gives_verdict or loop is not None
    return FrozenStep.model_validate(
        {"name": name, "type": type_, "agent": "claude", "gives_verdict": judges, "loop": loop}
    )


def pipeline(*steps: FrozenStep, most: int = 3) -> FrozenPlan:
    return frozen(steps=steps, workflow_type="pipeline", loop=FrozenLoop(max_iterations=most))


def walked(plan: FrozenPlan, verdicts: str) -> tuple[str, str]:
    """Return the attempts a run makes, and why it ends, if its verdicts are these in turn."""
    run, left = fold([RunStarted(at=START)]), iter(verdicts)
    names: list[str] = []
    while True:
        decision = next_step(plan, run)
        if not isinstance(decision, StartAttempt):
            assert isinstance(decision, Finish | Deliver)
            assert next(left, None) is None, "verdicts are left"
            return " ".join(names), decision.ending.reason
        names.append(decision.name.removesuffix(".1"))
        step = decision.step
        verdict = (passed() if next(left) == "+" else rejected()) if step.gives_verdict else None
        commit = WORK if keeps_changes(step) else None
        tried = attempted(step.name, iteration=decision.iteration, verdict=verdict, commit=commit)
        run = after(run, tried)


DESIGN, CHECK = made("design", "designer"), made("check", "checker")
LOOK, REVIEW = made("look", "investigator"), made("review", "reviewer")


@pytest.mark.parametrize(
    ("steps", "verdicts", "names", "reason"),
    [
        ((DESIGN,), "", "design-1", "Completed"),
        ((LOOK,), "", "look-1", "NoChanges"),
        ((DESIGN, CHECK), "-+", "design-1 check-1 design-2 check-2", "Completed"),
        (
            (LOOK, DESIGN, CHECK, REVIEW),
            "-+",
            "look-1 design-1 check-1 design-2 check-2 review-1",
            "Completed",
        ),
        (
            (LOOK, DESIGN, REVIEW, CHECK),
            "-+",
            "look-1 design-1 review-1 check-1 design-2 review-2 check-2",
            "Completed",
        ),
        ((LOOK, CHECK), "-+", "look-1 check-1 look-2 check-2", "NoChanges"),
        ((CHECK, DESIGN), "+", "check-1 design-1", "Completed"),
        ((CHECK, DESIGN), "-", "check-1", "LoopExhausted"),
        (
            (DESIGN, CHECK),
            "---",
            "design-1 check-1 design-2 check-2 design-3 check-3",
            "LoopExhausted",
        ),
        (
            (LOOK, DESIGN, made("check", "checker", "look", 2)),
            "--",
            "look-1 design-1 check-1 look-2 design-2 check-2",
            "LoopExhausted",
        ),
    ],
)
def test_the_way_of_a_run_follows_from_its_verdicts(
    steps: Sequence[FrozenStep], verdicts: str, names: str, reason: str
) -> None:
    assert walked(pipeline(*steps), verdicts) == (names, reason)


INNER, OUTER = made("check", "checker", "design", 2), made("judge", "judge", "look", 2)


def test_an_outer_loop_starts_the_count_of_an_inner_one_again() -> None:
    plan = pipeline(LOOK, DESIGN, INNER, OUTER)
    names, reason = walked(plan, "-+--+-")
    assert names == (
        "look-1 design-1 check-1 design-2 check-2 judge-1 "
        "look-2 design-3 check-3 design-4 check-4 judge-2"
    )
    assert reason == "LoopExhausted"


def test_an_inner_loop_does_not_start_the_count_of_an_outer_one_again() -> None:
    facts = [
        attempted("check", verdict=rejected()),
        attempted("check", iteration=2, verdict=passed()),
        attempted("judge", verdict=rejected()),
        attempted("check", iteration=3, verdict=rejected()),
    ]
    plan = pipeline(LOOK, DESIGN, INNER, OUTER)
    assert dict(rejections(plan, fold(facts[:2]))) == {"check": 1, "design": 0}
    counts = rejections(plan, fold(facts))
    assert (counts["check"], counts["judge"]) == (1, 1)


def test_loops_may_overlap() -> None:
    """The second goes back into the first, which therefore counts anew; never the other way."""
    steps = (
        made("a", "designer"),
        made("b", "optimizer"),
        made("one", "checker", "a", 2),
        made("two", "checker", "b", 2),
    )
    names, reason = walked(pipeline(*steps), "-+--+-")
    assert names == "a-1 b-1 one-1 a-2 b-2 one-2 two-1 b-3 one-3 a-3 b-4 one-4 two-2"
    assert reason == "LoopExhausted"


def test_the_message_names_the_step_its_count_and_its_last_words() -> None:
    run = fold([attempted(commit=WORK), attempted("check", verdict=rejected("Still wrong."))])
    decision = next_step(pipeline(DESIGN, CHECK, most=1), run)
    assert isinstance(decision, Deliver)
    assert decision.ending.message == (
        'Step "check" rejected the work once. The last feedback: Still wrong.'
    )


types = st.sampled_from(sorted(ROLES))


@st.composite
def pipelines(draw: st.DrawFn) -> FrozenPlan:
    """Return any pipeline: steps of every type, loops nested and overlapping at will."""
    steps: list[FrozenStep] = []
    for at in range(draw(st.integers(1, 5))):
        back = draw(st.none() | st.sampled_from(steps)) if steps else None
        most = draw(st.none() | st.integers(1, 3))
        steps.append(made(f"s{at}", draw(types), back.name if back else None, most))
    return pipeline(*steps, most=draw(st.integers(1, 3)))


def ceiling(plan: FrozenPlan) -> int:
    """Return the most steps any history begins: each loop may run out once per round outside it."""
    backs = 0
    for step in reversed(plan.steps):
        back = way_back(plan, step) if step.gives_verdict else None
        backs += (back.at_most - 1) * (1 + backs) if back else 0
    return len(plan.steps) * (1 + backs)


def histories(plan: FrozenPlan, data: st.DataObject) -> Iterator[tuple[StartAttempt, AttemptEnded]]:
    """Yield the attempts of one history of a run, until nothing is left to do."""
    fate = st.tuples(
        st.sampled_from([completed()] * 6 + [failed(retryable=True), limited()]), st.booleans()
    )
    run = fold([RunStarted(at=START)])
    while not isinstance(decision := next_step(plan, run), Finish):
        fact: RunEvent
        match decision:
            case Deliver(commit=commit):
                fact = WorkDelivered(at=START, commit=commit)
            case Park(until=until):
                fact = RunParked(at=START, reason="r", message="m", until=until)
            case StartAttempt():
                outcome, good = data.draw(fate)
                fact = _ended(decision, outcome, good=good)
                yield decision, fact
        run = after(run, fact)
    assert _is_consistent(plan, run)


def _ended(start: StartAttempt, outcome: Outcome, *, good: bool) -> AttemptEnded:
    fine = outcome.status == "completed"
    verdict = (passed() if good else rejected()) if fine and start.step.gives_verdict else None
    return attempted(
        start.step.name,
        iteration=start.iteration,
        attempt=start.attempt,
        outcome=outcome,
        verdict=verdict,
        commit=WORK if fine and keeps_changes(start.step) else None,
    )


def _is_consistent(plan: FrozenPlan, run: Run) -> bool:
    counts = rejections(plan, run)
    limits = {step.name: way_back(plan, step) for step in plan.steps}
    return all(
        count <= (limit.at_most if (limit := limits[name]) else 1) for name, count in counts.items()
    )


@given(pipelines(), st.data())
@settings(deadline=None)
def test_every_history_of_every_pipeline_ends_with_each_attempt_named_once(
    plan: FrozenPlan, data: st.DataObject
) -> None:
    attempts = list(histories(plan, data))
    names = [start.name for start, _ in attempts]
    assert len(set(names)) == len(names), "an attempt's name is its sandbox's key"
    begun = [(start.step.name, start.iteration) for start, _ in attempts]
    assert len(set(begun)) <= ceiling(plan)
    for step in plan.steps:
        own = list(dict.fromkeys(number for name, number in begun if name == step.name))
        assert own == list(range(1, len(own) + 1)), "an iteration is how often a step was begun"


@given(pipelines())
@settings(deadline=None)
def test_a_pipeline_nobody_is_content_with_ends(plan: FrozenPlan) -> None:
    run = fold([RunStarted(at=START)])
    while isinstance(decision := next_step(plan, run), StartAttempt):
        run = after(run, _ended(decision, completed(), good=False))
    reason = decision.ending.reason  # type: ignore[union-attr]
    assert (reason == "LoopExhausted") == any(step.gives_verdict for step in plan.steps)


def test_loops_in_loops_multiply_and_are_cut_off_at_last() -> None:
    steps = [DESIGN, *(made(f"c{at}", "checker", "design", 50) for at in range(4))]
    plan = pipeline(*steps)
    assert ceiling(plan) > 1_000_000
    tried = [
        attempted(name, iteration=number, verdict=rejected() if name == "c0" else None)
        for number in range(1, loops.MAX_ENTRIES // 2 + 1)
        for name in ("design", "c0")
    ]
    early = tried[: 2 * 49]
    assert isinstance(next_step(plan, fold(early)), StartAttempt)
    late = [*tried[:-2], attempted("c3", verdict=rejected()), *tried[-2:]]
    decision = next_step(plan, fold(late))
    assert isinstance(decision, Finish)
    assert decision.ending.reason == "LoopExhausted"
    assert "begun 1001 times" in decision.ending.message
