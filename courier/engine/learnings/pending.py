"""Runs that are to be looked through, and what a session is shown of them."""

import logging
from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from courier.engine.accounts.records import RunRecords
from courier.engine.world import World
from courier.errors import CourierError, NotFound
from courier.planning.catalog.learnings import ObservedPending
from courier.resources.model import first_fault
from courier.runs.records.extraction import PENDING, PendingRun, material_of, session_of

log = logging.getLogger(__name__)


class PendingRuns:
    """Looks at what is listed again and again; what is shown of a run is gathered once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._material: dict[str, str] = {}

    async def look(self, is_begun: Callable[[str], bool]) -> Mapping[str, ObservedPending]:
        """Return every run whose first session begins or is under way, by name.

        Args:
            is_begun: Whether a run, here a session, is on record or in flight.
        """
        found = {}
        for pending in await read_pending(self._world):
            if pending.retry is not None:
                continue  # begun by whoever wanted it done again
            material = ""
            if not is_begun(session_of(pending.run)):
                material = await self._shown(pending.run)
            found[pending.run] = ObservedPending(pending.run, pending.project, material)
        self._material = {run: one.material for run, one in found.items() if one.material}
        return found

    async def _shown(self, run: str) -> str:
        if run in self._material:
            return self._material[run]
        records = RunRecords(self._world.state, self._world.index)
        record = await records.find(run)
        if record is None:
            return ""
        transcript: bytes | None = None
        try:
            transcript = await records.transcript(record)
        except NotFound:
            log.info("no transcript of run %s is there to learn from", run)
        except CourierError as error:
            log.warning("the transcript of run %s cannot be read to learn from: %s", run, error)
        return material_of(record.value, await records.outputs(record), transcript)


async def read_pending(world: World) -> Sequence[PendingRun]:
    """Return the runs that are listed, in alphabetical order."""
    paths = await world.state.paths(PENDING)
    found = []
    for path, content in (await world.state.read(paths)).items():
        try:
            found.append(PendingRun.model_validate_json(content))
        except ValidationError as wrong:
            log.warning("%s on the state branch cannot be read: %s", path, first_fault(wrong))
    return sorted(found, key=lambda one: one.run)
