"""Rounds: later passes look at the checks of everything that is open, or was just merged.

What a run in flight waits for is hinted to it; of what has ended, the record follows. Looks grow
ever more seldom, and a forge is asked once for all that is due.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from courier.engine.running.checking import SIGNAL
from courier.engine.seam import RunClient
from courier.engine.world import World
from courier.errors import Conflict, CourierError, NotFound
from courier.planning.observed.listed import ListedRun
from courier.ports.state import SwapFile
from courier.runs.pullrequests.checks import Checks
from courier.runs.records.cichecks import CiChecks, read_checks
from courier.runs.records.writeback import to_json
from courier.runs.run.events import ENDED

log = logging.getLogger(__name__)

WAITED_FOR: Final = timedelta(seconds=15)
"""How long between two looks at what a run waits for."""

_MOVING: Final = timedelta(minutes=1)
_SETTLED: Final = timedelta(minutes=5)
_OLD: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Look:
    """The last look at one run's checks, and what the state branch was like then."""

    at: datetime
    tip: str | None
    checks: Checks | None = None


class Rounds:
    """Goes round what is open; most passes find nothing due and ask nobody."""

    def __init__(self, world: World, engine: RunClient) -> None:
        self._world = world
        self._engine = engine
        self._looks: dict[str, _Look] = {}

    async def go(self) -> Sequence[str]:
        """Return the runs whose records now say something else, or that were given a hint."""
        now, tip = self._world.clock.now(), await self._world.state.tip()
        proposed, merging = self._world.index.proposed(), self._world.index.merging()
        known = {one.observed.run for one in (*proposed, *merging)}
        self._looks = {run: look for run, look in self._looks.items() if run in known}
        due = [one for one in proposed if self._is_due(one, now, tip)]
        told: list[str] = []
        for forge in sorted({one.observed.forge for one in due}):
            told += await self._open(forge, [one for one in due if one.observed.forge == forge])
        for one in merging:
            if self._is_due(one, now, tip):
                told += await self._merged(one)
        return told

    def _is_due(self, one: ListedRun, now: datetime, tip: str | None) -> bool:
        look = self._looks.get(one.observed.run)
        if look is None or (one.observed.forge == "local" and look.tip != tip):
            return True
        return now - look.at >= _pause(one, look, now)

    async def _open(self, forge: str, due: Sequence[ListedRun]) -> Sequence[str]:
        numbers = {one.observed.number or 0: one for one in due}
        found: Mapping[int, Checks] = {}
        try:
            found = await self._world.forges[forge].checks_of(numbers)
        except CourierError as fault:
            log.warning("checks cannot be looked at: %s", fault)
        told = []
        for number, one in numbers.items():
            checks = found.get(number)
            if checks is not None and await self._tell(one, checks):
                told.append(one.observed.run)
            await self._note(one, checks)
        return told

    async def _merged(self, one: ListedRun) -> Sequence[str]:
        checks = None
        try:
            _, _, known = await self._record(one)
            if known is not None and known.after_merge is not None:
                forge = self._world.forges[one.observed.forge]
                checks = await forge.checks(known.after_merge.commit)
                if await self._write(one, known.looked_after(checks)):
                    return [one.observed.run]
        except CourierError as fault:
            log.warning("checks of %s after its merge are not known: %s", one.observed.run, fault)
        finally:
            await self._note(one, checks)
        return ()

    async def _note(self, one: ListedRun, checks: Checks | None) -> None:
        tip = await self._world.state.tip()
        self._looks[one.observed.run] = _Look(self._world.clock.now(), tip, checks)

    async def _tell(self, one: ListedRun, checks: Checks) -> bool:
        look = self._looks.get(one.observed.run)
        if look is not None and checks.says_the_same(look.checks):
            return False
        if one.observed.phase not in ENDED:
            return await self._hint(one, checks)
        try:
            _, _, known = await self._record(one)
            return known is not None and await self._write(one, known.looked(checks))
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


def _pause(one: ListedRun, look: _Look, now: datetime) -> timedelta:
    """Return how long after its last look one is due again."""
    seen = one.observed
    if seen.phase not in ENDED:
        return WAITED_FOR
    age = now - (one.ended_at or one.started_at)
    if age >= _DAY:
        return _OLD
    overall = look.checks.overall() if look.checks is not None else "none"
    return _MOVING if overall == "pending" or age < _SETTLED else _SETTLED
