"""The index on disk: one SQLite file in WAL mode, of columns that lists are chosen by."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from courier.planning.observed.history import Sample
from courier.planning.observed.listed import ListedRun
from courier.planning.observed.observed import ObservedRun, summed

VERSION: Final = 6
"""Raised whenever what a row says, or how it is read from a record, changes."""

COLUMNS: Final = (
    "run, place, started, ended, project, workflow, source, phase, reason, title, message, branch, "
    "agents, personas, usage, digest, pull, number, proposed, tokens, cost, work, base, forge, "
    "merged, checks, merging"
)

_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs ({COLUMNS}, figures, PRIMARY KEY (run)) WITHOUT ROWID;
"""

# Every index ends in the run's name, as the table's key; it is read backwards.
_INDEXES: Final = {
    "by_start": "(started)",
    "by_phase": "(phase, started)",
    "by_project": "(project, started)",
    "by_workflow": "(workflow, started)",
    "by_workflow_phase": "(workflow, phase, started)",
    "by_project_phase": "(project, phase, started)",
    "by_proposal": "(proposed) WHERE proposed",
    "by_failure": "(pull) WHERE pull = 'failed'",
    "by_number": "(number) WHERE number IS NOT NULL",
    "by_work": "(work) WHERE work IS NOT NULL",
    "by_merge": "(merged) WHERE merged != ''",
    "by_checks_after": "(merging) WHERE merging",
    "by_sample": "(workflow, ended) WHERE tokens IS NOT NULL",
}

_LOG_BYTES: Final = 16 << 20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_short: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_PUT: Final = (
    f"INSERT OR REPLACE INTO runs ({COLUMNS}, figures) "  # noqa: S608 - both are constants
    f"VALUES ({', '.join('?' * len(COLUMNS.split(',')))}, ?)"
)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, which is made if it is not there.

    Raises:
        sqlite3.Error: If it cannot be opened, or is no such file.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    link = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        link.execute("PRAGMA busy_timeout = 5000")
        link.execute("PRAGMA journal_mode = WAL")
        link.execute("PRAGMA synchronous = NORMAL")
        link.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        link.executescript(_TABLES)
    except sqlite3.Error:
        link.close()
        raise
    return link


def begin(link: sqlite3.Connection) -> bool:
    """Begin to write; return False if somebody else is writing."""
    link.execute("PRAGMA busy_timeout = 0")
    try:
        link.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as busy:
        if busy.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        link.execute("PRAGMA busy_timeout = 5000")
    return True


def fact(link: sqlite3.Connection, name: str) -> str:
    """Return what is noted under a name; empty if nothing is."""
    found = link.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return str(found[0]) if found else ""


def note(link: sqlite3.Connection, name: str, value: str) -> None:
    """Note something under a name."""
    link.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def clear(link: sqlite3.Connection) -> None:
    """Forget every run, and what makes finding them fast, to be filled anew."""
    for name in _INDEXES:
        link.execute(f"DROP INDEX IF EXISTS {name}")
    link.execute("DELETE FROM runs")
    note(link, "total", "0")


def arrange(link: sqlite3.Connection) -> None:
    """Make what makes finding fast, if it is not there."""
    for name, on in _INDEXES.items():
        link.execute(f"CREATE INDEX IF NOT EXISTS {name} ON runs {on}")


def put(link: sqlite3.Connection, found: Sequence[ListedRun]) -> None:
    """Take in runs; what is known of them before goes."""
    seen = [one.observed for one in found]
    old = [one.observed for one in named(link, [each.run for each in seen])]
    _count(link, new=seen, old=old)
    link.executemany(_PUT, map(_row, found))


def remove(link: sqlite3.Connection, places: Iterable[str]) -> Sequence[str]:
    """Forget the runs whose records were at those places; return their names."""
    asked = [(place.split("/")[-2], place) for place in places]
    known = {one.place: one for one in named(link, [run for run, _ in asked])}
    gone = [known[place].observed for _, place in asked if place in known]
    _count(link, new=(), old=gone)
    link.executemany("DELETE FROM runs WHERE run = ?", [(one.run,) for one in gone])
    return [one.run for one in gone]


def on_branches(link: sqlite3.Connection, branches: Sequence[str]) -> Iterator[ListedRun]:
    """Yield the runs whose work is on some branches; looks through all there are."""
    for start in range(0, len(branches), 500):
        some = branches[start : start + 500]
        yield from select(link, f"WHERE branch IN ({', '.join('?' * len(some))})", some)


def named(link: sqlite3.Connection, runs: Sequence[str]) -> Iterator[ListedRun]:
    """Yield those of some runs that are known."""
    for start in range(0, len(runs), 500):
        some = runs[start : start + 500]
        yield from select(link, f"WHERE run IN ({', '.join('?' * len(some))})", some)


def select(link: sqlite3.Connection, rest: str, values: Sequence[object]) -> Iterator[ListedRun]:
    """Yield the runs a query finds; ``rest`` is what stands behind its FROM."""
    query = f"SELECT {COLUMNS} FROM runs {rest}"  # noqa: S608 - only courier's own words
    for row in link.execute(query, tuple(values)):
        yield _listed(row)


def figures(
    link: sqlite3.Connection, rest: str, values: Sequence[object]
) -> Iterator[Mapping[str, Any]]:
    """Yield what statistics are made of, of the runs a query finds."""
    query = f"SELECT figures FROM runs {rest}"  # noqa: S608 - only courier's own words
    for (told,) in link.execute(query, tuple(values)):
        yield json.loads(told)


def _count(
    link: sqlite3.Connection, *, new: Iterable[ObservedRun], old: Iterable[ObservedRun]
) -> None:
    total = int(fact(link, "total") or "0", 16)
    note(link, "total", f"{summed(total, new=new, old=old):x}")


def micros(at: datetime) -> int:
    """Return a moment as the index keeps it: microseconds since 1970, in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def _row(one: ListedRun) -> tuple[Any, ...]:
    seen, sample = one.observed, one.observed.sample
    cost = sample.cost_usd if sample is not None else None
    return (
        seen.run,
        one.place,
        micros(one.started_at),
        micros(one.ended_at) if one.ended_at else None,
        seen.project,
        seen.workflow,
        one.source,
        seen.phase,
        seen.reason,
        one.title,
        one.message,
        seen.branch,
        ",".join(one.agents),
        ",".join(one.personas),
        json.dumps(one.usage, ensure_ascii=False) if one.usage else "",
        seen.spec_digest,
        seen.pull_request,
        seen.number,
        1 if seen.is_proposed else 0,
        sample.tokens if sample is not None else None,
        str(cost) if cost is not None else None,
        seen.commit,
        seen.base,
        seen.forge,
        one.merged_as,
        seen.checks,
        1 if seen.awaits_merge_checks else 0,
        _short(one.figures),
    )


def _listed(row: Sequence[Any]) -> ListedRun:
    run, place, started, ended, project, workflow, source, phase, reason, *more = row
    title, message, branch, agents, personas, usage, digest, pull, number, _, *last = more
    tokens, cost, work, base, forge, merged, checks, merging = last
    began = _EPOCH + started * _MICROSECOND
    over = _EPOCH + ended * _MICROSECOND if ended is not None else None
    sample = None
    if tokens is not None and over is not None:
        seconds = max(0.0, (over - began).total_seconds())
        sample = Sample(run, over, seconds, tokens, Decimal(cost) if cost is not None else None)
    seen = ObservedRun(run, phase, reason, project, workflow, digest, pull, number, sample)
    seen = replace(seen, branch=branch, commit=work, base=base, ended_at=over, forge=forge)
    seen = replace(seen, checks=checks, awaits_merge_checks=bool(merging))
    return ListedRun(
        observed=seen,
        place=place,
        started_at=began,
        ended_at=over,
        source=source,
        title=title,
        message=message,
        agents=tuple(filter(None, agents.split(","))),
        personas=tuple(filter(None, personas.split(","))),
        usage=json.loads(usage) if usage else {},
        merged_as=merged,
    )
