"""The runs that are live in one life of the engine: in line, running, waiting."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from courier.engine.inflight import Cancellation, Phase, StepPhase
from courier.engine.journal import rows
from courier.engine.journal.context import JournalContext
from courier.engine.journal.ending import end_of, enter
from courier.engine.journal.outcome import outcome_of
from courier.engine.journal.places import Claim
from courier.engine.journal.rows import Cancelled
from courier.engine.journal.run import Host, LiveRun
from courier.engine.journal.schema import from_text
from courier.engine.journal.takeup import Found, find, recall
from courier.engine.journal.writer import Notice
from courier.engine.seam import Flow

log = logging.getLogger(__name__)


class Roster:
    """Takes runs up, sees them through and lets go of them when they have ended."""

    def __init__(self, host: Host, flows: Mapping[str, Flow]) -> None:
        self._host = host
        self._flows = flows
        self._runs: dict[str, LiveRun] = {}
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._tasks: set[asyncio.Future[None]] = set()

    def take_up(self, found: Sequence[Found]) -> None:
        """Go on with runs the journal holds, or pass on what was asked of those taken up."""
        for one in () if self._host.stopping else found:
            if one.run_id not in self._runs:
                self._adopt(one)
            elif one.cancellation is not None:
                came = Cancelled.ENDED if one.phase.ended else Cancelled.ASKED
                self.cancel(one.run_id, one.cancellation, came)

    def hear(self, notices: Sequence[Notice]) -> None:
        """Look after runs another process did something to."""
        for notice in notices:
            if notice.signal is not None:
                self.signal(notice.run_id, notice.signal)
        names = {notice.run_id for notice in notices if notice.signal is None}
        if names and not self._host.stopping:
            self._spawn(self._look_at(names))

    def cancel(self, run_id: str, cancellation: Cancellation, came: Cancelled) -> None:
        """Carry out what was put on record."""
        run = self._runs.get(run_id)
        if run is None or came is Cancelled.VAIN:
            return
        if came is Cancelled.ASKED:
            run.ask_to_stop(cancellation)
        elif not run.placed:
            self._drop(run)

    def signal(self, run_id: str, signal: str) -> None:
        """Wake a run that waits for the signal."""
        run = self._runs.get(run_id)
        if run is not None:
            run.hear(signal)

    def await_end(self, run_id: str) -> asyncio.Future[None]:
        """Return a future that is done when the run is let go of."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(run_id, []).append(waiter)
        return waiter

    def forget_waiter(self, run_id: str, waiter: asyncio.Future[None]) -> None:
        """Nobody awaits that future any more."""
        waiters = self._waiters.get(run_id, [])
        if waiter in waiters:
            waiters.remove(waiter)
        if not waiters:
            self._waiters.pop(run_id, None)

    async def stop(self) -> None:
        """Break everything off without putting anything on record."""
        self._host.stopping = True
        for run in self._runs.values():
            if run.task is not None:
                run.task.cancel()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        for waiter in [one for waiters in self._waiters.values() for one in waiters]:
            waiter.cancel()

    async def _look_at(self, names: set[str]) -> None:
        await self._host.writer.write(lambda tx: find(tx, names), then=self.take_up)

    def _adopt(self, found: Found) -> None:
        if found.phase.ended:
            return
        if found.flow not in self._flows:
            log.warning("Run %s stays: there is no flow %s.", found.run_id, found.flow)
            return
        run = LiveRun(found.seq, found.run_id, found.flow, found.queue, found.priority)
        run.cancellation = found.cancellation
        self._runs[run.run_id] = run
        if found.phase is not Phase.QUEUED:
            run.placed = found.phase is Phase.RUNNING
            if run.placed:
                self._host.places.take(run.queue)
            self._spawn(self._resume(run))
        elif found.not_before is not None and found.not_before > self._host.clock.now():
            run.timer = self._host.timers.at(found.not_before, lambda: self._line_up(run))
        else:
            self._line_up(run)

    def _line_up(self, run: LiveRun) -> None:
        def grant() -> None:
            run.placed = True
            self._spawn(self._begin(run))

        run.claim = Claim(run.priority, run.seq, run.queue, grant)
        self._host.places.line_up(run.claim)

    async def _begin(self, run: LiveRun) -> None:
        now = self._host.clock.now()
        text = await self._host.writer.write(
            lambda tx: rows.begin(tx, run.seq, run_id=run.run_id, now=now)
        )
        if text is None:
            self._drop(run)
        else:
            run.input = from_text(text)
            await self._live(run)

    async def _resume(self, run: LiveRun) -> None:
        text, run.recorded = await self._host.writer.write(lambda tx: recall(tx, run.seq))
        run.input = from_text(text)
        if any(step.phase is StepPhase.CANCELLED for step in run.recorded.values()):
            run.cancellation, run.raised = None, run.cancellation
        await self._live(run)

    async def _live(self, run: LiveRun) -> None:
        if self._host.stopping:
            return
        context = JournalContext(run, self._host)
        run.task = asyncio.ensure_future(enter(self._flows[run.flow], context))
        await asyncio.wait({run.task})
        if run.interrupt is not None:
            run.interrupt()
        if self._host.stopping:
            outcome_of(run.task)
            return
        ending = end_of(run, context, run.task, now=self._host.clock.now())
        await self._host.writer.write(
            lambda tx: rows.end(tx, run.seq, run_id=run.run_id, ending=ending)
        )
        self._drop(run)

    def _drop(self, run: LiveRun) -> None:
        if self._runs.pop(run.run_id, None) is None:
            return
        if run.claim is not None:
            run.claim.withdrawn = True
        if run.timer is not None:
            self._host.timers.drop(run.timer)
        if run.placed:
            self._host.places.give_back(run.queue)
        for waiter in self._waiters.pop(run.run_id, ()):
            if not waiter.done():
                waiter.set_result(None)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._let_go)

    def _let_go(self, task: "asyncio.Future[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A run is left where it is until the next start.", exc_info=error)
