"""Whole pipelines with shell agents: real sandboxes, real git, the local forge."""

import pytest

from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.runs.run.frozen import FrozenPlan, FrozenSandbox, FrozenStep, FrozenStepLoop
from tests.engine.worlds import Scene, git, shell_plan
from tests.unit.planning.world import catalog, document, observed, project, run, workflow

LOOK = "echo the value is $(cat value); echo mine > notes; rm keep.txt"
DESIGN = """
test -f keep.txt && test ! -e notes || { echo "the investigator left traces"; exit 1; }
grep -q "the value is none" "$COURIER_PROMPT_FILE" || { echo "nobody looked"; exit 1; }
if [ "$COURIER_ITERATION" = 1 ]; then echo wrong > value; else echo right > value; fi
echo "round $COURIER_ITERATION after: $COURIER_FEEDBACK" >> journal
"""
POLISH = 'echo "polished $(cat value)" > polish; echo "polished it"'
CHECK = """
test "$(cat polish)" = "polished $(cat value)" || { echo "not polished"; exit 1; }
echo trace > traces
test "$(cat value)" = right || { echo "value is $(cat value), not right"; exit 1; }
"""
REVIEW = """
test ! -e traces || { echo "the checker left traces"; exit 1; }
grep -q 'from="polish" iteration="2"' "$COURIER_PROMPT_FILE" || { echo "old words"; exit 1; }
echo "clear enough"; git rm -q --cached value; rm -rf value polish
"""


def step(name: str, type_: str, commands: str) -> FrozenStep:
    told = {"name": name, "type": type_, "agent": "shell", "run": commands}
    return FrozenStep.model_validate(told)


def judging(made: FrozenStep, **loop: object) -> FrozenStep:
    update = {"gives_verdict": True, "loop": FrozenStepLoop.model_validate(loop)}
    return made.model_copy(update=update)


def pipeline(here: Scene, *steps: FrozenStep) -> FrozenPlan:
    plan = shell_plan(here, design="true", steps=steps)
    return plan.model_copy(update={"workflow_type": "pipeline"})


@pytest.mark.slow
async def test_a_pipeline_keeps_the_work_of_some_and_the_words_of_all(here: Scene) -> None:
    check = judging(step("check", "checker", CHECK), back_to="design", max_iterations=2)
    plan = pipeline(
        here,
        step("look", "investigator", LOOK),
        step("design", "designer", DESIGN),
        step("polish", "optimizer", POLISH),
        check.model_copy(update={"sandbox": FrozenSandbox(network=False)}),
        step("review", "reviewer", REVIEW),
    )
    state = await here.run(plan)
    record = await here.record()
    steps = record["steps"]
    assert state.result == {"phase": "completed", "reason": "Completed"}, steps
    assert [(one["step"], one["iteration"]) for one in steps] == [
        ("look", 1),
        ("design", 1),
        ("polish", 1),
        ("check", 1),
        ("design", 2),
        ("polish", 2),
        ("check", 2),
        ("review", 1),
    ]
    assert {one["step"] for one in steps if one["commit"]} == {"design", "polish"}
    assert [one["verdict"]["passed"] for one in steps if one["verdict"]] == [False, True]
    kept = git(here.origin, "ls-tree", "--name-only", "courier/fix").split()
    assert kept == [".courier", "journal", "keep.txt", "polish", "value"]
    assert git(here.origin, "show", "courier/fix:polish") == "polished right"
    journal = git(here.origin, "show", "courier/fix:journal").splitlines()
    assert journal[0] == "round 1 after: "
    assert "value is wrong, not right" in "\n".join(journal[1:])
    trailers = git(
        here.origin,
        "log",
        "--reverse",
        "--format=%(trailers:key=Courier-Step)",
        "main..courier/fix",
    )
    assert trailers.split()[1::2] == ["design-1", "polish-1", "design-2", "polish-2"]
    (proposal,) = await here.forge.list()
    assert proposal.status == "created"
    assert await here.tidy()


@pytest.mark.slow
async def test_loops_in_loops_end_with_the_work_on_its_branch(here: Scene) -> None:
    """The reviewer is never content; each time it sends all back, the checker rejects once."""
    flip = 'test $((COURIER_ITERATION % 2)) = 0 || { echo "try again"; exit 1; }'
    plan = pipeline(
        here,
        step("design", "designer", "echo $COURIER_ITERATION >> value"),
        judging(step("check", "checker", flip), back_to="design", max_iterations=2),
        judging(step("review", "reviewer", "exit 1"), back_to="design", max_iterations=2),
    )
    state = await here.run(plan)
    assert state.result == {"phase": "failed", "reason": "LoopExhausted"}
    record = await here.record()
    assert " ".join(f"{one['step']}-{one['iteration']}" for one in record["steps"]) == (
        "design-1 check-1 design-2 check-2 review-1 design-3 check-3 design-4 check-4 review-2"
    )
    assert record["message"].startswith('Step "review" rejected the work 2 times.')
    assert git(here.origin, "show", "courier/fix:value").split() == ["none", "1", "2", "3", "4"]
    assert await here.forge.list() == []


@pytest.mark.slow
async def test_personas_from_documents_to_a_pull_request(here: Scene) -> None:
    flow = workflow(
        "team",
        type="personas",
        steps=[
            {"name": "plan", "persona": "dreamer", "run": "echo nothing"},
            {"name": "build", "persona": "builder", "run": 'echo "$TOOL" > value'},
            {"name": "check", "persona": "tester", "run": "grep hammer value"},
        ],
    )
    tool = [{"name": "TOOL", "value": "hammer"}]
    everything = catalog(
        project(),
        flow,
        document("Persona", "dreamer", {"type": "planner", "enabled": False}),
        document("Persona", "builder", {"type": "designer", "env": tool}),
        document("Persona", "tester", {"type": "checker"}),
        run("fix", workflow="team", prompt="Build it.", base="work"),
    )
    seen = observed(branches={"work": here.base})
    plan = freeze(everything, Ref("Run", "fix"), observed=seen, drivers={"shell"})
    assert isinstance(plan, FrozenPlan), plan
    git(here.origin, "branch", "work", "main")
    state = await here.run(plan)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    record = await here.record()
    assert [(one["persona"], one["type"]) for one in record["steps"]] == [
        ("builder", "designer"),
        ("tester", "checker"),
    ]
    assert record["leftOut"] == ['Step "plan" is left out: Persona "dreamer" is not enabled.']
    assert git(here.origin, "show", "courier/fix:value") == "hammer"
    (proposal,) = await here.forge.list()
    assert (proposal.status, proposal.base) == ("created", "work")
