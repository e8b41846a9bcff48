"""Observing one repository: records folded, runs in flight, pull requests as they are now."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping

from courier.engine.inflight import RunState
from courier.engine.interactive.guestbook import GuestBook, kept_among
from courier.engine.pictures import Pictures
from courier.engine.question import SIGNAL
from courier.engine.retelling import retell
from courier.engine.runner import FLOW
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import CourierError, NotFound
from courier.planning.observed import InFlight, Observed, ObservedRun, Records, fold
from courier.planning.record import read_record
from courier.ports.repository import Head
from courier.runs.approvals import waiting

log = logging.getLogger(__name__)

SETTLED = frozenset({None, "merged", "closed", "skipped", "failed"})
"""Pull request statuses that no forge changes any more."""


class Observation:
    """Looks at the world again and again; what can no longer change is looked at once."""

    def __init__(self, world: World, engine: RunReader, *, remote: str) -> None:
        self._world = world
        self._engine = engine
        self._remote = remote
        self._records = Records()
        self._pictures = Pictures(world.repository)
        self._places: dict[str, str] = {}
        self._final: set[str] = set()
        self._guests = GuestBook(world.state)

    async def look(
        self, head: Head, *, branches: Iterable[str] = (), images: Collection[str] = ()
    ) -> Observed:
        """Return what is true now; the repository must have been fetched.

        Args:
            head: The tip of the tracked branch.
            branches: Other branches whose tips are wanted; those that do not exist are left out.
            images: Files that Runs name as pictures.

        What is in flight is asked before the records are read: a run that ends between the two
        is seen twice rather than not at all.
        """
        live = await self._engine.list(live=True)
        runs = [state for state in live if state.flow == FLOW]
        flying = {state.run_id: await self._in_flight(state) for state in runs}
        await self._read_records()
        return Observed(
            branch=head.branch,
            commit=head.commit,
            repository=self._remote,
            records=self._records,
            in_flight=flying,
            pull_requests=await self._ask_forge(),
            branches=await self._tips(branches),
            sandboxes=await self._guests.look(),
            kept=kept_among(live),
            images=await self._pictures.look(head.commit, images),
        )

    def place(self, run: str) -> str:
        """Return the path of a run's record on the state branch, as last looked at.

        Raises:
            NotFound: If there is none.
        """
        try:
            return self._places[run]
        except KeyError:
            raise NotFound(f"There is no record of run {run}.") from None

    async def _in_flight(self, state: RunState) -> InFlight:
        awaits = ""
        if state.step == SIGNAL:
            told = await retell(self._world, self._engine, state.run_id)
            asked = waiting(told.run) if told is not None else None
            awaits = asked.message if asked is not None else ""
        cancelling = state.cancellation is not None
        return InFlight(run=state.run_id, cancelling=cancelling, awaits=awaits)

    async def _tips(self, branches: Iterable[str]) -> Mapping[str, str]:
        tips = {}
        for branch in sorted(branches):
            try:
                tips[branch] = (await self._world.repository.head(branch)).commit
            except NotFound:
                log.info("branch %s, which a run wants to start from, does not exist", branch)
        return tips

    async def _read_records(self) -> None:
        await self._world.state.refresh()
        paths = [
            path for path in await self._world.state.paths("runs") if path.endswith("/run.json")
        ]
        self._places = {_run_of(path): path for path in paths}
        unsettled = [path for path in paths if path not in self._final]
        contents = await self._world.state.read(unsettled)
        fresh = {path: read_record(_run_of(path), content) for path, content in contents.items()}
        self._final |= {path for path, record in fresh.items() if _is_final(record)}
        self._records = fold(fresh.values(), onto=self._records)

    async def _ask_forge(self) -> Mapping[str, str]:
        open_ones = [
            record
            for record in self._records.runs.values()
            if record.number and record.pull_request not in SETTLED
        ]
        statuses = await asyncio.gather(*(self._status(record) for record in open_ones))
        told = zip(open_ones, statuses, strict=True)
        return {record.run: status for record, status in told}

    async def _status(self, record: ObservedRun) -> str:
        """Return a pull request's status: what is on record where the forge cannot tell."""
        try:
            return (await self._world.forge.get(record.number or 0)).status
        except CourierError as fault:
            log.warning("pull request #%s cannot be looked at: %s", record.number, fault)
            return record.pull_request or ""


def _run_of(path: str) -> str:
    return path.split("/")[-2]


def _is_final(record: ObservedRun) -> bool:
    return record.ended and record.pull_request in SETTLED
