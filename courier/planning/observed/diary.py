"""The diary of a recurring task: ``recurring/<name>.json`` on the state branch.

It says how far the calendar was looked at and what came of it, so that nobody has to look through
the history of runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal

from pydantic import ValidationError

from courier.planning.documents.references import Ref
from courier.resources.model import Model, first_fault

TASK: Final = "RecurringTask"
SCAN: Final = "IssueScan"

FOLDER: Final = "recurring"
"""Where diaries are on the state branch."""

MOST_ENTRIES: Final = 20
"""So many entries are kept; the runs themselves are on record for ever."""

TRIPPED: Final = "TooManyFailures"
"""The reason of a task that rests because it failed too often in a row."""

GONE: Final = "Gone"
"""The reason of a task that has no document any more."""


class Diarised(Model, extra="ignore"):
    """A part of a diary; what a newer courier wrote besides is passed over."""


class Entry(Diarised):
    """What became of one occurrence, or of several in a row."""

    at: datetime
    """The occurrence, or the first of several; for a run by hand, when it was asked for."""
    last: datetime | None = None
    """The last of several."""
    count: int = 1
    how: Literal["started", "skipped"]
    run: str | None = None
    """The run that started."""
    reason: str = ""
    """Of those left out, a stable PascalCase word: Missed, Overlap, Replaced, TooMany."""
    phase: str | None = None
    """How the run ended; null while it has not."""
    by: str = ""
    """Who asked for it by hand, as git writes people."""


class Rest(Diarised):
    """Why a task rests, and since when."""

    reason: str
    """A stable PascalCase word: Suspended, ProjectSuspended, TooManyFailures, Gone."""
    since: datetime


class Diary(Diarised):
    """Everything that is remembered of one recurring task."""

    record_version: Literal[1] = 1
    task: str
    project: str = ""
    decided: datetime
    """Occurrences up to here are decided and never looked at again."""
    schedule_digest: str
    spec_digest: str
    failures: int = 0
    """How many runs failed in a row, the newest included."""
    rest: Rest | None = None
    waiting: tuple[datetime, ...] = ()
    """Occurrences that wait for runs before them, the first first."""
    under_way: tuple[Entry, ...] = ()
    """Runs that were started and not seen to end, the first first."""
    recent: tuple[Entry, ...] = ()
    """What else came, the newest first."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody asked of a recurring task by command.

    Attributes:
        action: trigger: run it now; resume: go on after too many failures.
        by: Who, as git writes people.
        at: When, in UTC, to the second.
    """

    action: Literal["trigger", "resume"]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ObservedTask:
    """One recurring task as the state branch tells it.

    Attributes:
        diary: Its diary; None where there is none yet or it cannot be read.
        asks: What people asked of it, the first first.
        fault: Why its diary cannot be read; empty if it can.
        mark: Changes whenever any of this does.
    """

    diary: Diary | None = None
    asks: Sequence[Ask] = ()
    fault: str = ""
    mark: str = ""


def key_of(ref: Ref) -> str:
    """Return what a task is called in diaries; no document's name has a dot."""
    return ref.name if ref.kind == TASK else f"scan.{ref.name}"


def ref_of(key: str) -> Ref:
    """Return the document whose diary has that key."""
    return Ref(SCAN, key.removeprefix("scan.")) if key.startswith("scan.") else Ref(TASK, key)


def label_of(ref: Ref) -> str:
    """Return what people call something that recurs: ``nightly`` or ``issuescan/weekly``."""
    return ref.name if ref.kind == TASK else f"{ref.kind.lower()}/{ref.name}"


def path_of(task: str) -> str:
    """Return where a task's diary is."""
    return f"{FOLDER}/{task}.json"


def read_diary(content: bytes) -> ObservedTask:
    """Return what a diary tells; one that cannot be understood says why not."""
    mark = sha256(content).hexdigest()
    try:
        return ObservedTask(Diary.model_validate_json(content), mark=mark)
    except ValidationError as broken:
        return ObservedTask(fault=first_fault(broken), mark=mark)
