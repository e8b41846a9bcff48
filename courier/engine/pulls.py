"""Open pull requests as their forges tell them now, each forge asked once."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from courier.engine.world import World
from courier.errors import CourierError
from courier.planning.observed import ObservedRun

log = logging.getLogger(__name__)


class Pulls:
    """Looks at many pull requests at a time; a forge that does not answer breaks nothing off."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def look(self, records: Sequence[ObservedRun]) -> Mapping[str, str]:
        """Return the status of each run's pull request: what is on record where none is told."""
        forges = sorted({one.forge for one in records})
        asked = [
            self._of(forge, [one for one in records if one.forge == forge]) for forge in forges
        ]
        return {
            run: status for told in await asyncio.gather(*asked) for run, status in told.items()
        }

    async def _of(self, forge: str, records: Sequence[ObservedRun]) -> Mapping[str, str]:
        numbers = {one.number or 0 for one in records}
        try:
            found = await self._world.forge_named(forge).look(numbers)
        except CourierError as fault:
            log.warning("pull requests cannot be looked at: %s", fault)
            found = {}
        else:
            if missing := sorted(numbers - found.keys()):
                log.warning("there are no pull requests %s any more", missing)
        told = {one.run: found.get(one.number or 0) for one in records}
        return {
            one.run: now.status if (now := told[one.run]) is not None else one.pull_request or ""
            for one in records
        }
