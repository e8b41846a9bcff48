"""What people asked to be done again, made ready from the records of the runs it is about."""

from collections.abc import Callable, Sequence

from courier.engine.accounts.replay import facts_of
from courier.engine.requests.requests import Request, Requests
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import CourierError, NotFound
from courier.planning.observed.askedagain import AskedAgain
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import fold
from courier.runs.steps.retry import Asked, retried


class Retries:
    """Looks at what is asked for again and again; each is made ready once.

    Args:
        world: Where requests and records are.
        reader: Where runs are read.
    """

    def __init__(self, world: World, reader: RunReader) -> None:
        self._world = world
        self._reader = reader
        self._requests = Requests(world.state)
        self._ready: dict[str, AskedAgain] = {}

    async def look(self, is_begun: Callable[[str], bool]) -> tuple[AskedAgain, ...]:
        """Return what was not begun yet, by name.

        Args:
            is_begun: Whether a run is on record or in flight.
        """
        asked = await self._requests.retries()
        self._ready = {
            name: self._ready.get(name) or await self._look_at(asked[name])
            for name in sorted(asked)
            if not is_begun(name)
        }
        return tuple(self._ready.values())

    async def _look_at(self, request: Request) -> AskedAgain:
        frozen, problem = None, ""
        try:
            frozen = await prepared(self._world, self._reader, request)
        except CourierError as error:
            problem = str(error)
        by = request.by.name
        return AskedAgain(request.name, request.run, frozen, by=by, problem=problem)


async def prepared(world: World, reader: RunReader, request: Request) -> FrozenPlan:
    """Return what a retry does.

    Raises:
        NotFound: If the run is not on record, has not ended or kept no journal, or the work that
            still counts is gone.
        Misused: If the run has no such step, or never came to it.
    """
    plan, facts = await facts_of(world, reader, request.run)
    asked = Asked(request.name, request.person, request.step or None, request.reason)
    frozen = retried(plan, facts, asked)
    for commit in _needed(frozen):
        try:
            await world.repository.tree(commit)
        except NotFound as gone:
            raise NotFound(
                f"The work of run {request.run} that still counts is gone.",
                detail=f"Commit {commit[:10]} is in none of the repository's branches.",
                next_step="Begin at the start: `courier retry --from start`.",
            ) from gone
    return frozen


def _needed(frozen: FrozenPlan) -> Sequence[str]:
    work = fold(frozen.retry.facts).work if frozen.retry else None
    return [commit for commit in (frozen.git.base_commit, work) if commit is not None]
