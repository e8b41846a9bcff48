"""What any engine whose runs are in tables is asked alike, whoever carries the statements out."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
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
from courier.engine.journal.errors import failure_of
from courier.engine.journal.rows import FORGET_AT_ONCE
from courier.engine.journal.schema import from_micros, from_text
from courier.engine.journal.writer import Statements
from courier.errors import NotFound
from courier.ports.clock import Clock

T = TypeVar("T")
POLL_SECONDS = 0.2
_STATE = (
    "SELECT id, flow, queue, priority, phase, submitted_at, not_before, started_at, ended_at,"
    " CASE WHEN ended_at IS NULL THEN (SELECT name FROM steps WHERE run = seq"
    " AND steps.phase = 'open' ORDER BY position DESC LIMIT 1) END,"
    " result, error, cancel_by, cancel_reason FROM runs"
)
_NO_LIMIT = 2**62
_LIVE = {None: "", True: " WHERE ended_at IS NULL", False: " WHERE ended_at IS NOT NULL"}


class TableReader(ABC):
    """The `RunReader` of tables."""

    @abstractmethod
    async def _read(self, query: Callable[[Statements], T]) -> T | None:
        """Return the answer to a query; None if there are no tables yet."""

    async def status(self, run_id: str) -> RunState | None:
        """Return one run, or None."""
        found = await self._read(lambda tables: _states(tables, " WHERE id = ?", run_id))
        return found[0] if found else None

    async def list(
        self, *, live: bool | None = None, limit: int | None = None
    ) -> Sequence[RunState]:
        """Return runs, the last submitted first."""
        return await self._read(lambda tables: _listed(tables, live=live, limit=limit)) or ()

    async def steps(self, run_id: str) -> Sequence[StepRecord]:
        """Return what the run asked for so far, in order."""
        return await self._read(lambda tables: _steps_of(tables, run_id)) or ()

    async def submitted(self, run_id: str) -> Json:
        """Return what the run was submitted with; None for an unknown run."""
        return from_text(await self._read(lambda tables: _input_of(tables, run_id)))


async def look_until_ended(reader: TableReader, run_id: str, clock: Clock) -> RunState:
    """Return a run once it has ended; looks a few times a second.

    Raises:
        NotFound: If there is no such run.
    """
    while True:
        state = await reader.status(run_id)
        if state is None:
            raise NotFound(f"There is no run {run_id}.")
        if state.phase.ended:
            return state
        await clock.sleep(POLL_SECONDS)


async def forget_everything(forget: Callable[[], Awaitable[int]]) -> int:
    """Return how many were forgotten by as many writes as that takes.

    Args:
        forget: One write that forgets `FORGET_AT_ONCE` at most, and says how many.
    """
    forgotten, some = 0, FORGET_AT_ONCE
    while some == FORGET_AT_ONCE:
        some = await forget()
        forgotten += some
    return forgotten


async def forget_each(
    runs: Collection[str], forget: Callable[[Sequence[str]], Awaitable[int]]
) -> int:
    """Return how many were forgotten by as many writes as that takes.

    Args:
        runs: Their names.
        forget: One write that forgets those of `FORGET_AT_ONCE` at most, and says how many.
    """
    forgotten, names = 0, sorted(runs)
    for start in range(0, len(names), FORGET_AT_ONCE):
        forgotten += await forget(names[start : start + FORGET_AT_ONCE])
    return forgotten


def _listed(tables: Statements, *, live: bool | None, limit: int | None) -> Sequence[RunState]:
    """Return runs, the last submitted first."""
    rest = f"{_LIVE[live]} ORDER BY seq DESC LIMIT ?"
    return _states(tables, rest, _NO_LIMIT if limit is None else limit)


def _states(tables: Statements, rest: str, value: str | int) -> Sequence[RunState]:
    """Return the runs that the rest of a SELECT asks for."""
    return [_state(row) for row in tables.execute(_STATE + rest, (value,))]


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


def _steps_of(tables: Statements, run_id: str) -> Sequence[StepRecord]:
    """Return what a run asked for, in order."""
    told = tables.execute(
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


def _input_of(tables: Statements, run_id: str) -> str | None:
    """Return what a run was submitted with, as JSON text; None for an unknown run."""
    row = tables.execute("SELECT input FROM runs WHERE id = ?", (run_id,)).fetchone()
    return None if row is None else str(row[0])


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
