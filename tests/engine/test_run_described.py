"""A whole run by an agent that a document describes: it goes on with its conversation."""

import json
import shlex

import pytest

from courier.resources.agent import AgentSpec
from courier.runs.run.frozen import FrozenImage, FrozenStep
from tests.engine.worlds import Scene, git, shell_plan
from tests.unit.agents.equipment import GREET, PROGRAM, SHOUT

JUDGED = '```json\n{"verdict": "pass", "feedback": "Fine."}\n```'


def _line(text: str, *, output_tokens: int) -> str:
    told = {"id": "talk", "text": text, "usage": {"out": output_tokens}}
    return shlex.quote(json.dumps(told))


AGENT = f"""
cat >/dev/null
if [ "$1" = resume ]; then
    printf '%s\\n' {_line(JUDGED, output_tokens=2)}
else
    [ "$COURIER_STEP" = check ] || echo right >value
    printf '%s\\n' {_line("I am done.", output_tokens=5)}
fi
"""

SPEC = {
    "start": ["sh", "-c", AGENT, "mine", "start"],
    "continue": ["sh", "-c", AGENT, "mine", "resume", "{session}"],
    "output": {"format": "jsonLines", "text": "text", "session": "id"},
    "usage": {"outputTokens": "usage.out"},
}


@pytest.mark.slow
async def test_a_described_agent_works_judges_and_mends_its_verdict(here: Scene) -> None:
    described = AgentSpec.model_validate_json(json.dumps(SPEC))
    steps = (
        FrozenStep(name="design", type="designer", agent="mine", described=described),
        FrozenStep(
            name="check", type="checker", agent="mine", described=described, gives_verdict=True
        ),
    )
    plan = shell_plan(here, design="").model_copy(update={"steps": steps})
    state = await here.run(plan)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert git(here.origin, "show", "courier/fix:value") == "right"
    record = await here.record()
    design, check = record["steps"]
    assert design["usage"]["outputTokens"] == 5
    assert check["usage"]["outputTokens"] == 7
    assert check["verdict"]["reason"] == "Pass"


EQUIPPED_AGENT = """
cat >prompt.txt
cp "$1" rules.txt
cp -r "$2" learnt
learnt/greet/bin/ahoy >said.txt
cp "$HOME/.mine/commands/shout.md" .
echo "I am done."
"""

EQUIPPED = {
    "start": ["sh", "-c", EQUIPPED_AGENT, "mine", "{instructionsFile}", "{skillsFolder}"],
    "files": {"commands": ".mine/commands"},
}


@pytest.mark.slow
async def test_guide_skills_and_commands_are_in_the_sandbox_and_not_in_the_work(
    here: Scene,
) -> None:
    step = FrozenStep(
        name="design",
        type="designer",
        agent="mine",
        described=AgentSpec.model_validate_json(json.dumps(EQUIPPED)),
        skills=(GREET,),
        commands=(SHOUT, PROGRAM),
    )
    changes = {"steps": (step,), "guide": "The guide.", "task": "/shout the news"}
    state = await here.run(shell_plan(here, design="").model_copy(update=changes))
    assert state.result == {"phase": "completed", "reason": "Completed"}

    def left(path: str) -> str:
        return git(here.origin, "show", f"courier/fix:{path}")

    assert left("rules.txt") == "The guide."
    assert left("said.txt") == "ahoy"
    assert "Shout $ARGUMENTS!" in left("shout.md")
    assert "Shout the news!" in left("prompt.txt")
    assert "The guide." not in left("prompt.txt")
    changed = git(here.origin, "diff", "--name-only", "main", "courier/fix").split()
    assert sorted(changed) == [
        "learnt/greet/SKILL.md",
        "learnt/greet/bin/ahoy",
        "prompt.txt",
        "rules.txt",
        "said.txt",
        "shout.md",
    ]


SEEING_AGENT = """
cat >/dev/null
printf '%s\\n' "$@" >>seen.txt
cat "$1" >>seen.txt
git rm -q keep.txt || true
echo "I am done."
"""


@pytest.mark.slow
async def test_every_step_is_shown_the_pictures_as_they_were_at_the_start(here: Scene) -> None:
    spec = {"start": ["sh", "-c", SEEING_AGENT, "mine", "{image}"]}
    described = AgentSpec.model_validate_json(json.dumps(spec))
    steps = tuple(
        FrozenStep(name=name, type="designer", agent="mine", described=described)
        for name in ("draw", "ink")
    )
    blob = git(here.origin, "rev-parse", "main:keep.txt")
    images = (FrozenImage(path="docs/one picture.png", blob=blob, size=5, type="png"),)
    plan = shell_plan(here, design="").model_copy(update={"steps": steps, "images": images})
    state = await here.run(plan)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    told = git(here.origin, "show", "courier/fix:seen.txt").splitlines()
    assert [line.rpartition("/")[2] for line in told] == ["01-one-picture.png", "keep"] * 2
    assert "/repo/" not in "".join(told)
