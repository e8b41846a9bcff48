"""Templates: what a run gets of them, where that is told, and warnings about agents."""

import pytest

from courier.diagnostics import has_errors
from courier.planning.asked.explanation import explain
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.planning.plan import Held, StartRun
from courier.runs.run.frozen import FrozenInput, FrozenPlan, FrozenTemplate
from tests.unit.planning.world import (
    DRIVERS,
    Json,
    catalog,
    document,
    observed,
    planned,
    project,
    reading,
    run,
    workflow,
)

RUN = Ref("Run", "fix-auth")
TOOLS = document(
    "Template",
    "tools",
    {"agents": ["claude"], "cpu": 4, "memoryMB": 2048, "setup": ["make deps", "make cache"]},
)


def frozen(*documents: Json) -> FrozenPlan:
    found = freeze(catalog(*documents), RUN, observed=observed(), drivers=DRIVERS)
    assert not isinstance(found, Held), found
    return found


def test_a_run_holds_all_that_its_template_says() -> None:
    documents = (project(sandbox={"template": "tools"}), workflow(), run(), TOOLS)
    plan = frozen(*documents)
    machine = plan.sandbox
    assert (machine.template, machine.cpu, machine.memory_mb) == ("tools", 4, 2048)
    prepared = machine.prepared
    assert prepared is not None
    *setup, install = prepared.commands
    assert setup == ["make deps", "make cache"]
    assert "npm install" in install
    assert "@anthropic-ai/claude-code@" in install
    assert prepared.place == ".courier/template-tools.yaml:1:1"
    digest = catalog(*documents).documents[Ref("Template", "tools")].digest
    assert FrozenInput(kind="Template", name="tools", digest=digest) in plan.inputs


@pytest.mark.parametrize(
    ("spec", "start", "is_built"),
    [
        ({"id": "team/tools:v2"}, "team/tools:v2", False),
        ({"id": "tools", "agents": ["claude"]}, "tools", False),
        ({"id": "tools", "setup": ["true"]}, "tools", True),
        ({"dockerfile": "tools/Dockerfile"}, "base", True),
        ({}, "base", False),
    ],
)
def test_a_template_is_built_only_where_something_is_to_be_run(
    spec: Json, start: str, is_built: bool
) -> None:
    template = document("Template", "tools", spec)
    plan = frozen(project(sandbox={"template": "tools"}), workflow(), run(), template)
    prepared = plan.sandbox.prepared
    assert prepared is not None
    assert (prepared.start, prepared.is_built) == (start, is_built)


def test_what_is_written_anywhere_counts_more_than_what_the_template_says() -> None:
    documents = (
        project(sandbox={"template": "tools", "cpu": 2}),
        workflow(),
        run(sandbox={"memoryMB": 512}),
        TOOLS,
    )
    machine = frozen(*documents).sandbox
    assert (machine.cpu, machine.memory_mb) == (2, 512)
    told = explain(catalog(*documents), RUN)[""]
    assert told["sandbox.cpu"].origin.startswith("Project/demo spec.sandbox.cpu")
    without = explain(catalog(project(sandbox={"template": "tools"}), *documents[1:]), RUN)[""]
    assert without["sandbox.cpu"].origin.startswith("Template/tools spec.cpu (.courier/template")


def test_a_step_may_have_a_template_of_its_own() -> None:
    big = document("Template", "big", {"cpu": 8})
    steps = [
        {"name": "a", "type": "custom"},
        {"name": "b", "type": "custom", "sandbox": {"template": "big"}},
    ]
    plan = frozen(
        project(sandbox={"template": "tools"}),
        workflow(type="pipeline", steps=steps),
        run(),
        TOOLS,
        big,
    )
    first, second = plan.steps
    assert first.sandbox is None
    assert second.sandbox is not None
    assert second.sandbox.prepared == FrozenTemplate(
        name="big", place=".courier/template-big.yaml:1:1"
    )
    assert second.sandbox.cpu == 8
    assert [each.name for each in plan.inputs if each.kind == "Template"] == ["tools", "big"]


def test_an_agent_that_its_template_does_not_contain_is_warned_about_where_both_stand() -> None:
    wrong = workflow(agent="codex", sandbox={"template": "tools"})
    found = reading(project(), wrong, run(), TOOLS).diagnostics
    assert [each.code for each in found] == ["AgentNotInTemplate"]
    assert not has_errors(found)
    assert 'says to contain claude, and not "codex"' in found[0].detail
    right = workflow(agent="claude", sandbox={"template": "tools"})
    assert not reading(project(), right, run(), TOOLS).diagnostics
    silent = document("Template", "tools", {})
    assert not reading(project(), wrong, run(), silent).diagnostics


def test_steps_are_held_against_the_templates_they_get() -> None:
    steps = [
        {"name": "a", "type": "custom", "agent": "codex"},
        {"name": "b", "type": "custom", "run": "true"},
        {"name": "c", "type": "custom", "sandbox": {"template": "base"}, "agent": "codex"},
    ]
    written = workflow(type="pipeline", steps=steps, sandbox={"template": "tools"})
    found = reading(project(), written, run(), TOOLS).diagnostics
    assert [each.code for each in found] == ["AgentNotInTemplate"]
    assert found[0].position is not None
    assert "steps" not in found[0].detail


def test_the_plan_warns_also_where_agent_and_template_stand_apart() -> None:
    documents = (project(sandbox={"template": "bare"}, agent="claude"), workflow(), run())
    bare = document("Template", "bare", {"agents": ["codex"]})
    (start,) = planned(*documents, bare).actions
    assert isinstance(start, StartRun)
    assert len(start.warnings) == 2
    assert 'Step "design" is done by claude' in start.warnings[0]
