"""A whole run by an agent that a document describes: it goes on with its conversation."""

import json
import shlex
from pathlib import Path

import pytest

from courier.resources.agent import AgentSpec
from courier.runs.frozen import FrozenPlan, FrozenStep
from tests.engine.worlds import Scene, git, make_origin, provider, scene, shell_plan
from tests.fakes.embedded import Endpoint
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
rm -f docs/two.png
echo "I am done."
"""


def _seeing(here: Scene, *images: str) -> FrozenPlan:
    spec = {"start": ["sh", "-c", SEEING_AGENT, "mine", "{image}"]}
    described = AgentSpec.model_validate_json(json.dumps(spec))
    steps = tuple(
        FrozenStep(name=name, type="designer", agent="mine", described=described)
        for name in ("draw", "ink")
    )
    return shell_plan(here, design="").model_copy(update={"steps": steps, "images": images})


@pytest.mark.slow
async def test_pictures_are_shown_where_they_are_in_the_work_tree(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    files = {"docs/one picture.png": "PNG", "docs/two.png": "PNG"}
    origin = make_origin(tmp_path, files)
    async with scene(tmp_path / tmp_path.name, origin, provider(sandboxd)) as here:
        state = await here.run(_seeing(here, *files))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    told = git(origin, "show", "courier/fix:seen.txt").splitlines()
    assert [line.rpartition("/repo/")[2] for line in told] == [
        *("docs/one picture.png", "docs/two.png"),
        "docs/one picture.png",
    ]
    assert all(line.startswith("/") for line in told)


@pytest.mark.slow
async def test_a_picture_that_is_not_in_the_repository_fails_the_run(here: Scene) -> None:
    state = await here.run(_seeing(here, "docs/none.png"))
    assert state.result == {"phase": "failed", "reason": "Misconfigured"}
    record = await here.record()
    assert "docs/none.png" in json.dumps(record["steps"])
