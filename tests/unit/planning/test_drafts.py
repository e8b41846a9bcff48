"""Requests for sprint plans: one run each, and a plan's document of what it answers."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from courier.planning.harvest.crop import Crop, Known, KnownDocument, Unusable
from courier.planning.harvest.reap import reap
from courier.planning.observed.askeddraft import AskedDraft
from courier.planning.observed.observed import InFlight, Observed, ObservedRun, fold
from courier.planning.plan import Plan, StartRun
from courier.planning.planner import plan
from courier.runs.harvest.contracts import CONTRACTS
from courier.runs.harvest.frozen import FrozenHarvest, Gathered
from tests.unit.planning.world import (
    DRIVERS,
    NOW,
    SCHEMAS,
    Json,
    catalog,
    document,
    observed,
    project,
)

ASKED = AskedDraft("sign-in", "People sign in.", "We use JWT.", 3, by="Ada <ada@example.com>")
HARVEST = FrozenHarvest(
    sort="sprintPlan",
    kind="SprintPlan",
    name="sign-in",
    most=3,
    given={"goal": "People sign in.\n", "background": "We use JWT.", "workflow": ""},
)
SPRINT = {"title": "Make a form", "prompt": "Make it.\n\nIt is done when it shows."}


def look(*documents: Json, asked: AskedDraft = ASKED, seen: Observed | None = None) -> Plan:
    found = replace(seen or observed(), drafts=(asked,))
    return plan(catalog(*documents), found, now=NOW, drivers=DRIVERS)


def crop(*sprints: dict[str, Any], known: Known | None = None, **given: Any) -> Crop:
    answer = {"sprints": [*sprints], "background": "JWT lies in src/."}
    found = CONTRACTS["sprintPlan"].read(answer, HARVEST)
    gathered = Gathered(
        reason="Gathered", found=found.model_dump(mode="json", by_alias=True, exclude_none=True)
    )
    harvest = HARVEST.model_copy(update={"given": {**HARVEST.given, **given}})
    return reap(gathered, harvest, known or Known(), schemas=SCHEMAS)


def test_a_request_starts_one_run_of_the_project_s_agent() -> None:
    (start,) = look(project(agent="claude", model="opus")).actions
    assert isinstance(start, StartRun)
    assert start.run == "sign-in.draft"
    assert start.reason == "SprintPlan/sign-in: Ada <ada@example.com> asked for it"
    (step,) = start.frozen.steps
    assert (step.type, step.agent, step.model) == ("planner", "claude", "opus")
    assert (start.frozen.asked_by, start.frozen.document) == ("Ada <ada@example.com>", "")
    assert (step.harvests, start.frozen.source) == ("sprintPlan", "manual")
    for words in ("People sign in.", "We use JWT.", "at most 3 sprints"):
        assert words in start.prompts[0].text


@pytest.mark.parametrize(
    "seen",
    [
        observed(flying=[InFlight("sign-in.draft")]),
        replace(observed(), records=fold([ObservedRun("sign-in.draft", "failed", "")])),
    ],
)
def test_a_request_is_carried_out_once_and_never_cancelled_for_want_of_a_document(
    seen: Observed,
) -> None:
    assert {each.action for each in look(project(), seen=seen).actions} <= {"resumeRun"}


def test_of_several_projects_the_one_that_was_meant_has_it() -> None:
    several = (project(), document("Project", "other", {"agent": "shell", "model": "x"}))
    assert look(*several).actions == ()
    (start,) = look(
        project(), document("Project", "other", {}), asked=replace(ASKED, project="other")
    ).actions
    assert isinstance(start, StartRun)
    assert start.frozen.project == "other"


def test_an_answer_becomes_a_plan() -> None:
    made = crop(SPRINT, {**SPRINT, "title": "Make a form!", "why": "Again."})
    ((path, content),) = made.files.items()
    assert path == ".courier/plans/sign-in.yaml"
    told = yaml.safe_load(content)
    assert told["spec"] == {
        "goal": "People sign in.",
        "background": "We use JWT.\n\nJWT lies in src/.",
        "sprints": [
            {"name": "make-a-form", **SPRINT},
            {"name": "make-a-form-2", "title": "Make a form!", "prompt": SPRINT["prompt"]},
        ],
    }
    assert made.title == "Plan sign-in: 2 sprints"
    assert "2. **Make a form!**: Again." in made.body


def test_sprints_name_the_workflow_that_was_asked_for() -> None:
    (content,) = crop(SPRINT, workflow="fix").files.values()
    assert [each["workflow"] for each in yaml.safe_load(content)["spec"]["sprints"]] == ["fix"]


def test_no_sprints_are_no_plan_and_no_plan_is_written_over() -> None:
    assert crop().message == "It planned no sprints."
    there = KnownDocument("SprintPlan", "sign-in", {})
    with pytest.raises(Unusable, match="There is a plan sign-in"):
        crop(SPRINT, known=Known((there,)))


def test_more_sprints_than_asked_for_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 3"):
        crop(*[SPRINT] * 4)
