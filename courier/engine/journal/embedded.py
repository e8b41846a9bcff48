"""The embedded engine: one process, one folder, a journal on SQLite.

What is on record survives a kill of the process at any point; with `Durability.POWER` also a
power cut, at the price of a disk flush per group of writes (without it a power cut may lose the
last moments, never the file). Everything a flow awaits is committed before it goes on. While the
file cannot be written (disk full, locked) runs wait, and go on when it can.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from courier.engine.inflight import Cancellation, Json, Phase, RunState, StepRecord
from courier.engine.journal import rows
from courier.engine.journal.lock import FolderLock
from courier.engine.journal.places import Places
from courier.engine.journal.reader import JournalReader
from courier.engine.journal.roster import Roster
from courier.engine.journal.rows import FORGET_AT_ONCE, Cancelled, Submission
from courier.engine.journal.run import Host
from courier.engine.journal.schema import Durability, open_writer, to_text
from courier.engine.journal.tables import forget_each, forget_everything
from courier.engine.journal.takeup import Found, find_live
from courier.engine.journal.timers import Timers
from courier.engine.journal.writer import Observer, Writer
from courier.engine.seam import Flow
from courier.errors import Misused, NotFound
from courier.ports.clock import Clock


class JournalEngine:
    """The `Engine` of one data folder."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        durability: Durability = Durability.PROCESS,
        observer: Observer | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._durability = durability
        self._observer = observer
        self._flows: dict[str, Flow] = {}
        self._limits: dict[str | None, int | None] = {}
        self._lock = FolderLock(folder)
        self._reader = JournalReader(folder)
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
            self._life.places.limit(queue, concurrency)

    async def start(self) -> None:
        """Take the folder and go on with every run that has not ended."""
        if self._life is not None:
            raise Misused("The engine is started already.")
        self._lock.take()
        try:
            connection = await asyncio.to_thread(
                open_writer, self._folder, durability=self._durability
            )
        except BaseException:
            self._lock.release()
            raise
        places, timers = Places(), Timers(self._clock)
        for queue, concurrency in self._limits.items():
            places.limit(queue, concurrency)
        writer = Writer(connection, observer=self._observer)
        host = Host(self._clock, writer, places, timers)
        roster = Roster(host, self._flows)
        self._life = _Life(host, writer, places, roster, asyncio.ensure_future(timers.run()))
        writer.start(roster.hear)
        await writer.write(find_live, then=roster.take_up)

    async def stop(self) -> None:
        """Leave every run as it is, for the next `start`."""
        life, self._life = self._life, None
        if life is None:
            return
        life.writer.hurry()
        await life.roster.stop()
        life.ringing.cancel()
        await asyncio.wait({life.ringing})
        await life.writer.stop()
        await self._reader.close()
        self._lock.release()

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
        life = self._started()
        run = Submission(
            run_id, flow, to_text(input), queue, priority, self._clock.now(), not_before
        )

        def take_up(seq: int | None) -> None:
            if seq is not None:
                found = Found(seq, run_id, flow, queue, priority, Phase.QUEUED, not_before, None)
                life.roster.take_up([found])

        seq = await life.writer.write(lambda tx: rows.submit(tx, run), then=take_up)
        return seq is not None

    async def cancel(self, run_id: str, *, by: str, reason: str) -> bool:
        """Ask a run to stop."""
        life = self._started()
        now = self._clock.now()

        def carry_out(came: Cancelled) -> None:
            life.roster.cancel(run_id, Cancellation(by, reason), came)

        came = await life.writer.write(
            lambda tx: rows.cancel(tx, run_id, by=by, reason=reason, now=now),
            then=carry_out,
        )
        return came is not Cancelled.VAIN

    async def send(self, run_id: str, signal: str, value: Json) -> None:
        """Send a signal."""
        life = self._started()
        text = to_text(value)
        await life.writer.write(
            lambda tx: rows.send(tx, run_id, signal=signal, value=text),
            then=lambda _: life.roster.signal(run_id, signal),
        )

    async def status(self, run_id: str) -> RunState | None:
        """Return one run, or None."""
        return await self._reader.status(run_id)

    async def list(
        self, *, live: bool | None = None, limit: int | None = None
    ) -> Sequence[RunState]:
        """Return runs, the last submitted first."""
        return await self._reader.list(live=live, limit=limit)

    async def steps(self, run_id: str) -> Sequence[StepRecord]:
        """Return what the run asked for so far, in order."""
        return await self._reader.steps(run_id)

    async def submitted(self, run_id: str) -> Json:
        """Return what the run was submitted with; None for an unknown run."""
        return await self._reader.submitted(run_id)

    async def wait(self, run_id: str) -> RunState:
        """Return the run once it has ended; cancelled when the engine stops."""
        roster = self._started().roster
        ended = roster.await_end(run_id)
        try:
            state = await self.status(run_id)
            if state is not None and not state.phase.ended:
                await ended
                state = await self.status(run_id)
        finally:
            roster.forget_waiter(run_id, ended)
        if state is None:
            raise NotFound(f"There is no run {run_id}.")
        return state

    async def forget(self, before: datetime) -> int:
        """Delete all that is known of runs that ended before a moment."""
        writer = self._started().writer
        forget = partial(rows.forget, before=before, most=FORGET_AT_ONCE)
        return await forget_everything(lambda: writer.write(forget))

    async def forget_some(self, runs: Collection[str], *, before: datetime) -> int:
        """Delete all that is known of those of some runs that ended before a moment."""
        writer = self._started().writer
        return await forget_each(
            runs, lambda some: writer.write(partial(rows.forget_some, runs=some, before=before))
        )

    def _started(self) -> "_Life":
        if self._life is None:
            raise Misused("The engine is not started.")
        return self._life


@dataclass(frozen=True, slots=True)
class _Life:
    """What exists from `start` to `stop`."""

    host: Host
    writer: Writer
    places: Places
    roster: Roster
    ringing: "asyncio.Future[None]"
