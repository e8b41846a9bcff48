"""Places where runs wait: named, and moved where their step is left out."""

from collections.abc import Mapping

from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import freeze
from courier.runs.run.frozen import FrozenApproval, FrozenPlan
from tests.unit.planning.world import DRIVERS, catalog, document, observed, project, run


def approvals(*places: Mapping[str, object], **spec: object) -> tuple[FrozenApproval, ...]:
    off = document("Persona", "scout", {"type": "investigator", "enabled": False})
    flow = document(
        "Workflow",
        "fix",
        {"type": "designerChecker", "approvals": [dict(each) for each in places]} | spec,
    )
    documents = catalog(project(), flow, run(), off)
    found = freeze(documents, Ref("Run", "fix-auth"), observed=observed(), drivers=DRIVERS)
    assert isinstance(found, FrozenPlan)
    assert found.document == ".courier/run-fix-auth.yaml"
    return found.approvals


def test_they_are_named_by_place_and_keep_what_is_said() -> None:
    found = approvals(
        {"before": "delivery", "reason": " Look. ", "by": ["ada", "owner"], "timeout": "2d"},
        {"after": "design"},
        {"before": "delivery"},
        {"name": "mine", "before": "check"},
    )
    assert [place.name for place in found] == [
        *("before-delivery", "after-design", "before-delivery-2", "mine")
    ]
    assert found[0] == FrozenApproval(
        name="before-delivery",
        before="delivery",
        by=("ada", "owner"),
        reason="Look.",
        timeout_seconds=172_800,
    )


def test_those_at_a_step_that_is_left_out_move_on() -> None:
    steps = [
        {"name": "scout", "persona": "scout"},
        {"name": "design", "type": "designer"},
        {"name": "last", "persona": "scout"},
    ]
    places = ({"after": "scout"}, {"before": "scout"}, {"after": "last"}, {"after": "design"})
    found = approvals(*places, type="pipeline", steps=steps)
    assert [(place.before, place.after) for place in found] == [
        *(("design", None), ("design", None), ("delivery", None), (None, "design"))
    ]
