"""Moving a machine's journal into a database: every run goes on there as it was."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from courier.engine.journal.lock import FolderLock
from courier.engine.journal.schema import FILE_NAME as JOURNAL
from courier.engine.journal.schema import MOVED, connect, mark_moved, was_moved
from courier.engine.journal.writer import Statements, Transaction
from courier.engine.postgres.groups import notify
from courier.engine.postgres.schema import Database, open_session, unavailable
from courier.engine.postgres.session import Busy, Lost
from courier.errors import Misconfigured, NotFound
from courier.ports.transcripts import Transcripts

__all__ = ["MOVED", "Moved", "live_runs", "move"]

_RUNS = (
    "id, flow, queue, priority, phase, input, submitted_at, not_before, started_at, ended_at,"
    " result, error, cancel_by, cancel_reason"
)
_STEPS = (
    "position, kind, name, phase, tries, started_at, ended_at, until, checkpoint, result, error"
)


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of it.

    Attributes:
        runs: How many runs were moved now.
        live: How many of them have not ended.
        known: How many were there already.
    """

    runs: int
    live: int
    known: int


def live_runs(folder: Path) -> Sequence[str]:
    """Return the runs of a journal that have not ended; none if there is no journal."""
    if not (folder / JOURNAL).exists():
        return ()
    with closing(connect(folder / JOURNAL, create=False)) as journal:
        rows = journal.execute("SELECT id FROM runs WHERE ended_at IS NULL ORDER BY seq")
        return [str(row[0]) for row in rows]


def move(folder: Path, database: Database, *, label: str, transcripts: Transcripts) -> Moved:
    """Copy a journal into a database in one transaction; the journal is of no use afterwards.

    Done again, it moves what is missing: a run that is there already stays as it is there.

    Args:
        folder: The journal's folder; no engine may run on it.
        database: Where to.
        label: The id by which the runs' sandboxes are labelled.
        transcripts: Where the runs' live transcripts are.

    Raises:
        NotFound: If there is no journal.
        Misconfigured: If an engine runs on the folder, or the database is a newer courier's.
        Unavailable: If the database cannot be reached; nothing has been moved then.
    """
    if not (folder / JOURNAL).exists():
        raise NotFound("There is no journal to move.", detail=str(folder))
    lock = FolderLock(folder)
    lock.take()
    try:
        with closing(connect(folder / JOURNAL, create=False)) as journal:
            before = was_moved(journal)
            # First: a kill from here on must not leave two engines that go on with the same runs.
            mark_moved(journal, moved=True)
            try:
                return _copy(journal, database, label, transcripts)
            except BaseException:
                mark_moved(journal, moved=before)
                raise
    finally:
        lock.release()


def _copy(
    journal: sqlite3.Connection, database: Database, label: str, transcripts: Transcripts
) -> Moved:
    session = open_session(database, name="courier migrate")
    try:
        number = session.begin()
        write = Transaction(session)
        session.execute("INSERT INTO facts VALUES ('label', ?) ON CONFLICT DO NOTHING", (label,))
        row = session.execute("SELECT value FROM facts WHERE name = 'label'").fetchone()
        if row[0] != label:
            raise Misconfigured(
                "Another machine's journal was moved to this database already.",
                detail=f"Its sandboxes are labelled {row[0]}, those here {label}.",
                next_step="Let the runs here end with `courier daemon`, then use the database.",
            )
        runs = journal.execute(f"SELECT seq, {_RUNS} FROM runs ORDER BY seq").fetchall()  # noqa: S608 - constants
        new = [run for run in runs if _move_run(journal, session, run)]
        for run in new:
            write.note(str(run[1]), "submitted")
            if run[10] is None:
                _move_transcripts(session, str(run[1]), transcripts)
        notify(session, database.schema, write.facts)
        session.commit(number)
    except (Lost, Busy) as fault:
        raise unavailable(database, fault) from fault
    finally:
        session.close()
    return Moved(len(new), sum(run[10] is None for run in new), len(runs) - len(new))


def _move_run(journal: sqlite3.Connection, session: Statements, run: tuple[object, ...]) -> bool:
    old, *values = run
    marks = ", ".join("?" * len(values))
    row = session.execute(
        f"INSERT INTO runs ({_RUNS}, in_line, placed)"  # noqa: S608 - constants
        f" VALUES ({marks}, ?, ?) ON CONFLICT DO NOTHING RETURNING seq",
        (*values, values[4] == "queued", values[4] == "running"),
    ).fetchone()
    if row is None:
        return False
    session.execute("INSERT INTO queues (name) VALUES (?) ON CONFLICT DO NOTHING", (values[2],))
    steps = journal.execute(f"SELECT {_STEPS} FROM steps WHERE run = ? ORDER BY position", (old,))  # noqa: S608 - constants
    for step in steps:
        marks = ", ".join("?" * len(step))
        session.execute(f"INSERT INTO steps (run, {_STEPS}) VALUES (?, {marks})", (row[0], *step))  # noqa: S608 - constants
    signals = journal.execute("SELECT name, value FROM signals WHERE run = ? ORDER BY id", (old,))
    for signal in signals:
        session.execute(
            "INSERT INTO signals (run, name, value) VALUES (?, ?, ?)", (row[0], *signal)
        )
    return True


def _move_transcripts(session: Statements, run: str, transcripts: Transcripts) -> None:
    for attempt in transcripts.attempts(run):
        content = transcripts.since(run, attempt, offset=0)
        if content:
            session.execute(
                "INSERT INTO transcripts VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING",
                (run, attempt, content),
            )
