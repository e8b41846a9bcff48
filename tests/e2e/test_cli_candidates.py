"""Two real agents as candidates, and a judge that has to be asked twice."""

import json
import sys
from pathlib import Path

import pytest

from courier.runs.replies.roles import ROLES as STEP_ROLES
from courier.sandboxd.launcher import stop
from tests.cli.program import courier
from tests.e2e.clis.local import TOOLS
from tests.e2e.matrix import PROJECT, Cell, Place
from tests.e2e.rows import ROWS
from tests.fakes.models import Asked, Reply, Say, ScriptedModels, Turn

CLAUDE, CODEX = ROWS["claude"], ROWS["codex"]
MISSING = not all((TOOLS / row.cli).exists() for row in (CLAUDE, CODEX))
TASK = "Cell best: put a number into answer.txt."
SHOWN = "git show candidate-1:answer.txt candidate-2:answer.txt"
CHOICE = {
    "choice": "candidate-2",
    "ranking": ["candidate-2", "candidate-1"],
    "reasons": {"candidate-2": "It is 42.", "candidate-1": "It is not 42."},
}


def conduct(asked: Asked) -> Reply:
    """Be a designer to both agents, whose models differ, and a judge to the one that judges."""
    if STEP_ROLES["judge"].instructions in "\n".join(asked.prompts):
        return _judge(asked)
    row, number = (CODEX, 42) if "gpt" in asked.model else (CLAUDE, 41)
    if asked.turns_since_prompt == 0:
        return Turn.of(Say("I do it."), row.tools.write("answer.txt", f"{number}\n"))
    return Turn.of(Say(f"I wrote {number}."))


def _judge(asked: Asked) -> Reply:
    if "Your choice could not be read" in asked.prompt:
        return Turn.of(Say(f"```json\n{json.dumps(CHOICE)}\n```"))
    if asked.turns_since_prompt == 0:
        return Turn.of(Say("I look."), CLAUDE.tools.run(SHOWN, "Look"))
    seen = asked.answers[-1].text.split()
    return Turn.of(Say(f"I saw {seen} and choose the second."))


def documents() -> dict[str, str]:
    workflow = {
        "type": "pipeline",
        "candidates": {"agents": [{"agent": "claude"}, {"agent": "codex", "model": CODEX.model}]},
        "steps": [
            {"name": "design", "type": "designer"},
            {"name": "judge", "type": "judge", "agent": "claude"},
        ],
    }
    specs = {"Workflow": workflow, "Run": {"workflow": "best", "prompt": TASK}}
    told = {
        f".courier/{kind.lower()}.yaml": json.dumps(
            {
                "apiVersion": "courier/v1",
                "kind": kind,
                "metadata": {"name": "best"},
                "spec": spec,
            }
        )
        for kind, spec in specs.items()
    }
    return {".courier/project.yaml": json.dumps(PROJECT), **told}


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.skipif(MISSING, reason="an agent program is missing: `make tools`")
def test_two_agents_do_the_same_and_a_third_conversation_chooses(tmp_path: Path) -> None:
    with ScriptedModels({"matrix": conduct}) as models:
        place = Place(tmp_path, models)
        place.furnish(documents())
        try:
            said = place.apply()
            sys.stdout.write(said)
            cell = Cell("best", CODEX, place)
            record = cell.record
            assert (record["phase"], record["reason"]) == ("completed", "Completed"), said
            transcript = cell.transcript
            second = courier("logs", "best", "--step", "c2", cwd=place.root, **place.variables)
        finally:
            stop(tmp_path / "state" / "sandboxd", kill_sandboxes=True)
    assert "I wrote 42." in second.out
    assert "I wrote 41." not in second.out
    one, two = record["candidates"]
    assert (one["agents"], one["chosen"]) == (["claude"], False)
    assert (two["agents"], two["chosen"], two["judged"]) == (["codex"], True, "It is 42.")
    assert cell.file("answer.txt") == "42"
    judge = record["steps"][-1]
    assert (judge["step"], judge["choice"]["chosen"]) == ("judge", "candidate-2")
    told = str([event for event in transcript if event["attempt"].startswith("judge-1.1-turn-1")])
    assert "'41', '42'" in told
    spoke = {event["attempt"] for event in transcript}
    assert {"c1/design-1.1-turn-1", "c2/design-1.1-turn-1", "judge-1.1-turn-2"} <= spoke
    assert record["usage"]["inputTokens"] == 1000 * len(models.asked("matrix"))
