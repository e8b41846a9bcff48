"""Sandboxes that outlived whoever used them, known by their labels alone."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from courier.engine.inflight import RunState
from courier.engine.interactive.guestbook import GuestBook
from courier.engine.pruning.leftovers import Leftover, Past
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.planning.observed.sandboxrecord import ObservedSandbox
from courier.ports.sandboxes import SandboxInfo
from courier.runs.interactive.frozen import name_of

HOME, RUN = "courier-home", "courier-run"

ENDED_GRACE = timedelta(minutes=15)
"""How long after a run's end its own cleaning up is left alone."""

UNKNOWN_GRACE = timedelta(hours=2)
"""How long a sandbox may be there whose run nobody knows."""

_OVER = ("killed", "error")


class Orphans:
    """Sandboxes of this courier whose run has ended, or is known to nobody.

    Args:
        world: Where they are.
        reader: Which runs there are.
        is_served: Whether the provider is there; it is not started to be asked.
    """

    def __init__(self, world: World, reader: RunReader, is_served: Callable[[], bool]) -> None:
        self._world = world
        self._reader = reader
        self._is_served = is_served

    async def find(self, past: Past) -> Sequence[Leftover]:
        """Return those that may go; one that somebody keeps for a person never does."""
        if not self._is_served():
            return ()
        found = await self._world.sandboxes.find({HOME: self._world.home})
        guests = await GuestBook(self._world.state).look() if found else {}
        looked = [(one, await self._why(one, past, guests)) for one in found]
        return [
            Leftover("sandbox", one.labels.get(RUN, ""), one.id, why) for one, why in looked if why
        ]

    async def remove(self, found: Sequence[Leftover], past: Past) -> None:  # noqa: ARG002 - a sweep
        """Destroy them, unless their run is in flight again."""
        live = {state.run_id for state in await self._reader.list(live=True)}
        for one in found:
            if one.run not in live:
                await self._world.sandboxes.kill(one.name)

    async def _why(
        self, one: SandboxInfo, past: Past, guests: Mapping[str, ObservedSandbox]
    ) -> str:
        run = one.labels.get(RUN, "")
        age = past.now - one.started_at
        if run in past.live or age < ENDED_GRACE:
            return ""
        guest = name_of(run)
        if guest is not None:
            seen = guests.get(guest)
            return "it was deleted" if seen is not None and seen.state in _OVER else ""
        state = await self._reader.status(run)
        if state is not None:
            return "its run has ended" if _ended_long_ago(state, past) else ""
        if run in past.settled([run]):
            return "its run has ended"
        return "nobody knows its run" if age >= UNKNOWN_GRACE else ""


def _ended_long_ago(state: RunState, past: Past) -> bool:
    return state.ended_at is not None and past.now - state.ended_at >= ENDED_GRACE
