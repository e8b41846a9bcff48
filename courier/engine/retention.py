"""What courier keeps on hidden refs of the remote, deleted when its time is over."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from courier.engine.records import RunRecord, RunRecords
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import CourierError
from courier.planning.catalog import Catalog
from courier.planning.references import Ref
from courier.resources.durations import to_seconds
from courier.resources.project import Project, Retention

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
"""How often it is looked for what may go."""

Keep = Callable[[str], timedelta]
"""From a project's name to how long after a run's end its checkpoints are kept."""


class Housekeeping:
    """Deletes once an hour what nobody needs any more; most passes cost nothing."""

    def __init__(self, world: World, reader: RunReader) -> None:
        self._world = world
        self._reader = reader
        self._due: datetime | None = None

    async def tidy(self, catalog: Catalog) -> Sequence[str]:
        """Return the refs that were deleted; what cannot be deleted now waits for the next time."""
        now = self._world.clock.now()
        if self._due is not None and now < self._due:
            return ()
        self._due = now + EVERY
        try:
            return await drop_checkpoints(self._world, self._reader, now=now, keep=keeps(catalog))
        except CourierError as error:
            log.warning("checkpoints are not tidied up: %s", error)
            return ()


def keeps(catalog: Catalog) -> Keep:
    """Return how long each project of a catalog keeps checkpoints."""

    def keep(project: str) -> timedelta:
        found = Ref("Project", project)
        known = catalog.resource(found) if found in catalog.documents else None
        retention = known.spec.retention if isinstance(known, Project) else Retention()
        return timedelta(seconds=to_seconds(retention.checkpoints))

    return keep


async def drop_checkpoints(
    world: World, reader: RunReader, *, now: datetime, keep: Keep
) -> Sequence[str]:
    """Delete checkpoints, and work that waited for a person, of runs that ended long ago.

    Asks the remote for names only; records are read only of runs that have such refs.

    Args:
        world: Where they are.
        reader: What is in flight here; nothing of that is touched.
        now: The moment.
        keep: How long after a run's end.

    Returns:
        The refs that were deleted.
    """
    hidden = await world.checkpoints.hidden()
    names = {*hidden.saved, *hidden.waiting}
    if not names:
        return ()
    flying = {state.run_id for state in await reader.list(live=True)}
    found = await RunRecords(world.state, world.index).named(names - flying)
    gone: list[str] = []
    for run in sorted(names - flying):
        record = found.get(run)
        ended = _ended(record)
        if ended is None:
            gone += await _abandoned(world, run, hidden.saved.get(run, ()), now=now, keep=keep)
        elif now >= ended + keep(_project(record)):
            gone += [*hidden.saved.get(run, ()), *hidden.waiting.get(run, ())]
    await world.checkpoints.drop(gone)
    return gone


async def _abandoned(
    world: World, run: str, refs: Sequence[str], *, now: datetime, keep: Keep
) -> Sequence[str]:
    """Return what may go of a run whose end is on no record: all, once nobody adds to it."""
    saved = await world.checkpoints.of(run) if refs else ()
    return refs if saved and now >= saved[-1].at + keep("") else ()


def _ended(record: RunRecord | None) -> datetime | None:
    told = record.value.get("endedAt") if record is not None else None
    return datetime.fromisoformat(told) if isinstance(told, str) else None


def _project(record: RunRecord | None) -> str:
    return str(record.value.get("project")) if record is not None else ""
