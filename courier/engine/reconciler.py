"""The reconciler: one level-triggered pass from what is asked for to what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from courier.diagnostics import Diagnostic
from courier.engine.approver import Teams
from courier.engine.desired import Desired, DesiredState
from courier.engine.dispatcher import Dispatched, Dispatcher
from courier.engine.observation import Observation
from courier.engine.stacks import CommitAssets, Stacks
from courier.engine.world import World
from courier.errors import InvalidCatalog
from courier.planning.images import images_wanted
from courier.planning.library import Library
from courier.planning.permission import Member, team_of
from courier.planning.plan import Plan
from courier.planning.planner import Digests, Pass, plan_pass
from courier.planning.tips import branches_wanted

INTERVAL_SECONDS = 30.0
"""How soon a pass follows the last one when nothing wakes the reconciler earlier."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one pass did.

    Attributes:
        plan: What was found missing; None while no catalog was ever good.
        dispatched: What became of its actions.
        diagnostics: Problems of the newest commit's documents.
        requeue_after: Seconds until the next pass, unless something wakes it earlier.
    """

    plan: Plan | None
    dispatched: tuple[Dispatched, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    requeue_after: float = INTERVAL_SECONDS


class Reconciler:
    """Compares and carries out; asked any number of times, it does nothing twice."""

    def __init__(
        self,
        world: World,
        desired: DesiredState,
        observation: Observation,
        dispatcher: Dispatcher,
    ) -> None:
        self._world = world
        self._desired = desired
        self._observation = observation
        self._dispatcher = dispatcher
        self._digests: Digests = {}

    async def propose(self) -> tuple[Desired, Plan | None]:
        """Return what is asked for and what would be done, doing none of it."""
        repository = self._world.repository
        await repository.fetch()
        head = await repository.head()
        desired = await self._desired.at(head)
        if desired.catalog is None:
            return desired, None
        wanted = branches_wanted(desired.catalog, head.branch)
        images = images_wanted(desired.catalog)
        observed = await self._observation.look(head, branches=wanted, images=images)
        now, catalog = self._world.clock.now(), desired.catalog

        def decide(library: Library) -> Plan:
            drivers = self._world.drivers.keys()
            by = Pass(now, drivers, digests=self._digests, library=library)
            return plan_pass(catalog, observed, by)

        stacks = Stacks(repository, CommitAssets(repository, desired.commit))
        return desired, await stacks.planned(decide)

    async def reconcile(self) -> Result:
        """Do one pass."""
        desired, proposed = await self.propose()
        if proposed is None:
            return Result(None, diagnostics=desired.diagnostics)
        dispatched = await self._dispatcher.carry_out(proposed, teams=_teams(desired))
        return Result(proposed, tuple(dispatched), desired.diagnostics)

    async def require_plan(self) -> Plan:
        """Return the plan for the newest commit.

        Raises:
            InvalidCatalog: If its documents have errors.
        """
        desired, proposed = await self.propose()
        errors: Sequence[Diagnostic] = desired.diagnostics
        if proposed is None or any(found.severity == "error" for found in errors):
            raise InvalidCatalog(errors)
        return proposed


def _teams(desired: Desired) -> Teams:
    def members(project: str) -> Sequence[Member]:
        return team_of(desired.catalog, project) if desired.catalog is not None else ()

    return members
