"""How runs did, from records alone."""

from decimal import Decimal
from typing import Any, get_args

import pytest

from courier.runs.records.statistics import By, Survived, figures_of, tallies


def run(name: str, phase: str = "completed", **more: Any) -> dict[str, Any]:
    told = {
        "run": name,
        "phase": phase,
        "workflow": "fix",
        "startedAt": "2026-01-02T03:00:00+00:00",
        "endedAt": "2026-01-02T03:10:00+00:00",
        "usage": {"costUsd": "1.50"},
        "steps": [
            attempt("design", 1, persona="ada", agent="claude", model="opus", cost="1.00"),
            attempt("check", 1, agent="codex", model=None, cost="0.25", verdict={"passed": False}),
            attempt("design", 2, persona="ada", agent="claude", model="opus", cost="0.25"),
        ],
    }
    return {**told, **more}


def attempt(step: str, iteration: int, *, cost: str, **more: Any) -> dict[str, Any]:
    return {
        "step": step,
        "iteration": iteration,
        "startedAt": "2026-01-02T03:00:00+00:00",
        "endedAt": "2026-01-02T03:01:00+00:00",
        "usage": {"costUsd": cost},
        **more,
    }


MERGED = {"number": 1, "status": "merged"}
CLOSED = {"number": 2, "status": "closed"}
OPEN = {"number": 3, "status": "created"}


def test_rates_are_of_what_was_decided() -> None:
    records = [
        run("a", pullRequest=MERGED, score={"composite": 80}),
        run("b", pullRequest=CLOSED, score={"composite": 60}),
        run("c", pullRequest=OPEN),
        run("d", "failed", usage={}),
        run("e", "cancelled"),
        run("f", "running"),
    ]
    told = tallies(records, by="workflow", survived={"a": Survived(10, 7)})["fix"]
    assert (told.runs, told.completed, told.failed, told.proposed) == (5, 3, 1, 3)
    assert told.success_rate == 0.75
    assert told.merge_rate == 0.5
    assert (told.score, len(told.scores)) == (70, 2)
    assert told.iterations == 2
    assert (told.cost_per_run, len(told.costs)) == (Decimal("1.50"), 4)
    assert told.cost_per_merged == Decimal("6.00")
    assert told.time == 600
    assert (told.survival, told.looked_at) == (0.7, 1)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("persona", {"-": "0.25", "ada": "1.25"}),
        ("agent", {"claude": "1.25", "codex": "0.25"}),
        ("model", {"-": "0.25", "opus": "1.25"}),
    ],
)
def test_who_took_part_counts_with_their_own_attempts(by: Any, expected: dict[str, str]) -> None:
    told = tallies([run("a", pullRequest=MERGED)], by=by, survived={})
    assert {name: str(one.cost_per_run) for name, one in told.items()} == expected
    assert all(one.runs == one.merged == 1 for one in told.values())


def test_a_model_nobody_chose_is_the_one_the_agent_told() -> None:
    step = attempt("work", 1, agent="claude", model=None, cost="1", outcome={"model": "opus-4"})
    assert [*tallies([run("a", steps=[step])], by="model", survived={})] == ["opus-4"]


def test_what_a_retry_took_over_costs_it_no_time() -> None:
    over = attempt("design", 1, persona="ada", cost="0", run="fix") | {"usage": {}}
    own = attempt("check", 1, persona="bo", cost="0.25")
    told = tallies([run("fix.r2", steps=[over, own])], by="persona", survived={})
    assert (told["ada"].runs, told["ada"].time, told["ada"].cost_per_run) == (1, None, None)
    assert (told["bo"].time, told["bo"].cost_per_run) == (60, Decimal("0.25"))


def test_nothing_is_made_of_nothing() -> None:
    told = tallies([run("a", "cancelled", usage={}, steps=[])], by="project", survived={})["-"]
    rates = (told.success_rate, told.merge_rate, told.survival, told.score, told.iterations)
    assert not any(one is not None for one in (*rates, told.cost_per_run, told.cost_per_merged))


@pytest.mark.parametrize("broken", [{}, {"phase": "completed", "steps": 3, "usage": []}])
def test_broken_records_stop_nothing(broken: dict[str, Any]) -> None:
    told = tallies([broken, run("a")], by="workflow", survived={})
    assert told["fix"].runs == 1


@pytest.mark.parametrize("by", get_args(By))
def test_the_figures_of_records_tell_all_that_records_do(by: By) -> None:
    over = attempt("design", 1, persona="ada", cost="0", run="fix")
    told = attempt("work", 1, agent="claude", model=None, cost="1", outcome={"model": "opus-4"})
    records = [
        run("a", pullRequest=MERGED, score={"composite": 80}, title="Long " * 99),
        run("b", pullRequest=CLOSED, usage={"costUsd": 1, "pricedUsd": "0.5"}, project="shop"),
        run("c", "failed", steps=[over, told, "no step"], endedAt=None),
        run("d", "running"),
        {"phase": "completed", "steps": 3, "usage": [], "score": 7, "project": 5},
    ]
    short = [figures_of(record) for record in records]
    survived = {"a": Survived(10, 7)}
    assert tallies(short, by=by, survived=survived) == tallies(records, by=by, survived=survived)
    assert len(str(short)) < len(str(records))
