"""The course of something that is worked off by runs: how far it has come, on the state branch.

An Issue, a chain and their like ask for runs without being one. What became of them is written
down whenever it changes, so that nobody has to look through the history of runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal

from pydantic import ValidationError

from courier.planning.documents.references import Ref
from courier.resources.model import Model, first_fault

FOLDERS: Final[Mapping[str, str]] = {
    "Issue": "issues",
    "WorkChain": "chains/work",
    "SprintChain": "chains/sprint",
}
"""Kind to the folder of its courses on the state branch: ``chains/work/<name>.json``."""

CoursePhase = Literal["new", "pending", "running", "completed", "failed", "stopped"]
"""Where the whole is. new: an Issue nobody works on; pending: nothing of it was begun; failed: a
run of it failed, and it does not go on by itself; stopped: people ended it."""

PartPhase = Literal["pending", "running", "completed", "failed", "cancelled"]
"""Where one part is."""

GONE: Final = "Gone"
"""The reason of one that has no document any more."""


class Coursed(Model, extra="ignore"):
    """A piece of a course; what a newer courier wrote besides is passed over."""


class Part(Coursed):
    """One part, e.g. an issue of a chain, and the run that does it."""

    name: str
    phase: PartPhase = "pending"
    run: str | None = None
    """The run that counts: the last of those that did it; null before the first."""
    reason: str = ""
    """Why the run is where it is, as its record says it."""
    pull_request: str | None = None
    """Status of its pull request on record; null where it has none."""
    number: int | None = None
    """The pull request's number."""
    branch: str | None = None
    """The branch its work is on; null where there is none."""
    commit: str | None = None
    """The tip of its work."""
    tries: int = 1
    """Which try counts; a later one has its number in the run's name."""


class Course(Coursed):
    """Everything that is remembered of one document that asks for runs."""

    record_version: Literal[1] = 1
    kind: str
    name: str
    project: str = ""
    phase: CoursePhase
    reason: str = ""
    """A stable PascalCase word; empty where the phase says it all."""
    message: str = ""
    current: int | None = None
    """Index of the part that is under way or comes next, from 0; null once all have ended."""
    resume: int | None = None
    """Index of the part it goes on with after a failure, or went on with last."""
    resume_from: str | None = None
    """What its document said of going on when it was last looked at."""
    resumed_at: datetime | None = None
    """When the last word by command was said that it went on by; null before the first."""
    parts: tuple[Part, ...] = ()

    @property
    def ref(self) -> Ref:
        """Return the document it is of."""
        return Ref(self.kind, self.name)


class PlannedCourse(Coursed):
    """A course that is not on record like that yet."""

    course: Course
    ended: tuple[Part, ...] = ()
    """Its parts that have ended since it was last written down."""


def is_down(part: Part) -> bool:
    """Return whether a part ended and is nothing to build on: it failed, or people said no."""
    return part.phase in ("failed", "cancelled") or part.pull_request == "closed"


def is_unopened(part: Part) -> bool:
    """Return whether a part's work is done and pushed, and only its pull request is not open.

    Opening it is tried again and again, and the part is completed once it is.
    """
    return part.phase == "failed" and part.pull_request == "failed"


@dataclass(frozen=True, slots=True)
class Resumption:
    """Somebody's word that something goes on after a failure.

    Attributes:
        by: Who, as git writes people.
        at: When, in UTC, to the second.
        part: The part to go on with; empty for the one that failed.
    """

    by: str
    at: datetime
    part: str = ""


@dataclass(frozen=True, slots=True)
class ObservedCourse:
    """One course as the state branch tells it.

    Attributes:
        course: What is on record; None where there is nothing yet or it cannot be read.
        asks: What people asked of it by command, the first first.
        fault: Why it cannot be read; empty if it can.
        mark: Changes whenever any of this does.
    """

    course: Course | None = None
    asks: Sequence[Resumption] = ()
    fault: str = ""
    mark: str = ""


def path_of(ref: Ref) -> str:
    """Return where the course of a document is."""
    return f"{FOLDERS[ref.kind]}/{ref.name}.json"


def read_course(content: bytes) -> ObservedCourse:
    """Return what a course tells; one that cannot be understood says why not."""
    mark = sha256(content).hexdigest()
    try:
        return ObservedCourse(Course.model_validate_json(content), mark=mark)
    except ValidationError as broken:
        return ObservedCourse(fault=first_fault(broken), mark=mark)
