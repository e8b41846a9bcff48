"""Pipelines frozen: any steps, their loops, their machines, and what is left out."""

from courier.planning.asked.explanation import explain
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.planning.plan import Held
from courier.runs.run.frozen import FrozenPlan, FrozenSandbox, FrozenStepLoop
from courier.runs.run.loops import way_back
from tests.unit.planning.world import (
    DRIVERS,
    Json,
    catalog,
    document,
    observed,
    project,
    run,
    workflow,
)

RUN = Ref("Run", "fix-auth")


def decided(*documents: Json, **changes: object) -> FrozenPlan | Held:
    everything = catalog(project(), *documents, run("fix-auth", **changes))
    return freeze(everything, RUN, observed=observed(), drivers=DRIVERS)


def frozen(*documents: Json, **changes: object) -> FrozenPlan:
    found = decided(*documents, **changes)
    assert isinstance(found, FrozenPlan), found
    return found


def pipeline(*steps: Json, **spec: object) -> Json:
    return workflow("fix", type="pipeline", steps=list(steps), **spec)


def persona(name: str, type_: str, **spec: object) -> Json:
    return document("Persona", name, {"type": type_, **spec})


def step(name: str, type_: str, **more: object) -> Json:
    return {"name": name, "type": type_, **more}


def ways_back(plan: FrozenPlan) -> dict[str, tuple[str, int]]:
    found = {step.name: way_back(plan, step) for step in plan.steps if step.gives_verdict}
    return {name: (back.to.name, back.at_most) for name, back in found.items() if back}


def test_steps_of_any_type_come_in_any_order() -> None:
    plan = frozen(
        pipeline(
            step("look", "investigator"),
            step("check", "checker"),
            step("design", "designer"),
            step("again", "checker", run="make test"),
            step("review", "reviewer"),
        )
    )
    assert plan.workflow_type == "pipeline"
    assert [step.name for step in plan.steps if step.gives_verdict] == ["check", "again"]
    assert ways_back(plan) == {"check": ("look", 3), "again": ("design", 3)}


def test_a_step_with_a_loop_gives_a_verdict_whatever_its_type() -> None:
    plan = frozen(
        pipeline(
            step("look", "investigator"),
            step("design", "designer"),
            step("review", "reviewer", loop={"backTo": "look", "maxIterations": 2}),
            step("check", "checker", loop={"backTo": "design"}),
            loops={"maxIterations": 5, "onExhausted": "deliverDraft"},
        )
    )
    assert ways_back(plan) == {"review": ("look", 2), "check": ("design", 5)}
    assert plan.loop.on_exhausted == "deliverDraft"


def test_personas_do_their_steps_in_their_own_way() -> None:
    contexts = [document("Context", "style", {"content": "Short names."})]
    designer = persona(
        "careful",
        "designer",
        model="opus",
        effort="max",
        instructions="Mind the edges.",
        context=["style"],
        env=[{"name": "MODE", "value": "slow"}],
    )
    flow = workflow(
        type="personas",
        steps=[
            {"name": "design", "persona": "careful", "env": [{"name": "PART", "value": "1"}]},
            {"name": "check", "persona": "strict", "run": "make test"},
        ],
    )
    plan = frozen(flow, designer, persona("strict", "checker", model="haiku"), *contexts)
    design, check = plan.steps
    assert plan.workflow_type == "personas"
    assert (design.type, design.model, design.effort) == ("designer", "opus", "max")
    assert (design.instructions, design.env) == ("Mind the edges.", {"MODE": "slow", "PART": "1"})
    assert [context.name for context in design.contexts] == ["style"]
    assert (check.type, check.agent, check.model, check.run) == (
        "checker",
        "shell",
        None,
        "make test",
    )
    assert ways_back(plan) == {"check": ("design", 3)}


def test_steps_of_personas_that_are_not_enabled_are_left_out_and_told() -> None:
    flow = pipeline(
        {"name": "plan", "persona": "planner"},
        step("design", "designer"),
        step("check", "checker", loop={"backTo": "plan", "maxIterations": 2}),
    )
    off = persona("planner", "planner", enabled=False)
    plan = frozen(flow, off)
    assert [step.name for step in plan.steps] == ["design", "check"]
    assert plan.left_out == ('Step "plan" is left out: Persona "planner" is not enabled.',)
    assert plan.steps[1].loop == FrozenStepLoop(back_to="design", max_iterations=2)
    assert "Persona" in {one.kind for one in plan.inputs}


def test_a_loop_whose_whole_way_is_left_out_goes_back_as_if_it_said_nothing() -> None:
    flow = pipeline(
        step("design", "designer"),
        {"name": "polish", "persona": "off"},
        step("check", "checker", loop={"backTo": "polish", "maxIterations": 2}),
    )
    plan = frozen(flow, persona("off", "optimizer", enabled=False))
    assert ways_back(plan) == {"check": ("design", 2)}


def test_a_pipeline_nobody_is_left_for_is_blocked() -> None:
    flow = workflow(type="personas", steps=[{"name": "a", "persona": "off"}])
    found = decided(flow, persona("off", "designer", enabled=False))
    assert isinstance(found, Held)
    assert (found.reason, "none of the workflow's personas" in found.message) == ("Blocked", True)


def test_a_run_overrides_any_step_of_any_pipeline() -> None:
    flow = pipeline(step("look", "investigator"), step("design", "designer", timeout="5m"))
    plan = frozen(
        flow,
        overrides={
            "look": {"run": "git log", "timeout": "2m", "idleTimeout": "3m"},
            "design": {
                "model": "haiku",
                "instructions": "Only auth.py.",
                "timeout": "1h",
                "idleTimeout": "20m",
            },
        },
    )
    look, design = plan.steps
    assert (look.agent, look.run, look.timeout_seconds) == ("shell", "git log", 120)
    assert (design.model, design.instructions) == ("haiku", "Only auth.py.")
    assert design.timeout_seconds == plan.sandbox.timeout_seconds == 3600
    assert (look.idle_seconds, design.idle_seconds) == (None, 1200)


def test_a_step_may_have_a_machine_of_its_own() -> None:
    flow = pipeline(
        step("design", "designer"),
        step("check", "checker", sandbox={"egress": "none"}, timeout="5m"),
    )
    design, check = frozen(flow).steps
    assert design.sandbox is None
    assert check.sandbox == FrozenSandbox(timeout_seconds=300, network=False)
    overridden, _ = frozen(flow, overrides={"design": {"sandbox": {"egress": "none"}}}).steps
    assert overridden.sandbox == FrozenSandbox(timeout_seconds=900, network=False)
    shared = decided(flow, sandbox={"reuse": "perRun"})
    assert isinstance(shared, Held)
    assert 'Step "check" wants a machine of its own' in shared.message


def test_a_steps_own_machine_is_explained_with_it() -> None:
    flow = pipeline(
        step("design", "designer"), step("check", "checker", sandbox={"egress": "none"})
    )
    found = explain(catalog(project(), flow, run()), RUN)
    assert found["check"]["sandbox.egress"].value == "none"
    assert found["check"]["sandbox.egress"].origin.startswith("Workflow/fix spec.steps[1].sandbox")
    assert "sandbox.egress" not in found["design"]
    assert found[""]["sandbox.egress"].value == "open"
