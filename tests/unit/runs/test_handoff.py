"""What a step is told: newest words, rejections that stand, what a prompter wrote for it."""

from courier.runs.run.events import RunEvent, RunStarted
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.run import fold
from courier.runs.steps.handoff import environment, situation
from courier.runs.steps.progress import StartAttempt, next_step
from courier.runs.steps.prompts import Situation, StepOutput
from tests.unit.runs.builders import (
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


def told(plan: FrozenPlan, *facts: RunEvent) -> tuple[StartAttempt, Situation]:
    run = fold([RunStarted(at=START), *facts])
    start = next_step(plan, run)
    assert isinstance(start, StartAttempt)
    return start, situation(plan, run, start)


def step(name: str, type_: str) -> FrozenStep:
    return designer(name=name, type=type_)


def test_a_designer_that_works_again_knows_what_it_said_and_why_that_was_not_enough() -> None:
    facts = (
        attempted(outcome=completed("Changed it.")),
        attempted("check", outcome=completed("No!"), verdict=rejected("Line 3.")),
    )
    start, known = told(frozen(), *facts)
    assert (start.name, known.iteration) == ("design-2.1", 2)
    assert known.earlier == (StepOutput("design", 1, "Changed it."),)
    assert known.feedback == (StepOutput("check", 1, "Line 3."),)
    assert environment(frozen(), start, known)["COURIER_FEEDBACK"] == "Line 3."


def test_a_checker_that_looks_again_knows_its_own_words() -> None:
    facts = (
        attempted(outcome=completed("One.")),
        attempted("check", outcome=completed("No!"), verdict=rejected("Line 3.")),
        attempted(iteration=2, outcome=completed("Two.")),
    )
    _, known = told(frozen(), *facts)
    assert [(said.step, said.text) for said in known.earlier] == [
        ("check", "No!"),
        ("design", "Two."),
    ]
    assert known.feedback[0].text == "Line 3."


def test_words_from_before_a_loop_are_still_known_in_its_second_round() -> None:
    plan = frozen(steps=(step("look", "investigator"), designer(), checker()))
    facts = (
        attempted("look", outcome=completed("It is the cache.")),
        attempted(outcome=completed("One.")),
        attempted("check", verdict=rejected()),
    )
    _, known = told(plan, *facts)
    assert [said.text for said in known.earlier] == ["It is the cache.", "One."]


def test_a_try_that_failed_says_nothing() -> None:
    plan = frozen(steps=(step("look", "investigator"), designer()))
    flaky = failed(retryable=True).model_copy(update={"text": "half a thought"})
    _, known = told(plan, attempted("look", outcome=flaky))
    assert known.earlier == ()


def test_every_rejection_stands_until_its_step_is_content() -> None:
    plan = frozen(steps=(designer(), checker(), checker(name="review", type="reviewer")))
    facts = [
        attempted(),
        attempted("check", verdict=passed()),
        attempted("review", verdict=rejected("Too clever.")),
        attempted(iteration=2),
        attempted("check", iteration=2, verdict=rejected("Tests fail.")),
    ]
    _, known = told(plan, *facts)
    assert [(said.step, said.text) for said in known.feedback] == [
        ("review", "Too clever."),
        ("check", "Tests fail."),
    ]
    facts += [attempted(iteration=3), attempted("check", iteration=3, verdict=passed())]
    start, known = told(plan, *facts)
    assert start.name == "review-2.1"
    assert [said.step for said in known.feedback] == ["review"]


def test_a_prompter_directs_the_next_step_that_does_the_work_and_tells_the_others() -> None:
    steps = (
        step("prompt", "prompter"),
        step("plan", "planner"),
        designer(),
        step("polish", "optimizer"),
        checker(),
    )
    facts = [attempted("prompt", outcome=completed("Begin with the test."))]
    seen = {}
    for name in ("plan", "design", "polish", "check"):
        start, seen[name] = told(frozen(steps=steps), *facts)
        assert start.step.name == name
        facts.append(attempted(name, outcome=completed(f"{name} says.")))
    assert {name for name, known in seen.items() if known.guidance} == {"design"}
    assert seen["design"].guidance == "Begin with the test."
    assert [said.step for said in seen["design"].earlier] == ["plan"]
    assert [said.step for said in seen["check"].earlier] == ["prompt", "plan", "design", "polish"]
