"""Rounds: later passes look at the checks of everything that is open, or was just merged.

What a run in flight waits for is hinted to it; of what has ended, the record follows. Looks grow
ever more seldom, and a forge is asked once for all of either that is due.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from courier.engine.pullrequests.upshot import conclude
from courier.engine.running.checking import SIGNAL
from courier.engine.seam import RunClient
from courier.engine.world import World
from courier.errors import Conflict, CourierError, NotFound
from courier.planning.observed.listed import ListedRun
from courier.ports.state import SwapFile
from courier.runs.pullrequests.cadence import BUSY, pause_after
from courier.runs.pullrequests.checks import Checks
from courier.runs.records.cichecks import CiChecks, read_checks
from courier.runs.records.writeback import to_json
from courier.runs.run.events import ENDED

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """The last look at one run's checks, and what the state branch was like then.

    Attributes:
        since: Since when looks find the same.
        is_over: Whether the run had ended.
    """

    at: datetime
    tip: str | None
    since: datetime
    checks: Checks | None = None
    is_over: bool = False


class Rounds:
    """Goes round what is open; most passes find nothing due and ask nobody."""

    def __init__(self, world: World, engine: RunClient) -> None:
        self._world = world
        self._engine = engine
        self._looks: dict[str, _Look] = {}
        self._is_hinted = False

    def look_again(self) -> None:
        """Take it that something changed: everything is due."""
        self._is_hinted = True

    async def go(self) -> Sequence[str]:
        """Return the runs whose records now say something else, or that were given a hint."""
        now, tip = self._world.clock.now(), await self._world.state.tip()
        proposed, merging = self._world.index.proposed(), self._world.index.merging()
        known = {one.observed.run for one in (*proposed, *merging)}
        self._looks = {run: look for run, look in self._looks.items() if run in known}
        due = [one for one in (*proposed, *merging) if self._is_due(one, now, tip)]
        self._is_hinted = False
        told: list[str] = []
        for forge in sorted({one.observed.forge for one in due}):
            there = [one for one in due if one.observed.forge == forge]
            told += await self._open(forge, [one for one in there if one.observed.is_proposed])
            told += await self._merged(
                forge, [one for one in there if not one.observed.is_proposed]
            )
        return told

    def _is_due(self, one: ListedRun, now: datetime, tip: str | None) -> bool:
        look = self._looks.get(one.observed.run)
        if self._is_hinted or look is None:
            return True
        if one.observed.forge == "local" and look.tip != tip:
            return True
        return now - look.at >= _pause(one, look, now)

    async def _open(self, forge: str, due: Sequence[ListedRun]) -> Sequence[str]:
        numbers = {one.observed.number or 0: one for one in due}
        if not numbers:
            return ()
        found: Mapping[int, Checks] = {}
        try:
            found = await self._world.forge_named(forge).checks_of(numbers)
        except CourierError as fault:
            log.warning("checks cannot be looked at: %s", fault)
        told = []
        for number, one in numbers.items():
            checks = found.get(number)
            if checks is not None and await self._tell(one, checks):
                told.append(one.observed.run)
            await self._note(one, checks)
        return told

    async def _merged(self, forge: str, due: Sequence[ListedRun]) -> Sequence[str]:
        wanted: dict[str, CiChecks] = {}
        for one in due:
            _, _, known = await self._record(one)
            if known is not None and known.after_merge is not None:
                wanted[one.observed.run] = known
        commits = {known.after_merge.commit for known in wanted.values() if known.after_merge}
        found: Mapping[str, Checks] = {}
        try:
            if commits:
                found = await self._world.forge_named(forge).checks_at(commits)
        except CourierError as fault:
            log.warning("checks after merges cannot be looked at: %s", fault)
        return [one.observed.run for one in due if await self._put(one, wanted, found)]

    async def _put(
        self, one: ListedRun, wanted: Mapping[str, CiChecks], found: Mapping[str, Checks]
    ) -> bool:
        """Put on record what is said of the commit of a merge; return whether that is news."""
        known = wanted.get(one.observed.run)
        after = known.after_merge if known is not None else None
        checks = found.get(after.commit) if after is not None else None
        is_news = False
        try:
            if known is not None and checks is not None:
                is_news = await self._write(one, known.looked_after(checks))
        except CourierError as fault:
            log.warning("checks of %s are not put on record: %s", one.observed.run, fault)
        await self._note(one, checks)
        return is_news

    async def _note(self, one: ListedRun, checks: Checks | None) -> None:
        now, tip = self._world.clock.now(), await self._world.state.tip()
        before = self._looks.get(one.observed.run)
        since = before.since if before is not None else _began(one, now)
        if before is not None and before.checks is not None and checks is not None:
            since = since if checks.says_the_same(before.checks) else now
        known = checks or (before.checks if before is not None else None)
        is_over = one.observed.phase in ENDED
        self._looks[one.observed.run] = _Look(now, tip, since, known, is_over=is_over)

    async def _tell(self, one: ListedRun, checks: Checks) -> bool:
        run, is_over = one.observed.run, one.observed.phase in ENDED
        look = self._looks.get(run)
        if look is not None and checks.says_the_same(look.checks) and look.is_over == is_over:
            return False
        if not is_over:
            return await self._hint(one, checks)
        try:
            _, _, known = await self._record(one)
            if known is None:
                return False
            known = known.looked(checks)
            await conclude(self._world, one.observed, known)
            return await self._write(one, known)
        except CourierError as fault:
            log.warning("checks of %s are not put on record: %s", one.observed.run, fault)
            return False

    async def _hint(self, one: ListedRun, checks: Checks) -> bool:
        """Have a run look by itself that waits here for checks, and knows others than these."""
        run = one.observed.run
        state = await self._engine.status(run)
        if state is None or state.step != SIGNAL or state.cancellation is not None:
            return False
        _, _, known = await self._record(one)
        if known is not None and (known.head, known.checks) == (checks.head, checks.checks):
            return False
        try:
            await self._engine.send(run, SIGNAL, None)
        except (Conflict, NotFound):
            return False
        return True

    async def _write(self, one: ListedRun, known: CiChecks) -> bool:
        """Put on record what is news; somebody who wrote meanwhile is not overwritten."""
        was, record, before = await self._record(one)
        if before is None or known.says_the_same(before):
            return False
        record["ciChecks"] = known.model_dump(mode="json", by_alias=True)
        told = known.after_merge.overall if known.after_merge else known.overall
        swap = SwapFile(one.place, to_json(record), was=was)
        await self._world.state.write([swap], message=f"checks {told}: {one.observed.run}")
        return True

    async def _record(self, one: ListedRun) -> tuple[bytes, dict[str, Any], CiChecks | None]:
        was = (await self._world.state.read([one.place])).get(one.place, b"{}")
        try:
            record: dict[str, Any] = json.loads(was)
            return was, record, read_checks(record)
        except ValueError:
            return was, {}, None


def _began(one: ListedRun, now: datetime) -> datetime:
    """Return since when nothing has changed that is looked at for the first time."""
    if one.observed.phase not in ENDED:
        return now
    return one.ended_at or one.started_at


def _pause(one: ListedRun, look: _Look, now: datetime) -> timedelta:
    """Return how long after its last look one is due again."""
    is_busy = look.checks is not None and look.checks.overall() == "pending"
    pause = pause_after(now - look.since, is_busy=is_busy)
    # Nobody waits for what has ended.
    return max(pause, BUSY) if one.observed.phase in ENDED else pause
