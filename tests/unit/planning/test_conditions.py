from datetime import UTC, datetime, timedelta

from courier.diagnostics import Diagnostic, Position, Severity
from courier.planning.conditions import Condition, Look, conditions
from courier.planning.plan import Plan, ResumeRun

AT = datetime(2026, 11, 21, tzinfo=UTC)
LATER = AT + timedelta(minutes=1)


def plan(*actions: ResumeRun) -> Plan:
    return Plan(
        project="demo",
        repository="r",
        commit="c",
        catalog_digest="d",
        observed_digest="o",
        actions=actions,
        settled=3,
    )


RESUME = ResumeRun(run="a", reason="under way")
BROKEN = Diagnostic(
    Severity.ERROR, "UnknownField", "Unknown field.", position=Position("a.yaml", 3)
)


def by_type(found: tuple[Condition, ...]) -> dict[str, tuple[str, str, datetime]]:
    return {one.type: (one.status, one.reason, one.since) for one in found}


def test_a_settled_project_is_ready() -> None:
    found = by_type(conditions(Look(AT, "c", plan())))
    assert found["Ready"][:2] == ("True", "Settled")
    assert found["Reconciling"][0] == found["Stalled"][0] == "False"


def test_since_moves_only_with_the_status() -> None:
    first = conditions(Look(AT, "c1", plan(RESUME)))
    second = conditions(Look(LATER, "c2", plan(RESUME)), earlier=first)
    third = conditions(Look(LATER, "c3", plan()), earlier=second)
    assert by_type(second)["Reconciling"] == ("True", "RunsUnderWay", AT)
    assert {one.observed_commit for one in second} == {"c2"}
    assert by_type(third)["Reconciling"][::2] == ("False", LATER)
    assert by_type(third)["Stalled"][::2] == ("False", AT)


def test_broken_documents_stall_while_the_last_good_ones_go_on() -> None:
    found = conditions(Look(AT, "c", plan(RESUME), problems=[BROKEN]))
    assert by_type(found)["Stalled"][:2] == ("True", "InvalidDocuments")
    assert by_type(found)["Ready"][:2] == ("False", "InvalidDocuments")
    assert by_type(found)["Reconciling"][0] == "True"
    assert "a.yaml:3:1: Unknown field." in found[2].message


def test_a_fault_stalls_and_says_itself() -> None:
    found = conditions(Look(AT, "c", fault="The remote did not answer."))
    assert by_type(found)["Stalled"][:2] == ("True", "PassFailed")
    assert found[0].message == "The remote did not answer."


def test_before_the_first_pass_nothing_is_ready() -> None:
    assert by_type(conditions(Look(AT, "c")))["Ready"][:2] == ("False", "NotLookedYet")
