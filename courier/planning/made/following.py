"""What became of a made run: the last of it and of its retries, as far as can be seen."""

from collections.abc import Collection, Iterator
from itertools import count
from typing import Final

from courier.planning.catalog.catalog import Catalog
from courier.planning.made.names import cause_of
from courier.planning.observed.course import GONE, Course, Part, PartPhase, PlannedCourse
from courier.planning.observed.observed import Observed, ObservedRun
from courier.runs.steps.approvals import AWAITING

_ENDS: Final[dict[str, PartPhase]] = {
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
NEWS: Final = frozenset({"completed", "failed", "cancelled"})
"""Phases of parts that have ended."""


def followed(observed: Observed, part: str, run: str, *, tries: int = 1) -> Part:
    """Return how far a part has come, by the run that counts.

    Args:
        observed: What is true now.
        part: The part's name.
        run: The name of the run that does it; a retry of that counts in its place.
        tries: Which try the run is.
    """
    last = _last(observed, run)
    if last is None:
        return Part(name=part, tries=tries)
    record = observed.records.runs.get(last)
    if record is None:
        return Part(name=part, phase="running", run=last, tries=tries)
    flies = last in observed.in_flight
    return Part(
        name=part,
        phase="running" if flies else _ENDS.get(record.phase, "running"),
        run=last,
        reason=record.reason,
        pull_request=_status(observed, record),
        number=record.number or None,
        branch=record.branch,
        commit=record.commit,
        tries=tries,
    )


def astray(observed: Observed, part: Part) -> str | None:
    """Return why a part cannot go on by itself, although its run has not ended."""
    record = observed.records.runs.get(part.run or "")
    if part.phase != "running" or part.run in observed.in_flight or record is None:
        return None
    if record.phase == "unreadable":
        return (
            f"The record of its run {part.run} cannot be read: {record.reason}. Nothing goes on, "
            "so that nothing is done twice; repair the record."
        )
    if record.reason == AWAITING:
        return None
    return (
        f"Its run {part.run} has not ended on record, and is not under way here: another machine "
        "works on it, or its journal was lost. If nobody works on it, delete its record on the "
        "state branch; it is then done anew."
    )


def begun(observed: Observed, run: str) -> bool:
    """Return whether a run was ever started, as far as can be seen."""
    return run in observed.in_flight or run in observed.records.runs


def flying_of(catalog: Catalog, observed: Observed, kind: str) -> set[str]:
    """Return the runs in flight that come of documents of a kind which are still there."""
    causes = {run: cause_of(run) for run in observed.in_flight}
    return {
        run
        for run, cause in causes.items()
        if cause is not None and cause.kind == kind and cause in catalog.documents
    }


def noted(observed: Observed, course: Course) -> PlannedCourse | None:
    """Return a course to be written down; None if that is what is on record."""
    seen = observed.courses.get(course.ref)
    former = seen.course if seen is not None else None
    if former == course:
        return None
    known = {part.run for part in former.parts if part.phase in NEWS} if former else set()
    ended = tuple(part for part in course.parts if part.phase in NEWS and part.run not in known)
    return PlannedCourse(course=course, ended=ended)


def gone(catalog: Catalog, observed: Observed, kinds: Collection[str]) -> Iterator[PlannedCourse]:
    """Yield the courses of these kinds that were on their way when their document went, once."""
    for ref, seen in observed.courses.items():
        course = seen.course
        if course is None or ref.kind not in kinds or ref in catalog.documents:
            continue
        if course.phase in ("new", "pending", "running"):
            stopped = course.model_copy(update={"phase": "stopped", "reason": GONE})
            yield PlannedCourse(course=stopped)


def _status(observed: Observed, record: ObservedRun) -> str | None:
    """Return a pull request's status.

    One that was merged counts as that once it is on record, so that the tips looked at are newer;
    one that was closed counts at once.
    """
    now = observed.pull_requests.get(record.run)
    return now if now == "closed" else record.pull_request


def _last(observed: Observed, run: str) -> str | None:
    """Return the last of a run and its retries that was begun; None if none was."""
    if not begun(observed, run):
        return None
    # A retry that cannot be begun has its number all the same.
    asked = {one.name for one in observed.retries}
    last = run
    for number in count(2):
        name = f"{run}.r{number}"
        if begun(observed, name):
            last = name
        elif name not in asked:
            return last
    raise AssertionError("numbers do not end")
