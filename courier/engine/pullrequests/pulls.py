"""Open pull requests as their forges tell them now, each forge asked once, and no more than due."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from courier.engine.world import World
from courier.errors import CourierError
from courier.planning.observed.observed import ObservedRun
from courier.planning.schedules.cadence import pause_after
from courier.runs.pullrequests.pullrequest import PullRequest

log = logging.getLogger(__name__)

UNPACED: Final = frozenset({"local"})
"""Forges that cost nothing to ask: they are asked whenever somebody looks."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The status a pull request had, and when it is to be looked at again."""

    status: str
    due: datetime


class Pulls:
    """Looks at many pull requests at a time; a forge that does not answer breaks nothing off."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[tuple[str, int], _Seen] = {}

    def look_again(self) -> None:
        """Take it that something changed on one of them: all are due."""
        now = self._world.clock.now()
        self._seen = {key: _Seen(one.status, now) for key, one in self._seen.items()}

    async def look(self, records: Sequence[ObservedRun]) -> Mapping[str, str]:
        """Return the status of each run's pull request: what is on record where none is told."""
        keys = {(one.forge, one.number or 0) for one in records}
        now = self._world.clock.now()
        due = [key for key in keys if key not in self._seen or self._seen[key].due <= now]
        forges = sorted({forge for forge, _ in due})
        await asyncio.gather(
            *(self._ask(forge, [number for of, number in due if of == forge]) for forge in forges)
        )
        told = {one.run: self._seen.get((one.forge, one.number or 0)) for one in records}
        return {
            one.run: seen.status if (seen := told[one.run]) is not None else one.pull_request or ""
            for one in records
        }

    def keep(self, records: Sequence[ObservedRun]) -> None:
        """Forget pull requests that no forge changes any more."""
        keys = {(one.forge, one.number or 0) for one in records}
        self._seen = {key: one for key, one in self._seen.items() if key in keys}

    async def _ask(self, forge: str, numbers: Collection[int]) -> None:
        try:
            found = await self._world.forge_named(forge).look(numbers)
        except CourierError as fault:
            log.warning("pull requests cannot be looked at: %s", fault)
            return
        if missing := sorted(set(numbers) - found.keys()):
            log.warning("there are no pull requests %s any more", missing)
        now = self._world.clock.now()
        for number, pull in found.items():
            self._seen[forge, number] = _Seen(pull.status, _due(forge, pull, now))


def _due(forge: str, pull: PullRequest, now: datetime) -> datetime:
    if forge in UNPACED:
        return now
    return now + pause_after(now - pull.updated_at, key=f"{forge}#{pull.number}")
