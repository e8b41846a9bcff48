"""The columns of the matrix: documents for each form of a workflow, and how the model behaves."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from courier.runs.replies.roles import CHOICE_RULE, ROLES, SCORE_RULE
from tests.e2e.rows import Row
from tests.fakes.models import Asked, Call, Reply, Say, Script, Turn, choose, pair

CHECK = 'python3 -c \'assert open("answer.txt").read().strip() == "42", "it is not 42"\''
COMPARE = 'for n in 1 2; do echo "candidate-$n has $(git show candidate-$n:answer.txt)"; done'
SCORES = {
    "correctness": 100,
    "typeSafety": 60,
    "codeStyle": 80,
    "testCoverage": 40,
    "completeness": 90,
}
"""What right work is scored, part by part."""

PLAN = "Write the number into answer.txt, nothing else."


@dataclass(frozen=True, slots=True)
class Column:
    """One form of a workflow.

    Attributes:
        spec: The workflow's spec for a row, without its agent and model.
        script: How the model behaves towards a row's agent.
        personas: Personas it needs, name to spec, without agent and model.
    """

    spec: Mapping[str, Any]
    script: Callable[[Row], Script]
    personas: Mapping[str, Mapping[str, Any]]


def documents(row: Row, name: str, column: Column) -> dict[str, str]:
    """Return what a cell needs, by path below ``.courier``; its Run is named as the cell."""
    cell, known = cell_name(row, name), dict(row.documents)
    who = {"agent": row.agent, **({"model": row.model} if row.model else {})}
    known[f"workflows/{cell}.yaml"] = _document("Workflow", cell, {**column.spec, **who})
    for persona, spec in column.personas.items():
        known[f"personas/{persona}-{row.agent}.yaml"] = _document(
            "Persona", f"{persona}-{row.agent}", {**spec, **who}
        )
    asked = {"workflow": cell, "prompt": f"{opening(cell)}put 42 into answer.txt."}
    # The same work on the same branch would be proposed once only.
    known[f"runs/{cell}.yaml"] = _document("Run", cell, {**asked, "base": f"for-{cell}"})
    return {path: text.replace("{agent}", row.agent) for path, text in known.items()}


def cell_name(row: Row, column: str) -> str:
    """Return the name of a cell's run."""
    return f"{row.agent}-{column.replace('_', '-')}"


def opening(cell: str) -> str:
    """Return how every prompt of a cell begins, by which its model knows it."""
    return f"Cell {cell}: "


def script(cells: Mapping[str, Script]) -> Script:
    """Return one script for all cells; the task in every prompt tells which."""
    cases = [(opening(cell), of_cell) for cell, of_cell in cells.items()]
    return choose(*cases, otherwise=_lost)


def _lost(asked: Asked) -> Reply:
    return Turn.of(Say(f"This is no cell of the matrix: {asked.prompt[:200]}"))


def _document(kind: str, name: str, spec: Mapping[str, Any]) -> str:
    head = {"apiVersion": "courier/v1", "kind": kind, "metadata": {"name": name}}
    return json.dumps({**head, "spec": spec}, indent=2)


def _write(row: Row) -> Script:
    return pair(wrong=[row.tools.write("answer.txt", "42\n")], right=[], check=_check(row))


def _mend(row: Row) -> Script:
    """Be wrong at first, and right once told so."""
    return pair(
        wrong=[row.tools.write("answer.txt", "41\n")],
        right=[
            row.tools.run("cat answer.txt", "Look"),
            row.tools.run("echo 42 >answer.txt", "Mend"),
        ],
        check=_check(row),
    )


def _team(row: Row) -> Script:
    return choose((ROLES["planner"].instructions, _plan), otherwise=_write(row))


def _plan(_: Asked) -> Reply:
    return Turn.of(Say(PLAN))


def _best_of(row: Row) -> Script:
    """Be wrong as one candidate and right as the other, and choose by looking."""

    def answer(asked: Asked) -> Reply:
        if CHOICE_RULE in asked.prompt:
            return _chosen(asked) if asked.turns else Turn.of(row.tools.run(COMPARE, "Compare"))
        if asked.turns:
            return Turn.of(Say("The change is made."))
        return Turn.of(row.tools.write("answer.txt", f"{41 + asked.tries}\n"))

    return answer


def _chosen(asked: Asked) -> Reply:
    found = re.search(r"(candidate-\d) has 42", asked.answer)
    choice = found[1] if found else "none"
    reasons = {choice: "It is 42."} if found else {}
    told = json.dumps({"choice": choice, "ranking": [], "reasons": reasons})
    return Turn.of(Say(f"I have compared them.\n\n```json\n{told}\n```"))


def _rated(row: Row) -> Script:
    """Score by what the file holds."""
    return choose((SCORE_RULE, lambda asked: _rate(row, asked)), otherwise=_mend(row))


def _rate(row: Row, asked: Asked) -> Reply:
    if not asked.turns:
        return Turn.of(row.tools.run("cat answer.txt", "Look"))
    is_right = "42" in asked.answer
    told = {
        part: {"score": score if is_right else 0, "reason": f"{part} of {asked.answer[:100]!r}"}
        for part, score in SCORES.items()
    }
    return Turn.of(Say(f"I have rated it.\n\n```json\n{json.dumps(told)}\n```"))


def _check(row: Row) -> Call:
    return row.tools.run(CHECK, "Check")


COLUMNS: Mapping[str, Column] = {
    "single": Column({"type": "single"}, _write, {}),
    "pair": Column({"type": "designerChecker", "loops": {"maxIterations": 2}}, _mend, {}),
    "pipeline": Column(
        {
            "type": "pipeline",
            "steps": [
                {"name": "build", "type": "designer"},
                {"name": "look", "type": "investigator", "run": "cat answer.txt"},
                {"name": "judge", "type": "judge", "loop": {"backTo": "build"}},
                {"name": "rate", "type": "evaluator"},
            ],
        },
        _rated,
        {},
    ),
    "candidates": Column(
        {
            "type": "pipeline",
            "steps": [{"name": "build", "type": "designer"}, {"name": "judge", "type": "judge"}],
            "candidates": {"count": 2},
        },
        _best_of,
        {},
    ),
    "personas": Column(
        {
            "type": "personas",
            "steps": [
                {"name": "plan", "persona": "lead-{agent}"},
                {"name": "build", "persona": "builder-{agent}"},
                {"name": "test", "persona": "tester-{agent}"},
            ],
        },
        _team,
        {
            "lead": {"type": "planner", "instructions": "You are the lead."},
            "builder": {"type": "designer", "instructions": "You are the builder."},
            "tester": {"type": "checker", "instructions": "You are the tester."},
        },
    ),
}
"""Every form of a workflow by its name; `test_matrix` has one function for each."""
