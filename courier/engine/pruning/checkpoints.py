"""Checkpoints, and work that waited for a person, of runs that ended long ago."""

from collections.abc import Sequence

from courier.engine.pruning.leftovers import Leftover, Past
from courier.engine.world import World

FIELD = "checkpoints"


class KeptWork:
    """Work on hidden refs of the remote; it is asked for names only, and records are looked up."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def find(self, past: Past) -> Sequence[Leftover]:
        """Return the refs that may go."""
        hidden = await self._world.checkpoints.hidden()
        names = {*hidden.saved, *hidden.waiting} - past.live.keys()
        known = past.index.named(names)
        found: list[Leftover] = []
        for run in sorted(names):
            one = known.get(run)
            refs = hidden.saved.get(run, ())
            if one is None or one.ended_at is None:
                found += await self._abandoned(run, refs, past)
            elif past.is_over(one, FIELD) and not one.observed.is_proposed:
                refs = (*refs, *hidden.waiting.get(run, ()))
                found += [Leftover("checkpoint", run, ref, "kept long enough") for ref in refs]
        return found

    async def remove(self, found: Sequence[Leftover], past: Past) -> None:  # noqa: ARG002 - a sweep
        """Delete the refs."""
        await self._world.checkpoints.drop([one.name for one in found])

    async def _abandoned(self, run: str, refs: Sequence[str], past: Past) -> Sequence[Leftover]:
        """Return what may go of a run whose end is on no record: all, once nobody adds to it."""
        saved = await self._world.checkpoints.of(run) if refs else ()
        if not saved or past.now < saved[-1].at + past.keeps("", FIELD):
            return ()
        return [Leftover("checkpoint", run, ref, "nobody adds to it") for ref in refs]
