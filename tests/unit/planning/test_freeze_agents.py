"""Agents that documents describe, frozen with the runs that use them."""

from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.planning.plan import Held
from courier.runs.run.frozen import FrozenPlan
from tests.unit.planning.world import DRIVERS, Json, catalog, document, observed, project, run
from tests.unit.planning.world import workflow as workflow_document

RUN = Ref("Run", "fix-auth")

MINE = {
    "start": ["mine", "--model", "{model}"],
    "continue": ["mine", "--resume", "{session}"],
    "output": {"format": "jsonLines", "text": "text", "session": "id"},
    "usage": {"inputTokens": "usage.in"},
    "env": [{"name": "KEY", "secretRef": "MY_KEY"}],
}


def _frozen(*documents: Json) -> FrozenPlan:
    found = freeze(catalog(*documents), RUN, observed=observed(), drivers=DRIVERS)
    assert isinstance(found, FrozenPlan), found
    return found


def _steps() -> Json:
    check = {"name": "check", "type": "checker", "agent": "claude"}
    steps = [{"name": "design", "type": "designer", "agent": "mine", "model": "m1"}, check]
    return workflow_document(type="designerChecker", steps=steps)


def test_a_described_agent_is_frozen_with_its_step() -> None:
    found = _frozen(project(), document("Agent", "mine", MINE), _steps(), run())
    design, check = found.steps
    assert (design.agent, design.model) == ("mine", "m1")
    assert design.described is not None
    assert design.described.continue_ == ("mine", "--resume", "{session}")
    assert check.described is None
    assert [each.name for each in found.inputs if each.kind == "Agent"] == ["mine"]


def test_a_frozen_plan_with_a_description_survives_being_stored() -> None:
    found = _frozen(project(), document("Agent", "mine", MINE), _steps(), run())
    assert FrozenPlan.model_validate_json(found.model_dump_json(by_alias=True)) == found


def test_an_agent_nobody_describes_is_held() -> None:
    documents = catalog(project(agent="codex"), workflow_document(), run())
    found = freeze(documents, RUN, observed=observed(), drivers=DRIVERS)
    assert isinstance(found, Held)
    assert '"codex" cannot be run yet' in found.message
