"""Looking at the journal and asking things of it, from the engine's process or another."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from courier.engine.inflight import (
    Cancellation,
    Json,
    Phase,
    RunState,
    StepKind,
    StepPhase,
    StepRecord,
)
from courier.engine.journal import rows
from courier.engine.journal.errors import failure_of
from courier.engine.journal.schema import (
    Durability,
    from_micros,
    from_text,
    open_reader,
    open_writer,
    to_text,
)
from courier.engine.journal.writer import Statements, Transaction, Write
from courier.errors import NotFound, Unavailable
from courier.ports.clock import Clock

T = TypeVar("T")
POLL_SECONDS = 0.2
_STATE = (
    "SELECT id, flow, queue, priority, phase, submitted_at, not_before, started_at, ended_at,"
    " CASE WHEN ended_at IS NULL THEN (SELECT name FROM steps WHERE run = seq"
    " AND steps.phase = 'open' ORDER BY position DESC LIMIT 1) END,"
    " result, error, cancel_by, cancel_reason FROM runs"
)
NO_LIMIT = 2**62
_LIVE = {None: "", True: " WHERE ended_at IS NULL", False: " WHERE ended_at IS NOT NULL"}


class JournalReader:
    """The `RunReader` of a data folder; needs no lock, works while an engine runs and without."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="courier-reader")

    async def status(self, run_id: str) -> RunState | None:
        """Return one run, or None."""
        found = await self._read(lambda connection: states(connection, " WHERE id = ?", run_id))
        return found[0] if found else None

    async def list(
        self, *, live: bool | None = None, limit: int | None = None
    ) -> Sequence[RunState]:
        """Return runs, the last submitted first."""
        return await self._read(lambda connection: listed(connection, live=live, limit=limit)) or ()

    async def steps(self, run_id: str) -> Sequence[StepRecord]:
        """Return what the run asked for so far, in order."""
        return await self._read(lambda connection: steps_of(connection, run_id)) or ()

    async def submitted(self, run_id: str) -> Json:
        """Return what the run was submitted with; None for an unknown run."""
        return from_text(await self._read(lambda connection: input_of(connection, run_id)))

    async def close(self) -> None:
        """Close the connection; it is opened again when needed."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T | None:
        def read() -> T | None:
            if self._connection is None:
                self._connection = open_reader(self._folder)
            return None if self._connection is None else query(self._connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class JournalClient(JournalReader):
    """The `RunClient` of a data folder: asks from outside the engine's process.

    A running engine notices within a fraction of a second, another at its start.
    """

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        super().__init__(folder)
        self._clock = clock

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
        run = rows.Submission(
            run_id, flow, to_text(input), queue, priority, self._clock.now(), not_before
        )

        def write(tx: Transaction) -> bool:
            rows.leave_notice(tx, run_id)
            return rows.submit(tx, run) is not None

        return await self._write(write)

    async def cancel(self, run_id: str, *, by: str, reason: str) -> bool:
        """Ask a run to stop."""
        now = self._clock.now()

        def write(tx: Transaction) -> bool:
            rows.leave_notice(tx, run_id)
            came = rows.cancel(tx, run_id, by=by, reason=reason, now=now)
            return came is not rows.Cancelled.VAIN

        return await self._write(write)

    async def send(self, run_id: str, signal: str, value: Json) -> None:
        """Send a signal."""
        text = to_text(value)

        def write(tx: Transaction) -> None:
            rows.leave_notice(tx, run_id, signal=signal)
            rows.send(tx, run_id, signal=signal, value=text)

        await self._write(write)

    async def wait(self, run_id: str) -> RunState:
        """Return the run once it has ended; looks a few times a second."""
        while True:
            state = await self.status(run_id)
            if state is None:
                raise NotFound(f"There is no run {run_id}.")
            if state.phase.ended:
                return state
            await self._clock.sleep(POLL_SECONDS)

    async def forget_some(self, runs: Collection[str], *, before: datetime) -> int:
        """Delete all that is known of those of some runs that ended before a moment."""
        forgotten, names = 0, sorted(runs)
        for start in range(0, len(names), rows.FORGET_AT_ONCE):
            some = names[start : start + rows.FORGET_AT_ONCE]
            forgotten += await self._write(partial(rows.forget_some, runs=some, before=before))
        return forgotten

    async def _write(self, write: Write[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, write)

    def _commit(self, write: Write[T]) -> T:
        self._folder.mkdir(parents=True, exist_ok=True)
        connection = open_writer(self._folder, durability=Durability.PROCESS, upgrade=False)
        try:
            connection.execute("BEGIN IMMEDIATE")
            answer = write(Transaction(connection))
            connection.execute("COMMIT")
        except sqlite3.OperationalError as busy:
            raise Unavailable(
                "The journal cannot be written now.",
                detail=f"{self._folder}: {busy}.",
                next_step="Try again; check the disk if it goes on.",
            ) from busy
        finally:
            connection.close()
        return answer


def listed(connection: Statements, *, live: bool | None, limit: int | None) -> Sequence[RunState]:
    """Return runs, the last submitted first."""
    rest = f"{_LIVE[live]} ORDER BY seq DESC LIMIT ?"
    return states(connection, rest, NO_LIMIT if limit is None else limit)


def states(connection: Statements, rest: str, value: str | int) -> Sequence[RunState]:
    """Return the runs that the rest of a SELECT asks for."""
    return [_state(row) for row in connection.execute(_STATE + rest, (value,))]


def _state(row: tuple[Any, ...]) -> RunState:
    run_id, flow, queue, priority, phase, submitted_at, not_before, started_at, ended_at = row[:9]
    step, result, error, by, reason = row[9:]
    return RunState(
        run_id=run_id,
        flow=flow,
        queue=queue,
        priority=priority,
        phase=Phase(phase),
        submitted_at=from_micros(submitted_at),
        not_before=_moment(not_before),
        started_at=_moment(started_at),
        ended_at=_moment(ended_at),
        step=step,
        result=from_text(result),
        error=failure_of(from_text(error)),
        cancellation=None if by is None else Cancellation(by, reason),
    )


def steps_of(connection: Statements, run_id: str) -> Sequence[StepRecord]:
    """Return what a run asked for, in order."""
    told = connection.execute(
        "SELECT name, kind, phase, tries, started_at, ended_at, checkpoint, result, error, until"
        " FROM steps WHERE run = (SELECT seq FROM runs WHERE id = ?) ORDER BY position",
        (run_id,),
    )
    return [
        StepRecord(
            name=name,
            kind=StepKind(kind),
            phase=StepPhase(phase),
            tries=tries,
            started_at=from_micros(started_at),
            ended_at=_moment(ended_at),
            checkpoint=from_text(checkpoint),
            result=from_text(result),
            error=failure_of(from_text(error)),
            until=_moment(until),
        )
        for name, kind, phase, tries, started_at, ended_at, checkpoint, result, error, until in told
    ]


def input_of(connection: Statements, run_id: str) -> str | None:
    """Return what a run was submitted with, as JSON text; None for an unknown run."""
    row = connection.execute("SELECT input FROM runs WHERE id = ?", (run_id,)).fetchone()
    return None if row is None else str(row[0])


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
