"""What the journal writes: one function per fact, each run inside a transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from courier.engine.inflight import Phase, StepKind, StepPhase
from courier.engine.journal.schema import to_micros
from courier.engine.journal.writer import Transaction
from courier.errors import Conflict, NotFound

FORGET_AT_ONCE: Final = 500
"""Most runs forgotten in one transaction."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A run as it is submitted; `input` is JSON text."""

    run_id: str
    flow: str
    input: str
    queue: str
    priority: int
    submitted_at: datetime
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in the journal one thing a flow asks for belongs."""

    seq: int
    run_id: str
    position: int
    kind: StepKind
    name: str


class Cancelled(Enum):
    """What came of asking a run to stop."""

    VAIN = "vain"
    ASKED = "asked"
    ENDED = "ended"


def submit(write: Transaction, run: Submission) -> int | None:
    """Queue a run; return its number, or None if one of that name is known."""
    row = write.execute(
        "INSERT INTO runs (id, flow, queue, priority, phase, input, submitted_at, not_before)"
        " VALUES (?, ?, ?, ?, 'queued', ?, ?, ?) ON CONFLICT DO NOTHING RETURNING seq",
        (
            run.run_id,
            run.flow,
            run.queue,
            run.priority,
            run.input,
            to_micros(run.submitted_at),
            None if run.not_before is None else to_micros(run.not_before),
        ),
    ).fetchone()
    if row is None:
        return None
    write.note(run.run_id, "submitted")
    return int(row[0])


def begin(write: Transaction, seq: int, *, run_id: str, now: datetime) -> str | None:
    """Say that a queued run is running; return its input, or None if it is not queued any more."""
    row = write.execute(
        "UPDATE runs SET phase = 'running', started_at = ? WHERE seq = ? AND phase = 'queued'"
        " RETURNING input",
        (to_micros(now), seq),
    ).fetchone()
    if row is None:
        return None
    write.note(run_id, "started")
    return str(row[0])


def open_step(
    write: Transaction, spot: Spot, *, now: datetime, until: datetime | None = None
) -> int:
    """Say that a step is begun, or begun again; return which try this is."""
    (tries,) = write.execute(
        "INSERT INTO steps (run, position, kind, name, phase, tries, started_at, until)"
        " VALUES (?, ?, ?, ?, 'open', 1, ?, ?)"
        " ON CONFLICT (run, position) DO UPDATE SET tries = steps.tries + 1 RETURNING tries",
        (
            spot.seq,
            spot.position,
            spot.kind,
            spot.name,
            to_micros(now),
            None if until is None else to_micros(until),
        ),
    ).fetchone()
    if spot.kind in (StepKind.SLEEP, StepKind.SIGNAL):
        write.execute("UPDATE runs SET phase = 'waiting' WHERE seq = ?", (spot.seq,))
    write.note(spot.run_id, "opened", spot.name)
    return int(tries)


def save(write: Transaction, spot: Spot, *, checkpoint: str) -> None:
    """Replace the checkpoint of an open step."""
    changed = write.execute(
        "UPDATE steps SET checkpoint = ? WHERE run = ? AND position = ? AND phase = 'open'",
        (checkpoint, spot.seq, spot.position),
    ).rowcount
    if not changed:
        raise Conflict("A step that has ended cannot save a checkpoint.", detail=spot.name)
    write.note(spot.run_id, "saved", spot.name)


@dataclass(frozen=True, slots=True)
class Closing:
    """How a step ended; `result` and `error` are JSON text."""

    phase: StepPhase
    now: datetime
    result: str | None = None
    error: str | None = None


def close_step(write: Transaction, spot: Spot, closing: Closing) -> None:
    """Say how a step ended; one that was never opened is opened with it."""
    now = to_micros(closing.now)
    write.execute(
        "INSERT INTO steps"
        " (run, position, kind, name, phase, tries, started_at, ended_at, result, error)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, position) DO UPDATE SET"
        " phase = excluded.phase, ended_at = excluded.ended_at,"
        " result = excluded.result, error = excluded.error",
        (
            spot.seq,
            spot.position,
            spot.kind,
            spot.name,
            closing.phase,
            int(closing.phase is StepPhase.DONE),
            now,
            now,
            closing.result,
            closing.error,
        ),
    )
    if spot.kind in (StepKind.SLEEP, StepKind.SIGNAL):
        write.execute("UPDATE runs SET phase = 'running' WHERE seq = ?", (spot.seq,))
    write.note(spot.run_id, "closed", spot.name)


def consume(write: Transaction, spot: Spot, *, now: datetime) -> str | None:
    """Give the oldest signal to the step that waits for it; return its JSON text, or None."""
    row = write.execute(
        "SELECT id, value FROM signals WHERE run = ? AND name = ? ORDER BY id LIMIT 1",
        (spot.seq, spot.name),
    ).fetchone()
    if row is None:
        return None
    write.execute("DELETE FROM signals WHERE id = ?", (row[0],))
    close_step(write, spot, Closing(StepPhase.DONE, now, result=row[1]))
    return str(row[1])


def waits(write: Transaction, spot: Spot, *, signal: str) -> bool:
    """Return whether a signal of that name waits for the step's run."""
    found = write.execute(
        "SELECT 1 FROM signals WHERE run = ? AND name = ? LIMIT 1", (spot.seq, signal)
    )
    return found.fetchone() is not None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended; `result` and `error` are JSON text."""

    phase: Phase
    now: datetime
    result: str | None = None
    error: str | None = None


def end(write: Transaction, seq: int, *, run_id: str, ending: Ending) -> None:
    """Say how a run ended; its unread signals go."""
    write.execute(
        "UPDATE runs SET phase = ?, ended_at = ?, result = ?, error = ? WHERE seq = ?",
        (ending.phase, to_micros(ending.now), ending.result, ending.error, seq),
    )
    write.execute("DELETE FROM signals WHERE run = ?", (seq,))
    write.note(run_id, "ended")


def cancel(write: Transaction, run_id: str, *, by: str, reason: str, now: datetime) -> Cancelled:
    """Ask a run to stop; one that never started ends here.

    Raises:
        NotFound: If there is no such run.
    """
    seq, phase, asked_by = _run(write, run_id)
    if phase.ended or asked_by is not None:
        return Cancelled.VAIN
    write.execute(
        "UPDATE runs SET cancel_by = ?, cancel_reason = ? WHERE seq = ?", (by, reason, seq)
    )
    write.note(run_id, "cancelAsked")
    if phase is not Phase.QUEUED:
        return Cancelled.ASKED
    end(write, seq, run_id=run_id, ending=Ending(Phase.CANCELLED, now))
    return Cancelled.ENDED


def send(write: Transaction, run_id: str, *, signal: str, value: str) -> None:
    """Keep a signal, whose value is JSON text, until its run asks for it.

    Raises:
        NotFound: If there is no such run.
        Conflict: If it has ended.
    """
    seq, phase, _ = _run(write, run_id)
    if phase.ended:
        raise Conflict(f"Run {run_id} has ended.", detail=f"It is {phase}.")
    write.execute("INSERT INTO signals (run, name, value) VALUES (?, ?, ?)", (seq, signal, value))
    write.note(run_id, "sent", signal)


def forget(write: Transaction, *, before: datetime, most: int) -> int:
    """Delete runs that ended before a moment, at most so many; return how many."""
    rows = write.execute(
        "SELECT seq FROM runs WHERE ended_at < ? ORDER BY ended_at LIMIT ?",
        (to_micros(before), most),
    ).fetchall()
    return _delete(write, rows)


def forget_some(write: Transaction, runs: Iterable[str], *, before: datetime) -> int:
    """Delete those of some runs that ended before a moment; return how many."""
    found = 0
    for run in runs:
        rows = write.execute(
            "SELECT seq FROM runs WHERE id = ? AND ended_at < ?", (run, to_micros(before))
        ).fetchall()
        found += _delete(write, rows)
    return found


def _delete(write: Transaction, rows: Sequence[tuple[Any, ...]]) -> int:
    for (seq,) in rows:
        write.execute("DELETE FROM steps WHERE run = ?", (seq,))
        write.execute("DELETE FROM runs WHERE seq = ?", (seq,))
    return len(rows)


def leave_notice(write: Transaction, run_id: str, *, signal: str | None = None) -> None:
    """Tell the engine that another process did something to a run."""
    write.execute("INSERT INTO notices (run_id, signal) VALUES (?, ?)", (run_id, signal))


def _run(write: Transaction, run_id: str) -> tuple[int, Phase, str | None]:
    row = write.execute(
        f"SELECT seq, phase, cancel_by FROM runs WHERE id = ?{write.locking}",  # noqa: S608 - a constant
        (run_id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no run {run_id}.")
    return int(row[0]), Phase(row[1]), row[2]
