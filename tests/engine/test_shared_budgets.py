"""Several workers, one budget of the day: they stop together, and a killed one leaves nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from courier.engine.money.ledger import Ledger
from courier.engine.money.pool import Entry
from courier.engine.money.purse import Account, Purse
from courier.engine.postgres.pool import SharedPool
from courier.engine.postgres.schema import open_session
from courier.errors import Unavailable
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.usage.budget import DAY, Caps
from courier.runs.usage.spending import read_lines, spent_by
from courier.system import SystemClock
from tests.contracts.scratch import git
from tests.engine.teams import Team, team
from tests.engine.worlds import make_origin, plan_of
from tests.fakes.clock import FakeClock
from tests.fakes.embedded import Endpoint
from tests.fakes.postgres import Server
from tests.unit.runs.builders import frozen

REPORT = """echo '{"kind": "usage", "usage": {"costUsd": "0.30"}}'"""
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DONE = """echo '{"outcome": {"text": "Done."}}'"""
LOOP = f"for n in $(seq 100); do {REPORT}; sleep 1; done; {DONE}"


class Severable(SharedPool):
    """A pool whose database can be out of reach."""

    is_cut = False

    async def exchange(self, entries: Sequence[Entry], *, now: datetime) -> Sequence[Entry]:
        if self.is_cut:
            raise Unavailable("The database does not answer.")
        return await super().exchange(entries, now=now)


@pytest_asyncio.fixture
async def pools(postgres: Server) -> AsyncIterator[list[Severable]]:
    """The pools of as many workers on a fresh database as a test wants."""
    database = postgres.database()
    open_session(database, name="test").close()
    made = [Severable(database, SystemClock()) for _ in range(7)]
    yield made
    await asyncio.gather(*(pool.close() for pool in made))


async def test_workers_that_report_at_the_same_time_stop_at_the_cap(
    pools: list[Severable],
) -> None:
    clock, caps = FakeClock(at="2026-11-22T12:00:00+00:00"), Caps(per_day=Decimal(5))
    spent = dict.fromkeys(range(6), Decimal(0))

    async def work(number: int) -> None:
        plan = frozen(run=f"run-{number}", caps=caps)
        purse = Purse(Ledger(pools[number]), clock, Account(f"run-{number}/work-1.1", plan))
        while True:
            spent[number] += Decimal("0.07")
            if (short := await purse.settle(spent[number])) is not None:
                assert short.reason == DAY
                return

    await asyncio.gather(*map(work, spent))
    late = Ledger(pools[6])
    await late.exchange(clock.now())
    assert late.spent(frozen().project, clock.now()).day == sum(spent.values())
    # Each that had not heard of it yet said one word more.
    assert 5 <= sum(spent.values()) < 5 + len(spent) * Decimal("0.07")


async def test_a_key_counts_once_with_the_most_that_was_said_of_it(
    pools: list[Severable],
) -> None:
    one, two, now = Ledger(pools[0]), Ledger(pools[1]), NOW
    one.note("fix/work-1.1", project="demo", run="fix", at=now, usd=Decimal(3))
    await one.exchange(now)
    # Another worker takes the run over and reads the output from its first line.
    two.note("fix/work-1.1", project="demo", run="fix", at=now, usd=Decimal(1))
    await two.exchange(now)
    assert two.spent("demo", now).day == 3
    two.note("fix/work-1.1", project="demo", run="fix", at=now, usd=Decimal(2))
    assert two.spent("demo", now).day == 3
    two.note("fix/work-1.1", project="demo", run="fix", at=now, usd=Decimal(4))
    await two.exchange(now)
    await one.exchange(now)
    assert one.spent("demo", now).day == 4


async def test_without_the_database_what_is_known_here_holds_and_is_told_later(
    pools: list[Severable],
) -> None:
    cut, other, now = Ledger(pools[0]), Ledger(pools[1]), NOW
    pools[0].is_cut = True
    cut.note("fix/work-1.1", project="demo", run="fix", at=now, usd=Decimal(3))
    await cut.exchange(now)
    assert cut.spent("demo", now).day == 3
    pools[0].is_cut = False
    await cut.exchange(now)
    await other.exchange(now)
    assert other.spent("demo", now).day == 3


@pytest_asyncio.fixture
async def crew(tmp_path: Path, sandboxd: Endpoint, postgres: Server) -> AsyncIterator[Team]:
    origin = make_origin(tmp_path, {"value": "none\n"})
    async with team(tmp_path, origin, sandboxd, postgres.url) as made:
        yield made


def spender(crew: Team, run: str) -> FrozenPlan:
    base = git("rev-parse", "main", cwd=crew.origin).strip()
    steps = (FrozenStep(name="work", type="custom", agent="teller", run=LOOP),)
    plan = plan_of(base, run, steps)
    caps = Caps(per_day=Decimal(3))
    return plan.model_copy(update={"workflow_type": "single", "caps": caps})


def recorded(crew: Team) -> list[tuple[str, Decimal]]:
    names = git("ls-tree", "-r", "--name-only", "courier/state", "usage/", cwd=crew.origin).split()
    content = "".join(git("show", f"courier/state:{name}", cwd=crew.origin) for name in names)
    return [(line["key"], spent_by(line)) for line in read_lines(content.encode())]


@pytest.mark.slow
async def test_workers_share_a_day_and_a_killed_one_leaves_nothing_behind(crew: Team) -> None:
    """Two runs at two workers, one of them killed; the third run must not start any more."""
    first, _ = crew.hire(), crew.hire()
    await crew.submit(spender(crew, "one"))
    await crew.submit(spender(crew, "two"))
    await asyncio.sleep(2.5)
    first.kill()
    for run in ("one", "two"):
        state = await asyncio.wait_for(crew.client.wait(run), 90)
        assert state.result == {"phase": "failed", "reason": "DayBudgetExceeded"}
    lines = recorded(crew)
    assert sorted(key for key, _ in lines) == ["one/work-1.1", "two/work-1.1"]
    total = sum(usd for _, usd in lines)
    # An agent whose worker was killed works on unheard for the seconds of the takeover.
    assert 3 <= total <= 3 + 2 * Decimal("0.30") + 10 * Decimal("0.30")
    await crew.submit(spender(crew, "three"))
    state = await asyncio.wait_for(crew.client.wait("three"), 60)
    assert state.result == {"phase": "failed", "reason": "DayBudgetExceeded"}
    assert len(recorded(crew)) == 2
