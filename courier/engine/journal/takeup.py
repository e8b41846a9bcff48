"""Taking up what the journal holds: runs to go on with, and what they did before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from courier.engine.inflight import Cancellation, Phase, StepKind, StepPhase
from courier.engine.journal.run import Recorded
from courier.engine.journal.schema import from_micros
from courier.engine.journal.writer import Transaction

_COLUMNS = "SELECT seq, id, flow, queue, priority, phase, not_before, cancel_by, cancel_reason"


@dataclass(frozen=True, slots=True)
class Found:
    """A run as the journal holds it."""

    seq: int
    run_id: str
    flow: str
    queue: str
    priority: int
    phase: Phase
    not_before: datetime | None
    cancellation: Cancellation | None


def find_live(read: Transaction) -> Sequence[Found]:
    """Return every run that has not ended, in the order of submission."""
    rows = read.execute(f"{_COLUMNS} FROM runs WHERE ended_at IS NULL ORDER BY seq")
    return [_found(row) for row in rows]


def find(read: Transaction, run_ids: Iterable[str]) -> Sequence[Found]:
    """Return those runs that exist."""
    rows = (
        read.execute(f"{_COLUMNS} FROM runs WHERE id = ?", (run_id,)).fetchone()
        for run_id in run_ids
    )
    return [_found(row) for row in rows if row is not None]


def recall(read: Transaction, seq: int) -> tuple[str, Mapping[int, Recorded]]:
    """Return a run's input, as JSON text, and what it did before, by position."""
    (text,) = read.execute("SELECT input FROM runs WHERE seq = ?", (seq,)).fetchone()
    rows = read.execute(
        "SELECT position, kind, name, phase, checkpoint, result, error, until"
        " FROM steps WHERE run = ?",
        (seq,),
    )
    return str(text), {
        position: Recorded(
            StepKind(kind), name, StepPhase(phase), checkpoint, result, error, _moment(until)
        )
        for position, kind, name, phase, checkpoint, result, error, until in rows
    }


def _found(row: tuple[int, str, str, str, int, str, int | None, str | None, str | None]) -> Found:
    seq, run_id, flow, queue, priority, phase, not_before, by, reason = row
    asked = None if by is None else Cancellation(by, reason or "")
    return Found(seq, run_id, flow, queue, priority, Phase(phase), _moment(not_before), asked)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
