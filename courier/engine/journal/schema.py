"""The journal's file: tables, versions, connections, and how moments and values are stored."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from threading import Event

from courier.engine.inflight import Json
from courier.errors import Misconfigured

FILE_NAME = "journal.sqlite"
BUSY_SECONDS = 5.0
_PAUSE_SECONDS = 0.02
LOG_BYTES = 16_000_000
"""The write-ahead log is cut back to this size after a burst."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MIGRATIONS = (
    """
    CREATE TABLE runs (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      flow TEXT NOT NULL,
      queue TEXT NOT NULL,
      priority INTEGER NOT NULL,
      phase TEXT NOT NULL,
      input TEXT NOT NULL,
      submitted_at INTEGER NOT NULL,
      not_before INTEGER,
      started_at INTEGER,
      ended_at INTEGER,
      result TEXT,
      error TEXT,
      cancel_by TEXT,
      cancel_reason TEXT
    ) STRICT;
    CREATE INDEX runs_live ON runs (seq) WHERE ended_at IS NULL;
    CREATE INDEX runs_ended ON runs (ended_at) WHERE ended_at IS NOT NULL;
    CREATE TABLE steps (
      run INTEGER NOT NULL,
      position INTEGER NOT NULL,
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      phase TEXT NOT NULL,
      tries INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      ended_at INTEGER,
      until INTEGER,
      checkpoint TEXT,
      result TEXT,
      error TEXT,
      PRIMARY KEY (run, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE signals (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      run INTEGER NOT NULL,
      name TEXT NOT NULL,
      value TEXT NOT NULL
    ) STRICT;
    CREATE INDEX signals_of ON signals (run, name, id);
    CREATE TABLE notices (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      run_id TEXT NOT NULL,
      signal TEXT
    ) STRICT;
    """,
)
"""Entry n brings a file of version n to version n + 1; entries are only ever appended."""


MOVED = 1_000_000
"""Added to the version of a file whose runs have gone elsewhere."""


class Durability(StrEnum):
    """What a written fact survives: the death of the process, or a power cut as well."""

    PROCESS = "process"
    POWER = "power"


_SYNCHRONOUS = {Durability.PROCESS: "NORMAL", Durability.POWER: "FULL"}


def to_micros(moment: datetime) -> int:
    """Return microseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Return the moment, in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def to_text(value: Json) -> str:
    """Return the value as ASCII JSON; raises TypeError or ValueError if JSON has no such value."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def from_text(text: str | None) -> Json:
    """Return the value; None for nothing stored."""
    value: Json = None if text is None else json.loads(text)
    return value


def open_writer(
    folder: Path, *, durability: Durability, upgrade: bool = True
) -> sqlite3.Connection:
    """Open the file for writing, making it first; only the holder of the lock may upgrade it.

    Raises:
        Misconfigured: If another courier wrote it, or it is no journal.
    """
    connection = connect(folder / FILE_NAME, create=True)
    connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[durability]}")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    found = version(connection, folder)
    if found and not upgrade:
        _refuse_older(connection, folder, found)
    if found < len(MIGRATIONS):
        _migrate(connection, folder)
    return connection


def open_reader(folder: Path) -> sqlite3.Connection | None:
    """Open the file for reading, or return None if there is no journal yet.

    Raises:
        Misconfigured: If another courier wrote it, or it is no journal.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    connection = connect(path, create=False)
    connection.execute("PRAGMA query_only = ON")
    found = version(connection, folder)
    if not found:
        connection.close()
        return None
    _refuse_older(connection, folder, found)
    return connection


def connect(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open one connection, in write-ahead mode, without implicit transactions."""
    mode = "rwc" if create else "rw"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_SECONDS,
        )
        _write_ahead(connection)
    except sqlite3.DatabaseError as broken:
        raise Misconfigured(
            "The journal cannot be opened.",
            detail=f"{path}: {broken}.",
            next_step="Check the folder's permissions and disk, or move the file away.",
        ) from broken
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Set the mode; SQLite does not wait here for whoever makes or mends the file just now."""
    for _ in range(round(BUSY_SECONDS / _PAUSE_SECONDS)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as locked:
            if "locked" not in str(locked):
                raise
            Event().wait(_PAUSE_SECONDS)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")


def version(connection: sqlite3.Connection, folder: Path) -> int:
    """Return the file's version, 0 for an empty file.

    Raises:
        Misconfigured: If this courier is too old for it.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found >= MOVED:
        connection.close()
        raise Misconfigured(
            "The runs of this journal were moved to a database.",
            detail=f"{folder / FILE_NAME}.",
            next_step="Set COURIER_DATABASE_URL to that database; `courier migrate --to URL` says"
            " whether all of them are there.",
        )
    if found > len(MIGRATIONS):
        connection.close()
        raise Misconfigured(
            "The journal was written by a newer courier.",
            detail=f"{folder / FILE_NAME} has version {found}; this courier knows up to "
            f"{len(MIGRATIONS)}.",
            next_step="Upgrade courier, or give it another data folder.",
        )
    return int(found)


def was_moved(connection: sqlite3.Connection) -> bool:
    """Return whether the file's runs have gone elsewhere."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found) >= MOVED


def mark_moved(connection: sqlite3.Connection, *, moved: bool) -> None:
    """Say whether the file's runs have gone elsewhere; only the holder of the lock may."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    number = int(found) % MOVED + MOVED * moved
    connection.execute(f"PRAGMA user_version = {number}")


def _refuse_older(connection: sqlite3.Connection, folder: Path, found: int) -> None:
    if found == len(MIGRATIONS):
        return
    connection.close()
    raise Misconfigured(
        "The journal was written by an older courier.",
        detail=f"{folder / FILE_NAME} has version {found}; this courier uses {len(MIGRATIONS)}.",
        next_step="Restart the daemon with this courier: it upgrades the journal.",
    )


def _migrate(connection: sqlite3.Connection, folder: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for number in range(version(connection, folder), len(MIGRATIONS)):
        for statement in MIGRATIONS[number].split(";"):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")
