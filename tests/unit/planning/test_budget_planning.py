"""What budgets of projects hold back, what they set aside, and what they let go on."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from courier.planning.observed.observed import InFlight, Lacking, Observed
from courier.planning.plan import GrantBudget, Plan, StartRun
from courier.runs.usage.budget import DAY, MONTH, RUN
from courier.runs.usage.spending import Spent
from tests.unit.planning.world import Json, observed, planned, project, run, workflow


def seen(day: str = "0", month: str | None = None, **more: object) -> Observed:
    spent = {"demo": Spent(Decimal(day), Decimal(month or day))}
    return replace(observed(), spent=spent, **more)  # type: ignore[arg-type]


def held(found: Plan) -> list[tuple[str, str]]:
    return [(each.name, each.reason) for each in found.held]


def starts(found: Plan) -> list[str]:
    return [each.run for each in found.actions if isinstance(each, StartRun)]


def documents(*runs: str, budgets: Json, **spec: object) -> list[Json]:
    return [project(budgets=budgets), workflow(), *(run(name, **spec) for name in runs)]


@pytest.mark.parametrize(
    ("day", "month", "reason"), [("4", "4", DAY), ("1", "40", MONTH), ("3.99", "39.99", None)]
)
def test_nothing_starts_where_nothing_is_left(day: str, month: str, reason: str | None) -> None:
    asked = documents("a", budgets={"perDay": 4, "perMonth": 40})
    found = planned(*asked, seen=seen(day, month))
    assert held(found) == ([("a", reason)] if reason else [])
    assert starts(found) == ([] if reason else ["a"])
    assert found.budgets[0].spent_today == Decimal(day)


def test_what_is_held_for_money_is_looked_at_when_the_day_begins_anew() -> None:
    found = planned(*documents("a", budgets={"perDay": 4}), seen=seen("4"))
    assert found.wake_at == datetime(2026, 11, 22, tzinfo=UTC)
    assert "$4.00 of its budget of 2026-11-21, $4.00" in found.held[0].message
    assert planned(*documents("a", budgets={"perDay": 4}), seen=seen("3")).wake_at is None


def test_runs_that_fail_without_money_start_so_that_their_record_says_so() -> None:
    asked = documents("a", budgets={"perDay": 4, "onExceed": "fail"})
    assert starts(planned(*asked, seen=seen("4"))) == ["a"]


def test_what_runs_may_still_cost_is_set_aside() -> None:
    asked = documents("a", "b", "c", budgets={"perDay": 4}, budget=2)
    found = planned(*asked, seen=seen("1"))
    assert starts(found) == ["a", "b"]
    assert held(found) == [("c", DAY)]
    assert "$4.00 are set aside for runs under way (a, b)" in found.held[0].message
    assert found.budgets[0].aside == 4
    flying = InFlight(run="x", project="demo", may_cost=Decimal(3))
    assert starts(planned(*asked, seen=seen("1", in_flight={"x": flying}))) == []
    resting = InFlight(run="x", project="demo")
    assert starts(planned(*asked, seen=seen("1", in_flight={"x": resting}))) == ["a", "b"]


def granted(found: Plan) -> list[tuple[str, Decimal | None]]:
    grants = [each for each in found.actions if isinstance(each, GrantBudget)]
    return [(each.run, each.grant.per_run) for each in grants]


def lacks(reason: str, *, spent: str = "2", name: str = "a", day: str = "0") -> Observed:
    waits = Lacking(name, "demo", reason, Decimal(spent), "fix")
    return seen(day, lacking={name: waits}, in_flight={name: InFlight(run=name)})


def test_a_run_goes_on_when_its_own_budget_was_raised_enough() -> None:
    for budget, wanted in ((2, []), (3, [("a", Decimal(3))])):
        asked = documents("a", budgets={"perRun": 1}, budget=budget)
        assert granted(planned(*asked, seen=lacks(RUN))) == wanted
    everywhere = documents("a", budgets={"perRun": 5})
    assert granted(planned(*everywhere, seen=lacks(RUN))) == [("a", Decimal(5))]
    unlimited = [project(), workflow(), run("a")]
    assert granted(planned(*unlimited, seen=lacks(RUN))) == [("a", Decimal(1_000_000))]


def test_a_run_of_a_recurring_task_goes_by_its_workflow_and_project() -> None:
    of_project = [project(budgets={"perRun": 9}), workflow()]
    assert granted(planned(*of_project, seen=lacks(RUN, name="n-1"))) == [("n-1", Decimal(9))]
    of_workflow = [project(budgets={"perRun": 9}), workflow(budget=1)]
    assert granted(planned(*of_workflow, seen=lacks(RUN, name="n-1"))) == []


def test_a_run_that_waits_for_its_project_goes_on_as_soon_as_there_is_something() -> None:
    asked = documents("a", budgets={"perDay": 4})
    assert granted(planned(*asked, seen=lacks(DAY, day="4"))) == []
    assert granted(planned(*asked, seen=lacks(DAY, day="3.9"))) == [("a", None)]
    assert granted(planned(project(), workflow(), run("a"), seen=lacks(DAY))) == [("a", None)]


def test_a_raise_of_the_run_waits_for_its_project_too() -> None:
    asked = documents("a", budgets={"perDay": 4}, budget=9)
    assert granted(planned(*asked, seen=lacks(RUN, day="4"))) == []
