"""A wish the agent named beside it cannot fulfil is warned about where it is written."""

import pytest

from courier.diagnostics import has_errors
from tests.unit.planning.catalogs import codes, document, reading

WORKFLOW = document(
    "Workflow",
    "fix",
    """
    type: pipeline
    agent: codex
    budget: 5
    steps:
      - name: design
        type: designer
        agent: codex
        effort: high
    """,
)


def test_it_is_told_at_its_place_with_the_agents_that_can() -> None:
    read = reading({"p.yaml": document("Project", "shop"), "w.yaml": WORKFLOW})
    assert codes(read) == ["AgentLacksFeature:8:11"]
    assert not has_errors(read.diagnostics)
    (found,) = read.diagnostics
    assert found.detail == (
        'Agent "codex" has no report of what it cost; these have it: claude, opencode, pi. '
        "The budget cannot stop it in the middle; a step's time does."
    )


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ("{agent: claude, budgets: {perRun: 5}}", 0),
        ("{agent: opencode, budgets: {perRun: 5}, effort: max}", 0),
        ("{agent: codex, budgets: {perRun: 5}}", 1),
        ("{agent: codex, effort: max, model: gpt-5.5}", 0),
        ("{budgets: {perRun: 5}}", 0),
    ],
)
def test_only_what_is_wished_and_lacking_is_told(spec: str, count: int) -> None:
    text = f"apiVersion: courier/v1\nkind: Project\nmetadata: {{name: shop}}\nspec: {spec}\n"
    found = [code for code in codes(reading({"p.yaml": text})) if "Lacks" in code]
    assert len(found) == count
