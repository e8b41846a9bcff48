from datetime import UTC, datetime
from decimal import Decimal

from courier.planning.budgets.estimate import estimate
from courier.planning.observed.history import Sample

AT = datetime(2026, 11, 21, tzinfo=UTC)


def sample(number: int, cost: str | None = None) -> Sample:
    usd = Decimal(cost) if cost else None
    return Sample(f"run-{number}", AT, seconds=60.0 * number, tokens=1000 * number, cost_usd=usd)


def test_no_history_gives_no_estimate() -> None:
    assert estimate([]) is None


def test_few_runs_give_their_whole_range() -> None:
    found = estimate([sample(3, "0.30"), sample(1, "0.10"), sample(2)])
    assert found is not None
    assert (found.runs, found.seconds_low, found.seconds_high) == (3, 60.0, 180.0)
    assert (found.tokens_low, found.tokens_high) == (1000, 3000)
    assert (found.usd_low, found.usd_high) == (Decimal("0.10"), Decimal("0.30"))


def test_many_runs_leave_out_the_extremes() -> None:
    found = estimate([sample(number) for number in range(1, 21)])
    assert found is not None
    assert (found.tokens_low, found.tokens_high) == (2000, 19000)


def test_an_unknown_cost_is_not_zero() -> None:
    found = estimate([sample(1)])
    assert found is not None
    assert found.usd_low is None
