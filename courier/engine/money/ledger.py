"""The ledger: what each project spent today and this month, by everything this process knows.

Runs that are under way here tell it with every report of their agents, so that all of them together
stop at a cap. What others spent comes from the pool of all who share the runs, where there is one,
and from the state branch.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from courier.engine.money.pool import Entry, Pool
from courier.errors import Unavailable
from courier.ports.state import StateBranch
from courier.runs.records.charges import Charge, month_path
from courier.runs.usage.budget import Caps, Shortage, headroom, shortage
from courier.runs.usage.spending import Spent, day_of, read_lines, spent_by

log = logging.getLogger(__name__)


class Ledger:
    """Sums by project, day and month; every entry has a key, so that nothing counts twice.

    Args:
        pool: What all who share the runs spend; None where nobody else runs any.
    """

    def __init__(self, pool: Pool | None = None) -> None:
        self._pool = pool
        self._unsaid: dict[str, Entry] = {}
        self._recorded: set[str] = set()
        self._entries: dict[str, Entry] = {}
        self._days: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self._runs: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._caps: Mapping[str, Caps] = {}
        self._months: dict[str, bytes] = {}
        self._hosted: set[str] = set()

    def keep_to(self, caps: Mapping[str, Caps]) -> None:
        """Take in what projects may spend now, by the documents in force."""
        self._caps = dict(caps)

    def caps_of(self, project: str, *, frozen: Caps) -> Caps:
        """Return what a project may spend: as last told, else as a run was started with."""
        return self._caps.get(project, frozen)

    @property
    def is_kept(self) -> bool:
        """Return whether any project has a budget of the day or the month."""
        return any(caps.any for caps in self._caps.values())

    def host(self, run: str) -> None:
        """Take in that a run's agents work here, so that it is known to the last report."""
        self._hosted.add(run)

    def hosts(self, run: str) -> bool:
        """Return whether a run's agents work here."""
        return run in self._hosted

    def note(self, key: str, *, project: str, run: str, at: datetime, usd: Decimal) -> None:
        """Make an entry, or bring it up to date; it counts on the day of the newest word."""
        entry = Entry(key, project, run, f"{at.astimezone(UTC):%Y-%m-%d}", usd)
        if self._pool is None:
            self._put(entry)
        elif self._grows(entry):
            self._put(entry)
            self._unsaid[key] = entry

    def note_charges(self, charges: Iterable[Charge]) -> None:
        """Make an entry of every line of usage."""
        for one in charges:
            self.note(one.key, project=one.project, run=one.run, at=one.at, usd=one.usage.spent)

    async def exchange(self, now: datetime) -> None:
        """Tell others what was spent here and take in what they spent, as far as they answer."""
        if self._pool is None:
            return
        mine = tuple(self._unsaid.values())
        try:
            told = await self._pool.exchange(mine, now=now)
        except Unavailable as unreached:
            # What is known here still holds; the rest counts when it can be told.
            log.warning("What other workers spend is not known now: %s", unreached)
            return
        for entry in mine:
            if self._unsaid.get(entry.key) is entry:
                del self._unsaid[entry.key]
        for entry in told:
            if self._grows(entry):
                self._put(entry)

    async def tell(self, now: datetime) -> None:
        """Exchange with others if there is anything they do not know."""
        if self._unsaid:
            await self.exchange(now)

    async def follow(self, state: StateBranch, now: datetime) -> None:
        """Take in what the state branch, as last fetched, says of this month.

        Raises:
            Unavailable: If it cannot be read.
        """
        path = month_path(now)
        content = (await state.read([path])).get(path, b"")
        known = self._months.get(path, b"")
        if content == known:
            return
        new = content[len(known) :] if content.startswith(known) else content
        self._months = {path: content}
        for line in read_lines(new):
            project, run = line.get("project") or "", line.get("run") or ""
            self._recorded.add(line["key"])
            self._put(Entry(line["key"], project, run, day_of(line), spent_by(line)))

    def projects(self) -> frozenset[str]:
        """Return every project that is known to have spent anything."""
        return frozenset(project for project, _ in self._days)

    def spent(self, project: str, now: datetime) -> Spent:
        """Return what a project spent today and this month."""
        today = f"{now.astimezone(UTC):%Y-%m-%d}"
        month = sum(
            (
                usd
                for (owner, day), usd in self._days.items()
                if owner == project and day[:7] == today[:7]
            ),
            Decimal(0),
        )
        return Spent(self._days.get((project, today), Decimal(0)), month)

    def spent_by_run(self, run: str) -> Decimal:
        """Return what is known to have been spent by a run."""
        return self._runs.get(run, Decimal(0))

    def short(self, project: str, now: datetime, *, frozen: Caps) -> Shortage | None:
        """Return what is used up of a project's budgets."""
        caps = self.caps_of(project, frozen=frozen)
        return shortage(caps, self.spent(project, now), now=now) if caps.any else None

    def left(self, project: str, now: datetime, *, frozen: Caps) -> Decimal | None:
        """Return what a project may still spend now; None for no limit."""
        caps = self.caps_of(project, frozen=frozen)
        return headroom(caps, self.spent(project, now)) if caps.any else None

    def _grows(self, entry: Entry) -> bool:
        """Return whether an entry says more than is known: a run that goes on elsewhere repeats."""
        known = self._entries.get(entry.key)
        return known is None or (entry.key not in self._recorded and entry.usd > known.usd)

    def _put(self, entry: Entry) -> None:
        former = self._entries.get(entry.key)
        if former is not None:
            self._days[former.project, former.day] -= former.usd
            self._runs[former.run] -= former.usd
        self._entries[entry.key] = entry
        self._days[entry.project, entry.day] += entry.usd
        self._runs[entry.run] += entry.usd
