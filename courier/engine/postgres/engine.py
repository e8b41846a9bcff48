"""The engine of one worker: runs of one repository, shared with other workers in a database."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from courier.engine.inflight import Json
from courier.engine.journal.rows import FORGET_AT_ONCE
from courier.engine.journal.tables import forget_everything
from courier.engine.journal.timers import Timers
from courier.engine.journal.writer import Fact, Observer, Transaction, Write
from courier.engine.postgres.client import Asker, forget, limit
from courier.engine.postgres.roster import Recover, Roster, Surroundings
from courier.engine.postgres.schema import Database
from courier.engine.postgres.tending import Tending, Worker
from courier.engine.postgres.waiters import Waiters
from courier.engine.postgres.writer import Ears, Writer
from courier.engine.seam import Flow, RunState
from courier.errors import Misused, NotFound
from courier.ports.clock import Clock

T = TypeVar("T")
WAIT_SECONDS = 2.0
"""How often whoever waits for an end looks, should it not be told."""


async def nothing(_run_id: str) -> None:
    """Bring nothing along."""


class PostgresEngine(Asker):
    """One worker of a database; the `Engine` of its process.

    A run it has begun is its own until the run ends, the engine stops or dies; then another worker
    goes on. Limits set here hold for all workers, and stay.

    Args:
        database: Where the runs are.
        clock: Measures and waits.
        worker: How this process presents itself to the others.
        observer: Called before and after each commit.
        recover: Brings what a run left elsewhere here, before it goes on.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        worker: Worker | None = None,
        observer: Observer | None = None,
        recover: Recover = nothing,
    ) -> None:
        super().__init__(database, clock=clock)
        self._worker = worker or Worker()
        self._observer = observer
        self._recover = recover
        self._flows: dict[str, Flow] = {}
        self._limits: dict[str | None, int | None] = {}
        self._life: _Life | None = None

    def register(self, flow: str, function: Flow) -> None:
        """Name a flow; before `start`."""
        if self._life is not None:
            raise Misused(f"Flow {flow} is registered after the engine's start.")
        self._flows[flow] = function

    def limit(self, queue: str | None, *, concurrency: int | None) -> None:
        """Let at most that many runs of a queue, or with None of all, run at once."""
        self._limits[queue] = concurrency
        if self._life is not None:
            self._life.writer.ask(lambda tx: limit(tx, queue, concurrency), alone=True)

    async def start(self) -> None:
        """Join the workers of the database."""
        if self._life is not None:
            raise Misused("The engine is started already.")
        writer = Writer(self._database, name="courier", observer=self._observer)
        await asyncio.to_thread(writer.open)
        timers = Timers(self._clock)
        around = Surroundings(self._clock, writer, timers, self._flows, self._recover)
        roster = Roster(around, changed=lambda: tending.look_again())
        tending = Tending(self._database.schema, around, roster, worker=self._worker)
        writer.start(Ears(self._hear, tending.reconnected))
        limits = dict(self._limits)

        def set_limits(transaction: Transaction) -> None:
            for queue, concurrency in limits.items():
                limit(transaction, queue, concurrency)

        await writer.write(set_limits, alone=True)
        await tending.register()
        going = tuple(
            asyncio.ensure_future(each) for each in (timers.run(), tending.beat(), tending.claim())
        )
        self._life = _Life(writer, roster, tending, going)

    async def stop(self) -> None:
        """Leave every run as it is, for other workers or the next `start`."""
        life, self._life = self._life, None
        if life is None:
            return
        for going in life.going[1:]:
            going.cancel()
        await asyncio.gather(*life.going[1:], return_exceptions=True)
        await life.roster.stop()
        life.writer.hurry()
        with contextlib.suppress(asyncio.CancelledError):
            await life.tending.leave()
        life.going[0].cancel()
        await asyncio.gather(life.going[0], return_exceptions=True)
        await life.writer.stop()
        life.waiters.break_off()
        await self.close()

    @property
    def name(self) -> str:
        """What this worker is called in the database; changes when others gave it up for dead."""
        return self._started().tending.id

    @property
    def at_work(self) -> int:
        """How many runs are this worker's now, those that wait included."""
        return len(self._started().roster.names)

    async def lead(self) -> bool:
        """Return whether it is for this worker to reconcile; one does, of those that ask."""
        return await self._started().tending.lead("reconciler")

    async def submit(  # noqa: PLR0913 - the seam's signature
        self,
        run_id: str,
        *,
        flow: str,
        input: Json,
        queue: str = "default",
        priority: int = 0,
        not_before: datetime | None = None,
    ) -> bool:
        """Queue a run unless one of that name is known."""
        if flow not in self._flows:
            raise NotFound(f"There is no flow {flow}.", detail=f"Run {run_id} asks for it.")
        return await super().submit(
            run_id, flow=flow, input=input, queue=queue, priority=priority, not_before=not_before
        )

    async def wait(self, run_id: str) -> RunState:
        """Return the run once it has ended; cancelled when the engine stops."""
        waiters = self._started().waiters
        while True:
            waiter = waiters.of(run_id)
            try:
                state = await self.status(run_id)
                if state is None:
                    raise NotFound(f"There is no run {run_id}.")
                if state.phase.ended:
                    return state
                await asyncio.wait({waiter}, timeout=WAIT_SECONDS)
                if waiter.cancelled():
                    raise asyncio.CancelledError("The engine stops.")
            finally:
                waiters.forget(run_id, waiter)

    async def forget(self, before: datetime) -> int:
        """Delete all that is known of runs that ended before a moment."""
        some = partial(forget, before=before, most=FORGET_AT_ONCE)
        return await forget_everything(lambda: self._write(some))

    async def _write(self, write: Write[T]) -> T:
        return await self._started().writer.write(write, alone=True)

    def _hear(self, facts: Sequence[Fact]) -> None:
        """Look after what this worker or another put on record."""
        if self._life is not None:
            self._life.hear(facts)

    def _started(self) -> "_Life":
        if self._life is None:
            raise Misused("The engine is not started.")
        return self._life


@dataclass(frozen=True, slots=True)
class _Life:
    """What exists from `start` to `stop`."""

    writer: Writer
    roster: Roster
    tending: Tending
    going: "tuple[asyncio.Future[None], ...]"
    waiters: Waiters = field(default_factory=Waiters)

    def hear(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            match fact.kind:
                case "sent":
                    self.roster.signal(fact.run, fact.name)
                case "granted":
                    self.roster.granted(fact.run)
                case "taken":
                    self.roster.lost(fact.run, to=fact.name, worker=self.tending.id)
                case "ended":
                    self.waiters.tell(fact.run)
                    self.tending.look_again()
                case "cancelAsked" | "lookAgain":
                    self.tending.catch_up()
                case _:
                    self.tending.look_again()
