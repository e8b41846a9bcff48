"""What agents cannot do of what is asked of them is said in the plan, wherever it was written."""

from dataclasses import replace

from courier.planning.observed import ObservedImage
from courier.planning.plan import StartRun
from tests.unit.planning.world import document, observed, planned, project, run, workflow

AGENT = document("Agent", "mine", {"start": ["mine", "-m", "{model}", "{prompt}"]})
PICTURE = ObservedImage("b" * 40, 10, b"\x89PNG\r\n\x1a\n")


def warnings(*documents: dict[str, object]) -> tuple[str, ...]:
    seen = replace(observed(), images={"a.png": PICTURE})
    (action,) = planned(*documents, seen=seen).actions
    assert isinstance(action, StartRun)
    return action.warnings


def test_an_inherited_effort_is_told_with_where_it_was_written() -> None:
    found = warnings(project(agent="mine", effort="high", model="m"), workflow(), run(), AGENT)
    assert len(found) == 2
    assert found[0].startswith('Step "design": Agent "mine" has no effort; these have it: claude')
    assert "It is left out. It is written in Project/demo spec.effort" in found[0]


def test_pictures_and_a_budget_are_told_too() -> None:
    found = warnings(project(agent="mine"), workflow(), run(images=["a.png"], budget=1), AGENT)
    assert [sentence.split(":")[0] for sentence in found] == [
        *('Step "design"', 'Step "design"', 'Step "check"', 'Step "check"')
    ]
    assert "no way to be shown pictures" in found[0]
    assert "Its prompt says where the files are." in found[0]
    assert "The budget cannot stop it in the middle" in found[1]


def test_nothing_is_told_of_agents_that_can_or_of_the_shell() -> None:
    tests = [{"name": "a", "type": "designer"}, {"name": "b", "type": "checker", "run": "true"}]
    flow = workflow(steps=tests, effort="high")
    assert warnings(project(agent="claude", model="m"), flow, run(images=["a.png"], budget=1)) == ()


def test_pictures_nobody_looks_at_are_told() -> None:
    flow = workflow(type="single", steps=[{"name": "a", "type": "custom", "run": "true"}])
    assert warnings(project(), flow, run(images=["a.png"])) == (
        "Nobody looks at its pictures (`images`): every step is done by the shell.",
    )
