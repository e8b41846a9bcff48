"""Which line would raise a used-up budget."""

from dataclasses import replace
from decimal import Decimal

import pytest

from courier.engine.passes.raises import branch_of, raised
from courier.errors import Misused
from courier.planning.observed.observed import Lacking
from courier.planning.plan import Raise
from courier.runs.usage.budget import RUN
from courier.runs.usage.spending import Spent
from tests.unit.planning.world import Json, document, observed, planned, project, run

WANTS = {"perDay": 4, "perMonth": 40, "proposeRaise": True}


def budget(usd: int | None) -> dict[str, object]:
    return {} if usd is None else {"budget": usd}


def wanted(*documents: Json, day: str = "0", month: str = "0") -> list[Raise]:
    spent = {"demo": Spent(Decimal(day), Decimal(month))}
    return list(planned(*documents, seen=replace(observed(), spent=spent)).raises)


def test_what_is_used_up_is_raised_where_it_is_written() -> None:
    (found,) = wanted(project(budgets=WANTS), day="4")
    assert found.field == "budgets.perDay"
    assert (found.was, found.to) == (Decimal(4), Decimal(8))
    assert branch_of(found) == "courier-budget/demo-perDay-2026-11-21"
    (of_month,) = wanted(project(budgets=WANTS), day="4", month="40")
    assert branch_of(of_month) == "courier-budget/demo-perMonth-2026-11"


def test_nothing_is_proposed_unasked_or_before_it_is_used_up() -> None:
    assert wanted(project(budgets=WANTS), day="3.99") == []
    assert wanted(project(budgets={"perDay": 4}), day="4") == []


@pytest.mark.parametrize(
    ("own", "of_workflow", "field"),
    [(1, 2, "budget"), (None, 2, "budget"), (None, None, "budgets.perRun")],
)
def test_a_runs_budget_is_raised_where_it_comes_from(
    own: int | None, of_workflow: int | None, field: str
) -> None:
    documents = [
        project(budgets={"perRun": 3, "proposeRaise": True}),
        document("Workflow", "fix", {"type": "designerChecker", **budget(of_workflow)}),
        run("a", **budget(own)),
    ]
    lacking = {"a": Lacking("a", "demo", RUN, Decimal(9), "fix")}
    (found,) = planned(*documents, seen=replace(observed(), lacking=lacking)).raises
    assert found.field == field
    assert found.was == (own or of_workflow or 3)


def line(text: str, *, column: int) -> bytes:
    change = Raise(
        project="demo",
        field="budgets.perDay",
        period="2026-11-21",
        path=".courier/project.yaml",
        line=2,
        column=column,
        was=Decimal("1.5"),
        to=Decimal("3.0"),
        message="",
    )
    return raised(text.encode(), change)


def test_only_the_number_changes_whatever_stands_around_it() -> None:
    assert line("a: é\r\nb: {c: 1.50, d: 2}  # 1.50\r\n", column=8) == (
        "a: é\r\nb: {c: 3.0, d: 2}  # 1.50\r\n".encode()
    )
    with pytest.raises(Misused, match="one line"):
        line("a: &cap 1\nb: *cap\n", column=4)
