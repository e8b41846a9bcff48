"""A whole run by an agent that a document describes: it goes on with its conversation."""

import json
import shlex

import pytest

from courier.resources.agent import AgentSpec
from courier.runs.frozen import FrozenStep
from tests.engine.worlds import Scene, git, shell_plan

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
