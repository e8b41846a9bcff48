"""The runs that are this worker's: entered, at rest, or just taken over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from courier.engine.inflight import Cancellation, StepPhase
from courier.engine.journal import rows
from courier.engine.journal.context import JournalContext
from courier.engine.journal.ending import end_of, enter
from courier.engine.journal.outcome import outcome_of
from courier.engine.journal.run import Host, LiveRun
from courier.engine.journal.schema import from_text
from courier.engine.journal.timers import Timers
from courier.engine.ownership import own
from courier.engine.patience import patiently
from courier.engine.postgres.claims import Taken
from courier.engine.postgres.fence import FencedWriter, Seats, Tenure, Told
from courier.engine.postgres.writer import Writer
from courier.engine.seam import Flow
from courier.ports.clock import Clock

log = logging.getLogger(__name__)


Recover = Callable[[str], Awaitable[None]]
"""Brings what a run left elsewhere here, before it goes on."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all runs of one worker share."""

    clock: Clock
    writer: Writer
    timers: Timers
    flows: Mapping[str, Flow]
    recover: Recover


@dataclass(slots=True)
class _Held:
    """One run while it is ours."""

    run: LiveRun
    host: Host
    seats: Seats
    writer: FencedWriter
    life: "asyncio.Future[None] | None" = None


class Roster:
    """Sees runs through, and lets go of those another worker has.

    Args:
        surroundings: What the runs share.
        changed: Called when there may be room for more.
    """

    def __init__(self, surroundings: Surroundings, *, changed: Callable[[], None]) -> None:
        self._around = surroundings
        self._changed = changed
        self._held: dict[str, _Held] = {}
        self._leaving: set[asyncio.Future[None]] = set()

    @property
    def running(self) -> int:
        """How many runs hold a place here."""
        return sum(held.run.placed for held in self._held.values())

    @property
    def names(self) -> list[str]:
        """The runs that are here."""
        return list(self._held)

    def take_up(self, taken: Iterable[Taken], worker: str) -> None:
        """Go on with runs that are ours now."""
        for one in taken:
            before = self._held.get(one.run_id)
            if before is not None:
                self._oust(before)
            held = self._hold(one, worker)
            self._held[one.run_id] = held
            after = before.life if before is not None else None
            held.life = self._spawn(self._live(held, after))

    def lost(self, run_id: str, *, to: str | None, worker: str) -> None:
        """Break a run off that another worker has; that of ours itself is fine."""
        held = self._held.get(run_id)
        if held is not None and to != worker:
            self._oust(held)

    def signal(self, run_id: str, signal: str) -> None:
        """Wake a run that waits for the signal."""
        if (held := self._held.get(run_id)) is not None:
            held.run.hear(signal)

    def cancel(self, run_id: str, cancellation: Cancellation) -> None:
        """Raise `RunCancelled` in a run, if that was not done before."""
        if (held := self._held.get(run_id)) is not None:
            held.run.ask_to_stop(cancellation)

    def granted(self, run_id: str) -> None:
        """Let a run go on that was in line."""
        if (held := self._held.get(run_id)) is not None:
            held.seats.granted()

    async def stop(self) -> None:
        """Break everything off without putting anything on record."""
        for held in list(self._held.values()):
            self._oust(held)
        while self._leaving:
            await asyncio.gather(*self._leaving, return_exceptions=True)

    def oust_all(self) -> None:
        """Break everything off: others may have all of it."""
        for held in list(self._held.values()):
            self._oust(held)

    def _hold(self, one: Taken, worker: str) -> _Held:
        tenure = Tenure(one.seq, one.run_id, worker, one.fence)
        run = LiveRun(one.seq, one.run_id, one.flow, one.queue, one.priority)
        run.input, run.recorded = from_text(one.input), one.recorded
        run.placed, run.cancellation = one.placed, one.cancellation
        if any(step.phase is StepPhase.CANCELLED for step in run.recorded.values()):
            run.cancellation, run.raised = None, run.cancellation
        around = self._around
        told = Told(lost=lambda: self._oust(held), asked=run.ask_to_stop)
        writer = FencedWriter(around.writer, tenure, told, around.clock)
        seats = Seats(writer, tenure)
        held = _Held(run, Host(around.clock, writer, seats, around.timers), seats, writer)
        return held

    async def _live(self, held: _Held, after: "asyncio.Future[None] | None") -> None:
        if after is not None:
            # We lost it and have it back: what is left of the earlier life ends first.
            await asyncio.wait({after})
        run, host = held.run, held.host
        if host.stopping:
            return
        own(held.writer)
        if run.recorded:
            # The run is ours already, so nobody else would begin where this gave up.
            await patiently(self._around.clock, lambda: self._recover(held))
            if host.stopping:
                return
        context = JournalContext(run, host)
        run.task = asyncio.ensure_future(enter(self._around.flows[run.flow], context))
        await asyncio.wait({run.task})
        if run.interrupt is not None:
            run.interrupt()
        if host.stopping:
            outcome_of(run.task)
            return
        ending = end_of(run, context, run.task, now=host.clock.now())
        await host.writer.write(lambda tx: rows.end(tx, run.seq, run_id=run.run_id, ending=ending))
        self._drop(held)

    async def _recover(self, held: _Held) -> None:
        if not held.host.stopping:
            await self._around.recover(held.run.run_id)

    def _oust(self, held: _Held) -> None:
        held.host.stopping = True
        if held.run.task is not None:
            held.run.task.cancel()
        self._drop(held)

    def _drop(self, held: _Held) -> None:
        if self._held.get(held.run.run_id) is held:
            del self._held[held.run.run_id]
            self._changed()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Future[None]":
        task = asyncio.ensure_future(work)
        self._leaving.add(task)
        task.add_done_callback(self._let_go)
        return task

    def _let_go(self, task: "asyncio.Future[None]") -> None:
        self._leaving.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A run is left where it is until a worker takes it up.", exc_info=error)
