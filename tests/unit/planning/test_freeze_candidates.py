"""Candidates frozen: who does which step with what, and why some workflows cannot have any."""

import json

import pytest

from courier.planning.asked.explanation import explain
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.planning.plan import Held, StartRun
from courier.planning.planner import plan
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from tests.unit.planning.world import (
    NOW,
    Json,
    catalog,
    document,
    observed,
    project,
    run,
    workflow,
)

RUN = Ref("Run", "fix-auth")
AGENTS = frozenset({"claude", "codex", "pi", "shell"})
DESIGN: Json = {"name": "design", "type": "designer"}
TEST: Json = {"name": "test", "type": "checker", "run": "make test"}
JUDGE: Json = {"name": "judge", "type": "judge"}
POLISH: Json = {"name": "polish", "type": "optimizer"}
BOTH = {"agents": [{"agent": "claude", "model": "opus"}, {"agent": "codex", "effort": "high"}]}


def best_of(*steps: Json, candidates: object = BOTH, **spec: object) -> Json:
    return workflow("fix", type="pipeline", steps=list(steps), candidates=candidates, **spec)


def decided(*documents: Json, **changes: object) -> FrozenPlan | Held:
    everything = catalog(project(), *documents, run("fix-auth", **changes))
    return freeze(everything, RUN, observed=observed(), drivers=AGENTS)


def frozen(*documents: Json, **changes: object) -> FrozenPlan:
    found = decided(*documents, **changes)
    assert isinstance(found, FrozenPlan), found
    return found


def who(step: FrozenStep) -> tuple[str, str, str | None, str | None]:
    return step.name, step.agent, step.model, step.effort


def test_candidates_do_the_steps_before_the_first_judge_each_with_its_own_agent() -> None:
    found = frozen(best_of(DESIGN, TEST, JUDGE, POLISH))
    assert [who(step) for step in found.candidates[0].steps] == [
        ("design", "claude", "opus", None),
        ("test", "shell", None, None),
    ]
    assert [who(step) for step in found.candidates[1].steps] == [
        ("design", "codex", None, "high"),
        ("test", "shell", None, None),
    ]
    assert [who(step) for step in found.steps] == [
        ("judge", "claude", None, None),
        ("polish", "claude", None, None),
    ]
    assert [step.chooses for step in found.steps] == [True, False]
    assert found.candidates[1].steps[0].origins["agent"].startswith("Workflow/fix")
    assert "candidates.agents" in found.candidates[1].steps[0].origins["agent"]


@pytest.mark.parametrize(
    ("candidates", "agents"),
    [
        ({}, ["claude", "claude"]),
        ({"count": 3}, ["claude", "claude", "claude"]),
        ({"agents": [{"agent": "codex"}]}, ["codex", "codex"]),
        ({"count": 3, "agents": BOTH["agents"]}, ["claude", "codex", "claude"]),
        ({"agents": [*BOTH["agents"], {"agent": "pi"}]}, ["claude", "codex", "pi"]),
    ],
)
def test_agents_take_turns_until_there_are_enough(candidates: Json, agents: list[str]) -> None:
    found = frozen(best_of(DESIGN, JUDGE, candidates=candidates))
    assert [each.steps[0].agent for each in found.candidates] == agents


def test_a_step_that_names_its_agent_has_it_in_every_candidate() -> None:
    check: Json = {"name": "check", "type": "checker", "agent": "pi"}
    found = frozen(best_of(DESIGN, check, JUDGE))
    assert [each.steps[1].agent for each in found.candidates] == ["pi", "pi"]


def test_what_the_run_says_of_agents_passes_over_candidates_that_say_it_themselves() -> None:
    found = frozen(best_of(DESIGN, JUDGE, POLISH), agent="pi")
    assert [each.steps[0].agent for each in found.candidates] == ["claude", "codex"]
    assert [step.agent for step in found.steps] == ["pi", "pi"]
    found = frozen(best_of(DESIGN, JUDGE, candidates={"count": 2}), agent="pi")
    assert [each.steps[0].agent for each in found.candidates] == ["pi", "pi"]
    found = frozen(best_of(DESIGN, JUDGE), overrides={"design": {"agent": "pi"}})
    assert [each.steps[0].agent for each in found.candidates] == ["pi", "pi"]


def test_an_agent_nobody_can_run_holds_the_run_for_any_candidate() -> None:
    candidates = {"agents": [{"agent": "claude"}, {"agent": "opencode"}]}
    found = decided(best_of(DESIGN, JUDGE, candidates=candidates))
    assert isinstance(found, Held)
    assert '"opencode" cannot be run yet' in found.message


def test_an_agent_no_candidate_needs_holds_nothing() -> None:
    found = frozen(best_of(DESIGN, {**JUDGE, "agent": "claude"}, agent="opencode"))
    assert {step.agent for step in found.every_step.values()} == {"claude", "codex"}


def test_later_steps_of_a_persona_judge_cannot_go_back_over_it() -> None:
    check: Json = {"name": "check", "type": "checker", "loop": {"backTo": "design"}}
    chooser: Json = {"name": "choose", "persona": "judge"}
    persona = document("Persona", "judge", {"type": "judge"})
    found = decided(best_of(DESIGN, chooser, check), persona)
    assert isinstance(found, Held)
    assert 'Step "check" cannot go back to "design", which the candidates do.' in found.message


def test_the_plan_shows_the_prompt_of_every_candidate() -> None:
    everything = catalog(project(), best_of(DESIGN, TEST, JUDGE), run("fix-auth"))
    found = plan(everything, observed(), now=NOW, drivers=AGENTS)
    (start,) = (one for one in found.actions if isinstance(one, StartRun))
    assert [one.step for one in start.prompts] == [
        *("c1/design", "c1/test", "c2/design", "c2/test", "judge"),
    ]


def test_explaining_tells_the_values_of_every_candidate() -> None:
    everything = catalog(project(), best_of(DESIGN, JUDGE), run("fix-auth"))
    told = explain(everything, RUN)
    assert told["c2/design"]["agent"].value == "codex"
    assert "design" not in told
    assert told["judge"]["agent"].value == "claude"


def test_a_plan_frozen_before_there_were_candidates_is_still_read() -> None:
    told = frozen(workflow()).model_dump(mode="json", by_alias=True)
    for word in ("candidates", "candidate"):
        told.pop(word)
    assert FrozenPlan.model_validate_json(json.dumps(told)).candidates == ()
