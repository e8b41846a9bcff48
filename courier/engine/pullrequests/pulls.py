"""Pull requests as their forges tell them now: all who ask share one look, no more than due."""

import asyncio
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from courier.engine.world import World
from courier.errors import CourierError, NotFound, Unavailable
from courier.runs.pullrequests.cadence import SELDOM, apart, pause_after
from courier.runs.pullrequests.pullrequest import PullRequest

log = logging.getLogger(__name__)

UNPACED: Final = frozenset({"local"})
"""Forges that cost nothing to ask: they are asked whenever somebody looks."""

Place = tuple[str, int]
"""A pull request's forge and its number there."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a pull request was like, None where there is none, and when it is looked at again."""

    pull: PullRequest | None
    due: datetime


@dataclass(frozen=True, slots=True)
class _Rest:
    """Until when a forge that does not answer is left alone, since when, and why."""

    until: datetime
    since: datetime
    why: str


class Pulls:
    """Looks at many pull requests at a time; a forge that does not answer breaks nothing off.

    One of these serves a whole pass: what runs delivered or ask to have approved, and what else
    courier proposes.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[Place, _Seen] = {}
        self._resting: dict[str, _Rest] = {}

    def look_again(self) -> None:
        """Take it that something changed on one of them: all are due."""
        now = self._world.clock.now()
        self._seen = {place: _Seen(one.pull, now) for place, one in self._seen.items()}
        self._resting = {}

    def keep(self, places: Collection[Place]) -> None:
        """Forget all others: no forge changes them any more."""
        self._seen = {place: one for place, one in self._seen.items() if place in places}

    async def look(self, places: Iterable[Place]) -> None:
        """Ask each forge once about all of them that are due."""
        now = self._world.clock.now()
        due = [place for place in frozenset(places) if self._is_due(place, now)]
        forges = sorted({forge for forge, _ in due} - self._away(now))
        await asyncio.gather(
            *(self._try(forge, [number for of, number in due if of == forge]) for forge in forges)
        )

    def status(self, place: Place) -> str | None:
        """Return where one is, as last looked at; None where nobody could tell."""
        seen = self._seen.get(place)
        return seen.pull.status if seen is not None and seen.pull is not None else None

    async def get(self, place: Place) -> PullRequest:
        """Return one as this pass saw it; asks for it alone if it is due.

        Raises:
            NotFound: If there is none.
            Unavailable: If its forge did not answer just now.
        """
        forge, number = place
        now = self._world.clock.now()
        if self._is_due(place, now):
            if forge in self._away(now):
                why = self._resting[forge].why
                raise Unavailable("The forge is left alone for a while.", detail=why)
            await self._ask(forge, [number])
        pull = self._seen[place].pull
        if pull is None:
            raise NotFound("There is no such pull request.", detail=f"{forge}#{number}")
        return pull

    def _is_due(self, place: Place, now: datetime) -> bool:
        return place not in self._seen or self._seen[place].due <= now

    def _away(self, now: datetime) -> frozenset[str]:
        return frozenset(name for name, rest in self._resting.items() if now < rest.until)

    async def _try(self, forge: str, numbers: Collection[int]) -> None:
        try:
            await self._ask(forge, numbers)
        except CourierError as fault:
            log.warning("pull requests cannot be looked at: %s", fault)

    async def _ask(self, forge: str, numbers: Collection[int]) -> None:
        try:
            found = await self._world.forge_named(forge).look(numbers)
        except CourierError as fault:
            self._let_rest(forge, str(fault))
            raise
        self._resting.pop(forge, None)
        if missing := sorted(set(numbers) - found.keys()):
            log.warning("there are no pull requests %s any more", missing)
        now = self._world.clock.now()
        for number in numbers:
            pull = found.get(number)
            self._seen[forge, number] = _Seen(pull, _due((forge, number), pull, now))

    def _let_rest(self, forge: str, why: str) -> None:
        if forge in UNPACED:
            return
        now, before = self._world.clock.now(), self._resting.get(forge)
        since = before.since if before is not None else now
        self._resting[forge] = _Rest(now + pause_after(now - since), since, why)


def _due(place: Place, pull: PullRequest | None, now: datetime) -> datetime:
    forge, number = place
    if forge in UNPACED:
        return now
    pause = pause_after(now - pull.updated_at) if pull is not None else SELDOM
    return now + apart(pause, f"{forge}#{number}")
