"""The reconciler: one level-triggered pass from what is asked for to what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from courier.diagnostics import Diagnostic
from courier.engine.desired.desired import Desired, DesiredState
from courier.engine.desired.stacks import CommitAssets, Stacks
from courier.engine.desired.wants import NOTHING, wants_of
from courier.engine.notices.herald import Herald
from courier.engine.passes.dispatcher import Dispatched, Dispatcher
from courier.engine.passes.hints import Hints
from courier.engine.passes.observation import Glance, Observation
from courier.engine.passes.retention import Housekeeping
from courier.engine.passes.rounds import Rounds
from courier.engine.requests.approver import Teams
from courier.engine.world import World
from courier.errors import InvalidCatalog
from courier.planning.asked.library import Library
from courier.planning.budgets.budgets import caps_by_project
from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.permission import Member, team_of
from courier.planning.plan import Plan
from courier.planning.planner import Digests, Pass, plan_pass
from courier.ports.repository import Head


@dataclass(frozen=True, slots=True)
class Result:
    """What one pass did.

    Attributes:
        plan: What was found missing; None while no catalog was ever good.
        dispatched: What became of its actions.
        diagnostics: Problems of the newest commit's documents.
        requeue_after: Seconds until something falls due by itself; None if nothing does.
        head: The commit that was looked at.
        catalog: The documents in force; None while none were ever good.
        applied: The commit those were read at.
        was_idle: Whether nothing had moved since the last pass, so that its plan still holds.
    """

    plan: Plan | None
    dispatched: tuple[Dispatched, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    requeue_after: float | None = None
    head: str = ""
    catalog: Catalog | None = None
    applied: str = ""
    was_idle: bool = False


class Reconciler:
    """Compares and carries out; asked any number of times, it does nothing twice."""

    def __init__(  # noqa: PLR0913 - the parts of a pass
        self,
        world: World,
        desired: DesiredState,
        observation: Observation,
        dispatcher: Dispatcher,
        housekeeping: Housekeeping | None = None,
        *,
        herald: Herald | None = None,
        rounds: Rounds | None = None,
    ) -> None:
        self._world = world
        self._desired = desired
        self._observation = observation
        self._dispatcher = dispatcher
        self._housekeeping = housekeeping
        self._herald = herald
        self._rounds = rounds
        self._hints = Hints(world.clock)
        self._digests: Digests = {}
        self._catalog: Catalog | None = None
        self._wants = NOTHING
        self._branches: frozenset[str] = frozenset()
        self._last: _Last | None = None

    def look_again(self) -> None:
        """Take it that something changed on a pull request: the next pass asks the forge.

        Hints that come in floods are followed a little later; a pass tells when.
        """
        self._hints.give()

    async def propose(self) -> tuple[Desired, Plan | None]:
        """Return what is asked for and what would be done, doing none of it."""
        await self._world.repository.fetch()
        return await self._propose(await self._world.repository.head())

    async def _propose(
        self, head: Head, glance: Glance | None = None
    ) -> tuple[Desired, Plan | None]:
        repository = self._world.repository
        desired = await self._desired.at(head)
        if desired.catalog is None:
            return desired, None
        if desired.catalog is not self._catalog:
            self._catalog = desired.catalog
            self._world.ledger.keep_to(caps_by_project(desired.catalog))
            self._wants = wants_of(desired.catalog, head.branch)
        observed = await self._observation.look(head, wants=self._wants, glance=glance)
        self._branches = self._wants.branches.union(self._wants.tips(observed))
        now, catalog = self._world.clock.now(), desired.catalog

        def decide(library: Library) -> Plan:
            drivers = self._world.drivers.keys()
            by = Pass(now, drivers, digests=self._digests, library=library)
            return plan_pass(catalog, observed, by)

        stacks = Stacks(repository, CommitAssets(repository, desired.commit))
        return desired, await stacks.planned(decide)

    async def reconcile(self) -> Result:
        """Do one pass; where nothing moved since the last one and nothing is due, a short one."""
        if self._hints.take():
            self._observation.look_again()
            if self._rounds is not None:
                self._rounds.look_again()
        result = await self._pass()
        await self._dispatcher.propose_again(result.plan.limits if result.plan else ())
        await self.announce(result)
        if self._rounds is not None:
            await self._rounds.go()
        if self._housekeeping is not None and result.catalog is not None:
            await self._housekeeping.tidy(result.catalog)
        wait = self._hints.wait
        if wait is None or (result.requeue_after is not None and result.requeue_after <= wait):
            return result
        return replace(result, requeue_after=wait)

    async def announce(self, result: Result) -> None:
        """Tell people what happened since they were told last, by the documents in force."""
        if self._herald is not None and result.catalog is not None:
            budgets = result.plan.budgets if result.plan is not None else ()
            await self._herald.tell(result.catalog, budgets)

    async def _pass(self) -> Result:
        await self._world.repository.fetch()
        head = await self._world.repository.head()
        glance = await self._observation.glance(head, branches=self._branches)
        last = self._last
        now = self._world.clock.now()
        if last is not None and last.holds(glance, now):
            return replace(last.result, was_idle=True, requeue_after=_left(last.result.plan, now))
        self._last = None
        result = await self._whole(head, glance)
        if not any(one.how == "failed" for one in result.dispatched):
            self._last = _Last(glance, result)
        return result

    async def _whole(self, head: Head, glance: Glance) -> Result:
        desired, proposed = await self._propose(head, glance)
        if proposed is None:
            return Result(None, diagnostics=desired.diagnostics, head=head.commit)
        dispatched = await self._dispatcher.carry_out(proposed, teams=_teams(desired))
        if desired.catalog is not None:
            late = await self._dispatcher.settle_learnings(desired.catalog)
            dispatched = [*dispatched, *late]
        return Result(
            proposed,
            tuple(dispatched),
            desired.diagnostics,
            requeue_after=_left(proposed, self._world.clock.now()),
            head=head.commit,
            catalog=desired.catalog,
            applied=desired.commit,
        )

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


@dataclass(frozen=True, slots=True)
class _Last:
    """The last whole pass: what it began with, and what it did."""

    glance: Glance
    result: Result

    def holds(self, glance: Glance, now: datetime) -> bool:
        """Return whether another pass would decide the same."""
        left = _left(self.result.plan, now)
        return glance == self.glance and (left is None or left > 0)


def _left(decided: Plan | None, now: datetime) -> float | None:
    """Return the seconds until something falls due by itself; None if nothing does."""
    if decided is None or decided.wake_at is None:
        return None
    return max(0.0, (decided.wake_at - now).total_seconds())


def _teams(desired: Desired) -> Teams:
    def members(project: str) -> Sequence[Member]:
        return team_of(desired.catalog, project) if desired.catalog is not None else ()

    return members
