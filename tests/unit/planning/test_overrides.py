"""What a Run says differently takes effect in workflows of every type, told with its place."""

import pytest

from courier.planning.asked.explanation import explain
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.runs.run.frozen import FrozenPlan
from courier.runs.steps.prompts import assemble
from tests.unit.planning.world import DRIVERS, catalog, document, observed, project, run

Json = dict[str, object]

ANN = document("Persona", "ann", {"type": "designer", "instructions": "Be brief.", "model": "p"})
CARL = document("Persona", "carl", {"type": "checker", "env": [{"name": "LEVEL", "value": "1"}]})
LOOPING = {"name": "read", "type": "reviewer", "loop": {"backTo": "design", "maxIterations": 2}}
FLOWS: dict[str, Json] = {
    "single": {"type": "single", "steps": [{"name": "design", "type": "designer"}]},
    "default": {"type": "designerChecker"},
    "pipeline": {
        "type": "pipeline",
        "steps": [
            {"name": "design", "type": "designer", "instructions": "Own."},
            LOOPING,
            {"name": "check", "type": "checker"},
        ],
    },
    "personas": {
        "type": "personas",
        "steps": [{"name": "design", "persona": "ann"}, {"name": "check", "persona": "carl"}],
    },
}
OVERRIDE = {
    "agent": "claude",
    "model": "o",
    "effort": "max",
    "instructions": "Mind {{ inputs.WHAT }}.",
    "timeout": "7m",
    "sandbox": {"egress": "none"},
}


def documents(flow: str, **spec: object) -> list[Json]:
    told = {"workflow": "fix", "prompt": "Fix the login.", "inputs": {"WHAT": "the gap"}}
    asked = document("Run", "fix-auth", told | spec)
    return [project(agent="claude"), document("Workflow", "fix", FLOWS[flow]), ANN, CARL, asked]


def planned(flow: str, **spec: object) -> FrozenPlan:
    found = freeze(
        catalog(*documents(flow, **spec)),
        Ref("Run", "fix-auth"),
        observed=observed(),
        drivers=DRIVERS,
    )
    assert isinstance(found, FrozenPlan), found
    return found


@pytest.mark.parametrize("flow", FLOWS)
def test_an_override_wins_over_everything_else(flow: str) -> None:
    step = planned(flow, model="run", effort="low", overrides={"design": OVERRIDE}).steps[0]
    assert (step.agent, step.model, step.effort, step.timeout_seconds) == (
        "claude",
        "o",
        "max",
        420,
    )
    assert step.instructions.endswith("Mind the gap.")
    assert "Own." not in step.instructions
    assert ("Be brief." in step.instructions) == (flow == "personas")
    assert step.sandbox is not None
    assert step.sandbox.network is False


@pytest.mark.parametrize("flow", FLOWS)
def test_an_override_may_have_commands_do_a_step(flow: str) -> None:
    step = planned(flow, overrides={"design": {"run": "make fix"}}).steps[0]
    assert (step.agent, step.run, step.model) == ("shell", "make fix", None)


@pytest.mark.parametrize("flow", FLOWS)
def test_every_origin_is_told(flow: str) -> None:
    asked = documents(flow, overrides={"design": OVERRIDE}, checkerInstructions="Look twice.")
    found = explain(catalog(*asked), Ref("Run", "fix-auth"))
    at = "Run/fix-auth spec.overrides.design"
    for path in ("agent", "model", "effort"):
        assert found["design"][path].origin.startswith(f"{at}.{path}")
    assert found["design"]["sandbox.timeout"].origin.startswith(f"{at}.timeout")
    assert f"{at}.instructions" in found["design"]["instructions"].origin
    assert found[""]["inputs.WHAT"].value == "the gap"
    assert found[""]["checkerInstructions"].origin.startswith("Run/fix-auth spec.checkerIns")
    assert found[""]["prompt"].value == "Fix the login."
    if flow == "pipeline":
        assert found["read"]["loop.maxIterations"].value == "2"
        assert "Workflow/fix spec.steps[1].loop.backTo" in found["read"]["loop.backTo"].origin
    if flow == "personas":
        assert found["design"]["type"].origin.startswith("Persona/ann spec.type")
        assert found["check"]["env.LEVEL"].origin.startswith("Persona/carl spec.env[0]")
        assert "Persona/ann spec.instructions" in found["design"]["instructions"].origin


@pytest.mark.parametrize("flow", ["default", "pipeline", "personas"])
def test_every_step_that_judges_is_told_the_checker_instructions(flow: str) -> None:
    plan = planned(flow, checkerInstructions="Look at {{ inputs.WHAT }}.")
    told = {step.name: "Look at the gap." in assemble(plan, step).text for step in plan.steps}
    assert told == {step.name: step.gives_verdict for step in plan.steps}


def test_approvals_and_pictures_are_told_too() -> None:
    flow = FLOWS["default"] | {"approvals": [{"before": "delivery"}, {"after": "design"}]}
    asked = [project(), document("Workflow", "fix", flow), run(images=["a.png"], base="next")]
    found = explain(catalog(*asked), Ref("Run", "fix-auth"))[""]
    assert found["approvals.before-delivery"].value == "before delivery"
    assert found["approvals.after-design"].origin.startswith("Workflow/fix spec.approvals[1]")
    assert (found["images.1"].value, found["base"].value) == ("a.png", "next")
