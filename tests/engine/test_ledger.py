"""The ledger: nothing counts twice, and runs that share a cap never go over it by much."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from courier.engine.money.ledger import Ledger
from courier.engine.money.purse import Account, Purse
from courier.runs.records.charges import Charge
from courier.runs.usage.budget import DAY, MONTH, Caps
from courier.runs.usage.spending import Spent
from courier.runs.usage.usage import Usage
from tests.fakes.clock import FakeClock
from tests.unit.runs.builders import frozen

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def enter(ledger: Ledger, key: str, usd: str, *, at: datetime = NOW, project: str = "demo") -> None:
    ledger.note(key, project=project, run=key.partition("/")[0], at=at, usd=Decimal(usd))


def test_an_entry_that_grows_counts_once_and_on_its_newest_day() -> None:
    ledger = Ledger()
    enter(ledger, "a/design", "1", at=NOW - timedelta(days=1))
    enter(ledger, "a/design", "3")
    enter(ledger, "b/design", "2", project="other")
    assert ledger.spent("demo", NOW) == Spent(Decimal(3), Decimal(3))
    assert ledger.spent_by_run("a") == 3


def test_days_and_months_are_told_apart() -> None:
    ledger = Ledger()
    for key, at in (("a", NOW), ("b", NOW.replace(day=1)), ("c", NOW.replace(month=10))):
        enter(ledger, key, "1", at=at)
    assert ledger.spent("demo", NOW) == Spent(Decimal(1), Decimal(2))


class Records:
    """A state branch that holds one month."""

    def __init__(self) -> None:
        self.lines = b""

    def add(self, key: str, usd: str) -> None:
        line = Charge(
            key=key,
            at=NOW,
            sort="step",
            project="demo",
            run=key.partition("/")[0],
            usage=Usage(cost_usd=Decimal(usd)),
        )
        self.lines += line.to_line() + b"\n"

    async def read(self, paths: list[str], *, at: str | None = None) -> dict[str, bytes]:
        return dict.fromkeys(paths, self.lines)


async def test_what_is_on_record_replaces_what_was_told_and_is_read_once() -> None:
    ledger, records = Ledger(), Records()
    enter(ledger, "a/design-1.1", "1.5")
    records.add("a/design-1.1", "2")
    await ledger.follow(records, NOW)  # type: ignore[arg-type]
    records.add("b/design-1.1", "3")
    await ledger.follow(records, NOW)  # type: ignore[arg-type]
    await ledger.follow(records, NOW)  # type: ignore[arg-type]
    assert ledger.spent("demo", NOW).day == 5
    records.lines = records.lines.splitlines(keepends=True)[1]
    await ledger.follow(records, NOW)  # type: ignore[arg-type]
    assert ledger.spent("demo", NOW).day == 5


def test_caps_in_force_go_before_those_a_run_was_started_with() -> None:
    ledger, frozen_caps = Ledger(), Caps(per_day=Decimal(1))
    enter(ledger, "a", "2")
    short = ledger.short("demo", NOW, frozen=frozen_caps)
    assert short is not None
    assert short.reason == DAY
    ledger.keep_to({"demo": Caps(per_day=Decimal(5))})
    assert ledger.short("demo", NOW, frozen=frozen_caps) is None
    assert ledger.left("demo", NOW, frozen=frozen_caps) == 3


def test_runs_that_share_caps_go_over_by_less_than_one_report_each() -> None:
    """Simulated: any number of runs report costs in any order until each is told to stop."""
    chance = random.Random(11)
    for _ in range(300):
        ledger, clock = Ledger(), FakeClock(at=NOW.isoformat())
        caps = Caps(
            per_day=chance.choice([None, Decimal(chance.randrange(1, 400)) / 100]),
            per_month=Decimal(chance.randrange(1, 600)) / 100,
        )
        plans = [frozen(run=f"run-{number}", caps=caps) for number in range(chance.randrange(1, 9))]
        spent = dict.fromkeys(range(len(plans)), Decimal(0))
        open_ones, last = set(spent), dict.fromkeys(spent, Decimal(0))
        while open_ones:
            at = chance.choice(sorted(open_ones))
            last[at] = Decimal(chance.randrange(1, 50)) / 100
            spent[at] += last[at]
            purse = Purse(ledger, clock, Account(f"run-{at}/design-1.1", plans[at]))
            short = purse.enter(spent[at])
            if short is not None:
                assert short.reason in (DAY, MONTH)
                open_ones.discard(at)
        cap = min(each for each in (caps.per_day, caps.per_month) if each is not None)
        total = sum(spent.values())
        assert cap <= total < cap + sum(last.values())
        assert ledger.spent("demo", NOW).day == total
