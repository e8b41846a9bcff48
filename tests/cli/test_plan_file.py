"""A plan as JSON reads back as the plan it is."""

from pathlib import Path

from courier.planning.plan import Plan, StartRun
from tests.cli.program import courier, repository

DOCUMENTS: dict[str, str | bytes | None] = {
    ".courier/all.yaml": """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec: {}
---
apiVersion: courier/v1
kind: Workflow
metadata: {name: fix}
spec: {type: single}
---
apiVersion: courier/v1
kind: Run
metadata: {name: fix-auth}
spec: {workflow: fix, prompt: Log in again.}
"""
}


def test_plan_json_is_a_plan(tmp_path: Path) -> None:
    root = repository(tmp_path, DOCUMENTS)
    shown = Plan.model_validate_json(courier("plan", "-o", "json", cwd=root).out)
    [start] = shown.actions
    assert isinstance(start, StartRun)
    assert start.prompts[0].step == "design"
    assert "Log in again." in start.prompts[0].text


def test_out_in_both_spellings_saves_the_same_plan(tmp_path: Path) -> None:
    root = repository(tmp_path, DOCUMENTS)
    for flag, name in (("--out", "one.plan"), ("-out", "two.plan")):
        said = courier("plan", flag, name, cwd=root)
        assert f"`courier apply {name}`" in said.err
    one, two = (Plan.model_validate_json((root / f"{n}.plan").read_bytes()) for n in ("one", "two"))
    assert one.model_copy(update={"decided_at": None}) == two.model_copy(
        update={"decided_at": None}
    )
    assert not one.dirty


def test_a_branch_can_be_planned_before_it_is_merged(tmp_path: Path) -> None:
    root = repository(tmp_path, DOCUMENTS)
    said = courier("plan", "--commit", "main", cwd=root)
    assert "+ fix-auth" in said.out
    assert "nothing of this can be applied" in said.out
    missing = courier("plan", "--commit", "f" * 40, cwd=root)
    assert (missing.code, missing.err.count("The remote has no such commit.")) == (1, 1)
