"""How long things are kept: what is over is looked for once an hour, or by a person's command."""

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from courier.engine.pruning.branches import LostBranches
from courier.engine.pruning.checkpoints import KeptWork
from courier.engine.pruning.journals import Journals, LiveFiles
from courier.engine.pruning.leftovers import Keeps, Leftover, Past, Sweep
from courier.engine.pruning.letters import OldLetters
from courier.engine.pruning.sandboxes import Orphans
from courier.engine.pruning.transcripts import KeptTranscripts
from courier.engine.seam import RunClient
from courier.engine.world import World
from courier.errors import CourierError
from courier.planning.catalog.catalog import Catalog
from courier.ports.clock import Clock
from courier.resources.durations import to_seconds
from courier.resources.project import Project, Retention

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
"""How often it is looked for what may go."""

IsServed = Callable[[], bool]
"""Tells whether the provider of sandboxes is there without being started."""


class Retentions:
    """How long the projects of a catalog keep things; what it does not know, as is the default."""

    def __init__(self, catalog: Catalog) -> None:
        found = [catalog.resource(ref) for ref in catalog.of_kind("Project")]
        self._known = {
            one.metadata.name: one.spec.retention for one in found if isinstance(one, Project)
        }

    def __call__(self, project: str, field: str) -> timedelta:
        """Return how long a project keeps what a field of its retention says."""
        return _time(self._known.get(project, Retention()), field)

    def least(self, field: str) -> timedelta:
        """Return the shortest time any project keeps it."""
        return min(_time(each, field) for each in (Retention(), *self._known.values()))


def _time(retention: Retention, field: str) -> timedelta:
    return timedelta(seconds=to_seconds(getattr(retention, field)))


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was, or would be, taken away.

    Attributes:
        gone: All of it.
        faults: What could not be looked at or taken away now; the next time tries again.
    """

    gone: tuple[Leftover, ...] = ()
    faults: tuple[str, ...] = ()


class Broom:
    """Looks for everything that may go, and takes it away.

    Args:
        world: Where it is.
        engine: What is in flight here; nothing of that is touched.
        is_served: Whether the provider of sandboxes is there.
        only_here: Whether to look only at what no other machine can reach.
    """

    def __init__(
        self,
        world: World,
        engine: RunClient,
        *,
        is_served: IsServed = lambda: True,
        only_here: bool = False,
    ) -> None:
        self._world = world
        self._engine = engine
        here: tuple[Sweep, ...] = (LiveFiles(world), Orphans(world, engine, is_served))
        everywhere: tuple[Sweep, ...] = (
            KeptTranscripts(world.state),
            KeptWork(world),
            LostBranches(world),
            Journals(world, engine),
            OldLetters(engine),
        )
        self._sweeps = here if only_here else (*everywhere, *here)

    async def sweep(self, keeps: Keeps, *, now: datetime, only_look: bool = False) -> Pruned:
        """Take away what may go, or only tell it; one sort that fails stops no other."""
        live = {state.run_id: state for state in await self._engine.list(live=True)}
        await self._world.index.follow()
        past = Past(now, keeps, live, self._world.index)
        gone: list[Leftover] = []
        faults: list[str] = []
        for sweep in self._sweeps:
            try:
                found = await sweep.find(past)
                if found and not only_look:
                    await sweep.remove(found, past)
                gone += found
            except CourierError as fault:
                faults.append(str(fault))
        return Pruned(tuple(gone), tuple(faults))


class Housekeeping:
    """Sweeps once an hour; most passes cost nothing."""

    def __init__(self, broom: Broom, clock: Clock) -> None:
        self._clock = clock
        self._broom = broom
        self._due: datetime | None = None

    async def keep(self) -> None:
        """Sweep again and again until cancelled, without knowing what projects say."""
        while True:
            # Others that were started with this one sweep at other moments.
            await self._clock.sleep(EVERY.total_seconds() * random.uniform(0.05, 1))  # noqa: S311
            await self.tidy(Catalog({}, ""))

    async def tidy(self, catalog: Catalog) -> Sequence[Leftover]:
        """Return what was taken away; what could not be now waits for the next time."""
        now = self._clock.now()
        if self._due is not None and now < self._due:
            return ()
        self._due = now + EVERY
        try:
            done = await self._broom.sweep(Retentions(catalog), now=now)
        except CourierError as error:
            log.warning("nothing is tidied up: %s", error)
            return ()
        for fault in done.faults:
            log.warning("not everything is tidied up: %s", fault)
        for one in done.gone:
            log.info("%s %s of run %s is gone: %s", one.sort, one.name, one.run, one.why)
        return done.gone
