"""What is asked of agents that cannot do it is said by validation or in the plan, and once."""

import random
from dataclasses import replace

from courier.diagnostics import has_errors
from courier.planning.catalog.catalog import Reading
from courier.planning.documents.references import Ref
from courier.planning.observed.observed import ObservedImage
from courier.planning.plan import StartRun
from courier.planning.planner import plan
from courier.runs.run.frozen import FrozenStep
from tests.unit.planning.world import (
    NOW,
    document,
    observed,
    planned,
    project,
    reading,
    run,
    workflow,
)

AGENT = document("Agent", "mine", {"start": ["mine", "-m", "{model}", "{prompt}"]})
PICTURE = ObservedImage("b" * 40, 10, b"\x89PNG\r\n\x1a\n")


def warnings(*documents: dict[str, object]) -> tuple[str, ...]:
    seen = replace(observed(), images={"a.png": PICTURE})
    (action,) = planned(*documents, seen=seen).actions
    assert isinstance(action, StartRun)
    return action.warnings


def test_an_inherited_effort_is_told_with_where_it_was_written() -> None:
    found = warnings(project(agent="mine", model="m"), workflow(effort="high"), run(), AGENT)
    assert len(found) == 2
    assert found[0].startswith('Step "design": Agent "mine" has no effort; these have it: claude')
    assert "It is left out. It is written in Workflow/fix spec.effort" in found[0]


def test_what_one_document_shows_is_left_to_validation() -> None:
    assert warnings(project(agent="mine", effort="high"), workflow(), run(), AGENT) == ()


def test_pictures_and_a_budget_are_told_too() -> None:
    found = warnings(project(agent="mine"), workflow(), run(images=["a.png"], budget=1), AGENT)
    assert [sentence.split(":")[0] for sentence in found] == [
        *('Step "design"', 'Step "design"', 'Step "check"', 'Step "check"')
    ]
    assert "no way to be shown pictures" in found[0]
    assert "Its prompt says where the files are." in found[0]
    assert "Only rates for its tokens" in found[1]
    assert "It is written in Run/fix-auth spec.budget (.courier/run-fix-auth.yaml:" in found[1]


def test_nothing_is_told_of_agents_that_can_or_of_the_shell() -> None:
    tests = [{"name": "a", "type": "designer"}, {"name": "b", "type": "checker", "run": "true"}]
    flow = workflow(steps=tests, effort="high")
    assert warnings(project(agent="claude", model="m"), flow, run(images=["a.png"], budget=1)) == ()


def test_pictures_nobody_looks_at_are_told() -> None:
    flow = workflow(type="single", steps=[{"name": "a", "type": "custom", "run": "true"}])
    assert warnings(project(), flow, run(images=["a.png"])) == (
        "Nobody looks at its pictures (`images`): every step is done by the shell.",
    )


AGENTS = ("mine", "blind", "claude", "codex", None)
BLIND = document("Agent", "blind", {"start": ["blind"], "files": {"skills": ".skills"}})
ASSETS = (
    document("Skill", "tdd", {"description": "x", "body": "x"}),
    document("Command", "ask", {"prompt": "Ask."}),
    document("Command", "lint", {"run": "lint"}),
)


def somebody(chance: random.Random, *, wishes: str = "model effort") -> dict[str, object]:
    """Return a part of a document that names an agent, asks for something, both or nothing."""
    every = {
        "agent": chance.choice(AGENTS),
        "model": "m",
        "effort": "low",
        "skills": ["tdd"],
        "commands": chance.choice([["ask"], ["lint"], ["lint", "ask"]]),
        "budget": 1,
        "images": ["a.png"],
    }
    names = ["agent", *(name for name in wishes.split() if chance.random() < 0.3)]
    return {name: every[name] for name in names if every[name] is not None}


def world(chance: random.Random) -> list[dict[str, object]]:
    everything = "model effort skills commands"
    steps: list[dict[str, object]] = [
        {"name": "one", **chance.choice([{"type": "designer"}, {"persona": "ada"}])},
        {"name": "two", "type": chance.choice(["judge", "checker"])},
        {"name": "three", "type": "checker", "run": "true"},
    ]
    for step in steps[:2]:
        step.update(somebody(chance, wishes=everything))
    more: dict[str, object] = {}
    if steps[1]["type"] == "judge":
        more = {"candidates": {"agents": [somebody(chance), somebody(chance)]}}
    sessions = {"judge": somebody(chance, wishes=everything)}
    overrides = {name: somebody(chance) for name in ("one", "two") if chance.random() < 0.4}
    budget = {"budgets": {"perRun": 2}} if chance.random() < 0.3 else {}
    guide = {"guide": "x"} if chance.random() < 0.3 else {}
    persona = {"type": "designer", "instructions": "x", **somebody(chance, wishes=everything)}
    more |= {"type": "pipeline", "steps": steps, **somebody(chance, wishes=f"{everything} budget")}
    asked = {"workflow": "fix", "prompt": "x", "overrides": overrides}
    return [
        project(**somebody(chance), **budget, **guide, sessions=sessions),
        document("Workflow", "fix", more),
        document("Persona", "ada", persona),
        document("Run", "a", asked | somebody(chance, wishes="model effort budget images")),
        *(AGENT, BLIND, *ASSETS),
    ]


WORDS = {
    "model": "choice of a model",
    "effort": "effort",
    "guide": "file for instructions",
    "images": "way to be shown pictures",
    "budget": "report of what it cost",
    "skills": "folder for skills",
    "commands": "folder for slash commands",
}
CANNOT = {
    "mine": WORDS.keys() - {"model"},
    "blind": WORDS.keys() - {"skills"},
    "codex": {"budget", "commands"},
    "claude": set[str](),
}


def places(read: Reading, start: StartRun, step: FrozenStep) -> dict[str, str]:
    """Return what a step asks for and where that is written, as ``file:line:column``."""
    frozen = start.frozen
    found = {
        word: step.origins[word] for word in ("model", "effort") if getattr(step, word) is not None
    }
    if step.skills:
        found["skills"] = step.origins[f"skills.{step.skills[0].name}"]
    if slashes := [each.name for each in step.commands if each.prompt is not None]:
        found["commands"] = step.origins[f"commands.{slashes[0]}"]
    found = {word: origin.rpartition("(")[2].rstrip(")") for word, origin in found.items()}
    refs = [Ref("Run", frozen.run), Ref("Workflow", frozen.workflow), Ref("Project", "demo")]
    for word, ref, path in (
        *(("budget", ref, ("budget",)) for ref in refs[1::-1]),
        *(("images", refs[0], ("images",)), ("guide", refs[2], ("guide",))),
    ):
        document_ = read.catalog.documents[ref]
        if path[0] in document_.value["spec"]:
            found[word] = str(document_.position(("spec", *path)))
    if "budget" not in found and frozen.budget_usd is not None:
        project_ = read.catalog.documents[refs[2]]
        found["budget"] = str(project_.position(("spec", "budgets", "perRun")))
    return found


def is_shown(read: Reading, agent: str, word: str, place: str) -> bool:
    """Return whether validation warns of it there; a list may begin one line before a name."""
    file, line, _ = place.split(":")
    near = {int(line), int(line) - (word == "commands")}
    return any(
        each.position is not None
        and (each.position.file == file and each.position.line in near)
        and each.detail.startswith(f'Agent "{agent}" has no {WORDS[word]};')
        for each in read.diagnostics
    )


def test_everything_in_vain_is_told_once() -> None:
    by_validation = in_plan = 0
    for seed in range(120):
        read = reading(*world(random.Random(seed)))
        assert not has_errors(read.diagnostics), read.diagnostics
        seen = replace(observed(), images={"a.png": PICTURE})
        drivers = {"claude", "codex", "shell"}
        (start,) = plan(read.catalog, seen, now=NOW, drivers=drivers).actions
        assert isinstance(start, StartRun), start
        for name, step in start.frozen.every_step.items():
            head = f'Step "{name}": Agent "{step.agent}" has no '
            found = [each.removeprefix(head) for each in start.warnings if each.startswith(head)]
            vain = {
                word: is_shown(read, step.agent, word, place)
                for word, place in places(read, start, step).items()
                if word in CANNOT.get(step.agent, ())
            }
            expected = [WORDS[word] for word, shown in vain.items() if not shown]
            assert sorted(each.partition(";")[0] for each in found) == sorted(expected), name
            by_validation += sum(vain.values())
            in_plan += len(expected)
    assert by_validation > 100
    assert in_plan > 100
