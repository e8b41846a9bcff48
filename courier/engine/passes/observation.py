"""Observing one repository: records folded, runs in flight, pull requests as they are now."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from courier.engine.accounts.courses import Courses
from courier.engine.accounts.diaries import Diaries
from courier.engine.accounts.retelling import retell
from courier.engine.desired.pictures import Pictures
from courier.engine.desired.wants import NOTHING, Wants
from courier.engine.inflight import RunState
from courier.engine.interactive.guestbook import GuestBook, kept_among
from courier.engine.learnings.memory import Memory
from courier.engine.learnings.pending import PendingRuns
from courier.engine.learnings.versions import VersionShelf
from courier.engine.notices.mailing import FLOW as LETTER
from courier.engine.passes.headroom import HeadroomView
from courier.engine.pullrequests.pulls import Pulls
from courier.engine.requests.drafts import Drafts
from courier.engine.requests.retries import Retries
from courier.engine.running.question import SIGNAL
from courier.engine.running.runner import FLOW
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import NotFound
from courier.planning.observed.observed import InFlight, Observed
from courier.ports.repository import Head
from courier.runs.steps.approvals import waiting
from courier.runs.steps.parking import SIGNAL as SECRET
from courier.runs.steps.retry import is_retry
from courier.runs.usage.budget import SIGNAL as BUDGET

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Glance:
    """What a pass would be decided from, told so shortly that it can be compared.

    Attributes:
        head: The tip of the tracked branch.
        records: The tip of the state branch.
        live: Every run that has not ended, and where it is.
        branches: The tips of other branches that are wanted.
        pull_requests: What the forge tells of open ones.
        learnings: What it tells of those that propose learnings.
    """

    head: Head
    records: str | None
    live: tuple[object, ...]
    branches: tuple[tuple[str, str], ...]
    pull_requests: tuple[tuple[str, str], ...]
    learnings: tuple[tuple[str, str], ...] = ()


class Observation:
    """Looks at the world again and again; what can no longer change is looked at once."""

    def __init__(self, world: World, engine: RunReader, *, remote: str) -> None:
        self._world = world
        self._engine = engine
        self._remote = remote
        self._pictures = Pictures(world.repository)
        self.pulls = Pulls(world)
        self._guests = GuestBook(world.state)
        self._diaries = Diaries(world.state)
        self._courses = Courses(world.state)
        self._again = Retries(world, engine)
        self._drafts = Drafts(world.state)
        self._headroom = HeadroomView(world, engine)
        self._versions = VersionShelf(world)
        self._pending = PendingRuns(world)
        self._memory = Memory(world.state)

    async def glance(self, head: Head, *, branches: Iterable[str] = ()) -> Glance:
        """Return what moves whenever a look would find anything else; scans no history.

        Args:
            head: The tip of the tracked branch.
            branches: Other branches that were wanted.
        """
        live = await self._engine.list(live=True)
        await self._world.index.follow()
        proposed, learnings = await self._ask_forges({})
        return Glance(
            head=head,
            records=await self._world.state.tip(),
            live=tuple(
                (one.run_id, one.phase, one.step, one.cancellation)
                for one in live
                if one.flow != LETTER
            ),
            branches=tuple((await self._tips(branches)).items()),
            pull_requests=tuple(proposed.items()),
            learnings=tuple(learnings.items()),
        )

    async def look(
        self,
        head: Head,
        *,
        wants: Wants = NOTHING,
        glance: Glance | None = None,
    ) -> Observed:
        """Return what is true now; the repository must have been fetched.

        Args:
            head: The tip of the tracked branch.
            wants: What else is to be looked at.
            glance: What a glance told just now; what the forge said is not asked again.

        What is in flight is asked before the records are read: a run that ends between the two
        is seen twice rather than not at all.
        """
        live = await self._engine.list(live=True)
        runs = [state for state in live if state.flow == FLOW]
        flying = {state.run_id: await self._in_flight(state) for state in runs}
        lacking = await self._headroom.lacking(live)
        await self._world.index.follow()
        records = self._world.index.observed()
        proposed, _ = await self._ask_forges(dict(glance.pull_requests) if glance else {})
        observed = Observed(
            branch=head.branch,
            commit=head.commit,
            repository=self._remote,
            records=records,
            in_flight=flying,
            pull_requests=proposed,
            unproposed=[one.observed.run for one in self._world.index.unproposed()],
            branches=await self._tips(wants.branches),
            sandboxes=await self._guests.look(),
            kept=kept_among(live),
            tasks=await self._diaries.look(),
            courses=await self._courses.look(),
            images=await self._pictures.look(head.commit, wants.images),
            drafts=await self._drafts.look(),
            retries=await self._again.look(lambda run: run in records.runs or run in flying),
            machines=self._world.machines,
            spent=await self._headroom.spent(runs),
            lacking=lacking,
            learnings=replace(
                await self._versions.look(head, wants.pins),
                pending=await self._pending.look(lambda run: run in records.runs or run in flying),
            ),
        )
        further = await self._further(wants.tips(observed))
        return replace(observed, branches={**observed.branches, **further}) if further else observed

    async def _further(self, wanted: Mapping[str, str]) -> Mapping[str, str]:
        """Return the tips of branches that are at least as new as what is on record of them."""
        tips = await self._tips(wanted)
        if any(tips.get(branch) != commit for branch, commit in wanted.items()):
            # Work may have been brought there by others since the repository was fetched.
            await self._world.repository.fetch()
            tips = await self._tips(wanted)
        return tips

    def look_again(self) -> None:
        """Take it that something changed on a pull request."""
        self.pulls.look_again()

    def place(self, run: str) -> str:
        """Return the path of a run's record on the state branch, as last looked at.

        Raises:
            NotFound: If there is none.
        """
        found = self._world.index.named([run]).get(run)
        if found is None:
            raise NotFound(f"There is no record of run {run}.")
        return found.place

    async def _in_flight(self, state: RunState) -> InFlight:
        awaits = ""
        if state.step in (SIGNAL, BUDGET, SECRET):
            told = await retell(self._world, self._engine, state.run_id)
            lacks = (told.run.parked or waiting(told.run)) if told is not None else None
            awaits = lacks.message if lacks is not None else ""
        known = InFlight(
            run=state.run_id,
            cancelling=state.cancellation is not None,
            by_catalog=not is_retry(state.run_id),
            awaits=awaits,
        )
        return await self._headroom.priced(state, known)

    async def _tips(self, branches: Iterable[str]) -> Mapping[str, str]:
        tips = {}
        for branch in sorted(branches):
            try:
                tips[branch] = (await self._world.repository.head(branch)).commit
            except NotFound:
                log.info("branch %s, which a run wants to start from, does not exist", branch)
        return tips

    async def _ask_forges(
        self, known: Mapping[str, str]
    ) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the status of every open pull request: of runs by name, of learnings by branch.

        Args:
            known: Those of runs that are known already. Where no forge can tell, what is on
                record stands.
        """
        records = {listed.observed.run: listed.observed for listed in self._world.index.proposed()}
        places = {run: (one.forge, one.number or 0) for run, one in records.items()}
        learnings = await self._memory.proposed()
        self.pulls.keep({*places.values(), *learnings.values()})
        asked = [place for run, place in places.items() if run not in known]
        await self.pulls.look([*asked, *(learnings.values() if not known else ())])
        told = {
            run: known.get(run) or self.pulls.status(places[run]) or one.pull_request or ""
            for run, one in records.items()
        }
        return told, {one: self.pulls.status(place) or "" for one, place in learnings.items()}
