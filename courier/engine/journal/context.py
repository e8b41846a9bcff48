"""What a flow run by the journal sees: answers from the journal first, then the world."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from courier.engine.inflight import (
    Cancellation,
    DivergedReplay,
    Json,
    RunCancelled,
    StepKind,
    StepPhase,
    StepRepeated,
    StepsOverlap,
)
from courier.engine.journal import errors, rows
from courier.engine.journal.outcome import outcome_of
from courier.engine.journal.rest import rest, take_place
from courier.engine.journal.rows import Closing, Spot
from courier.engine.journal.run import Host, LiveRun, Recorded
from courier.engine.journal.schema import from_text, to_text
from courier.engine.journal.stopping import break_off
from courier.engine.journal.writer import Transaction
from courier.engine.seam import Action
from courier.errors import CourierError

log = logging.getLogger(__name__)


class JournalContext:
    """The `Context` of one life of one run."""

    def __init__(self, run: LiveRun, host: Host) -> None:
        self._run = run
        self._host = host
        self._position = 0
        self._names: set[str] = set()
        self._open: str | None = None
        self._broken: CourierError | None = None

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._run.run_id

    @property
    def input(self) -> Json:
        """The frozen plan."""
        return self._run.input

    async def step(self, name: str, action: Action) -> Json:
        """Do something in the world once, or return what it gave before."""
        with self._ask(StepKind.STEP, name) as spot:
            recorded = self._run.recorded.get(spot.position)
            if recorded is not None and recorded.phase is not StepPhase.OPEN:
                return _replay(recorded, self._run.raised)
            await self._heed(spot)
            return await self._perform(spot, action, recorded)

    async def now(self, name: str) -> datetime:
        """Return the moment on record, or put the present one there."""
        with self._ask(StepKind.NOW, name) as spot:
            recorded = self._run.recorded.get(spot.position)
            if recorded is not None:
                return datetime.fromisoformat(str(_replay(recorded, self._run.raised)))
            await self._heed(spot)
            now = self._host.clock.now()
            await self._close(spot, StepPhase.DONE, result=to_text(now.isoformat()))
            return now

    async def sleep(self, name: str, until: datetime) -> None:
        """Wait for the moment on record, or for this one."""
        with self._ask(StepKind.SLEEP, name) as spot:
            recorded = self._run.recorded.get(spot.position)
            if recorded is not None and recorded.phase is not StepPhase.OPEN:
                _replay(recorded, self._run.raised)
                return
            await self._heed(spot)
            if recorded is not None and recorded.until is not None:
                until = recorded.until
            now = self._host.clock.now()
            if now < until:
                await self._host.writer.write(
                    lambda tx: rows.open_step(tx, spot, now=now, until=until)
                )
            while self._host.clock.now() < until:
                await rest(self._host, self._run, until)
                await self._heed(spot)
            await self._close(spot, StepPhase.DONE)

    async def signal(self, name: str, *, until: datetime | None = None) -> Json:
        """Return the signal on record, or consume the oldest, or wait for one."""
        with self._ask(StepKind.SIGNAL, name) as spot:
            recorded = self._run.recorded.get(spot.position)
            if recorded is not None and recorded.phase is not StepPhase.OPEN:
                return _replay(recorded, self._run.raised)
            await self._heed(spot)
            if recorded is not None:
                until = recorded.until
            return await self._await_signal(spot, until)

    @property
    def unasked(self) -> str | None:
        """The name of a step on record that this life has not asked for."""
        recorded = self._run.recorded.get(self._position)
        return None if recorded is None else recorded.name

    @property
    def broken(self) -> CourierError | None:
        """Why this life cannot go on, if it broke the seam's rules."""
        self._check_overlap("the end")
        return self._broken

    @contextmanager
    def _ask(self, kind: StepKind, name: str) -> Iterator[Spot]:
        if self._host.stopping:
            raise asyncio.CancelledError
        self._check_overlap(f"{kind} {name}")
        self._check_name(kind, name)
        if self._broken is not None:
            raise self._broken
        if kind is not StepKind.SIGNAL:
            self._names.add(name)
        spot = Spot(self._run.seq, self._run.run_id, self._position, kind, name)
        self._position += 1
        self._open = name
        try:
            yield spot
        except asyncio.CancelledError:
            # The name stays open: a flow that breaks off a step itself cannot be replayed.
            raise
        except BaseException:
            self._open = None
            raise
        self._open = None

    def _check_overlap(self, following: str) -> None:
        if self._open is not None and self._broken is None:
            self._broken = StepsOverlap(
                f"A step of run {self.run_id} was open or broken off when the next came.",
                detail=f"It is {self._open}; after it came {following}.",
                next_step="Ask for one step at a time; put time-outs inside the action.",
            )

    def _check_name(self, kind: StepKind, name: str) -> None:
        recorded = self._run.recorded.get(self._position)
        if self._broken is not None:
            return
        if recorded is not None and (recorded.kind, recorded.name) != (kind, name):
            self._broken = DivergedReplay(
                "The flow no longer does what its journal says.",
                detail=f"Run {self.run_id} asked for {kind} {name} as number {self._position + 1},"
                f" where the journal has {recorded.kind} {recorded.name}.",
                next_step="Start a new run, or go on with the courier that began this one.",
            )
        elif kind is not StepKind.SIGNAL and name in self._names:
            self._broken = StepRepeated(f"Run {self.run_id} has two steps named {name}.")

    async def _heed(self, spot: Spot) -> None:
        """Raise the cancellation, if the run was asked to stop and it was not raised yet."""
        asked = self._run.cancellation
        if asked is None:
            return
        take_place(self._host, self._run)
        await self._close(spot, StepPhase.CANCELLED)
        self._run.cancellation, self._run.raised = None, asked
        raise RunCancelled(by=asked.by, reason=asked.reason)

    async def _perform(self, spot: Spot, action: Action, recorded: Recorded | None) -> Json:
        now = self._host.clock.now()
        tries = await self._host.writer.write(lambda tx: rows.open_step(tx, spot, now=now))
        await self._heed(spot)
        checkpoint = None if recorded is None else from_text(recorded.checkpoint)
        task = asyncio.ensure_future(_begin(action, self._io(spot, checkpoint, tries)))
        self._run.interrupt = partial(break_off, task)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            break_off(task)
            await asyncio.wait({task})
            raise
        finally:
            self._run.interrupt = None
        return await self._settle(spot, task)

    def _io(self, spot: Spot, checkpoint: Json, tries: int) -> "_StepIO":
        return _StepIO(self._host, self._run, spot, checkpoint=checkpoint, tries=tries)

    async def _settle(self, spot: Spot, task: asyncio.Future[Json]) -> Json:
        text, error = outcome_of(task)
        if self._host.stopping:
            raise asyncio.CancelledError
        if error is None:
            await self._close(spot, StepPhase.DONE, result=text)
            return from_text(text)
        await self._heed(spot)
        failed = errors.known(error)
        if failed is not error:
            log.warning("Step %s of run %s raised.", spot.name, spot.run_id, exc_info=error)
        await self._close(spot, StepPhase.FAILED, error=to_text(errors.to_json(failed)))
        raise failed

    async def _await_signal(self, spot: Spot, until: datetime | None) -> Json:
        # Before looking: a signal sent after the look must find somebody to wake.
        self._run.wake.clear()
        self._run.awaiting = spot.name
        try:
            text = await self._open_or_consume(spot, until)
            while text is None and not self._is_past(until):
                await rest(self._host, self._run, until)
                await self._heed(spot)
                text = await self._host.writer.write(partial(self._consume, spot))
        finally:
            self._run.awaiting = None
        if text is None:
            await self._close(spot, StepPhase.DONE)
        return from_text(text)

    async def _open_or_consume(self, spot: Spot, until: datetime | None) -> str | None:
        now = self._host.clock.now()

        def write(tx: Transaction) -> str | None:
            rows.open_step(tx, spot, now=now, until=until)
            return self._consume(spot, tx)

        return await self._host.writer.write(write)

    def _consume(self, spot: Spot, tx: Transaction) -> str | None:
        return rows.consume(tx, spot, now=self._host.clock.now())

    def _is_past(self, until: datetime | None) -> bool:
        return until is not None and until <= self._host.clock.now()

    async def _close(
        self, spot: Spot, phase: StepPhase, *, result: str | None = None, error: str | None = None
    ) -> None:
        closing = Closing(phase, self._host.clock.now(), result, error)
        await self._host.writer.write(lambda tx: rows.close_step(tx, spot, closing))


class _StepIO:
    """The `StepIO` of one try."""

    def __init__(
        self, host: Host, run: LiveRun, spot: Spot, *, checkpoint: Json, tries: int
    ) -> None:
        self._host = host
        self._run = run
        self._spot = spot
        self.checkpoint = checkpoint
        self.tries = tries

    async def save(self, value: Json) -> None:
        """Keep a checkpoint."""
        text = to_text(value)
        await self._host.writer.write(lambda tx: rows.save(tx, self._spot, checkpoint=text))

    async def heard(self, signal: str) -> None:
        """Return once a signal of that name waits."""
        # Listening before looking: one sent after the look must find somebody to tell.
        ear = asyncio.Event()
        self._run.ears.append((signal, ear))
        try:
            spot = self._spot
            if not await self._host.writer.write(lambda tx: rows.waits(tx, spot, signal=signal)):
                await ear.wait()
        finally:
            self._run.ears.remove((signal, ear))


async def _begin(action: Action, io: _StepIO) -> Json:
    return await action(io)


def _replay(recorded: Recorded, raised: Cancellation | None) -> Json:
    if recorded.phase is StepPhase.FAILED:
        raise errors.from_json(from_text(recorded.error))
    if recorded.phase is StepPhase.CANCELLED and raised is not None:
        raise RunCancelled(by=raised.by, reason=raised.reason)
    return from_text(recorded.result)
