"""What is told of one recurring task: its last run, its next ones, and why it rests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from courier.planning.observed.diary import TRIPPED, Diary, Entry, ObservedTask, label_of
from courier.planning.recurring.task import Task

_UPCOMING: Final = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a task besides its document.

    Attributes:
        seen: What is on record of it.
        now: The time, in UTC.
        is_suspended: Whether its project rests.
        phases: Where runs are that its diary takes to be under way, as their records say.
    """

    seen: ObservedTask
    now: datetime
    is_suspended: bool = False
    phases: Mapping[str, str] = field(default_factory=dict)


def account(task: Task, known: Known) -> Mapping[str, Any]:
    """Return it as plain JSON values."""
    seen = known.seen
    diary = seen.diary
    reason = _rests(task, seen, is_suspended=known.is_suspended)
    rest = diary.rest if diary and diary.rest and diary.rest.reason == reason else None
    under_way = [_now(entry, known) for entry in diary.under_way] if diary else []
    last = next(_runs(under_way, diary), None)
    return {
        "kind": task.document.ref.kind,
        "task": label_of(task.document.ref),
        "project": task.project,
        "workflow": task.spec.get("workflow", ""),
        "schedule": task.spec["schedule"],
        "timezone": task.timetable.zone.key,
        "state": "resting" if reason else "active" if diary else "new",
        "reason": reason,
        "restsSince": _moment(rest.since) if rest else None,
        "message": _message(task, seen, reason),
        "last": _told(last) if last else None,
        "next": [] if reason else list(_upcoming(task, known.now)),
        "jitterSeconds": int(task.jitter.total_seconds()),
        "failures": diary.failures if diary else 0,
        "waiting": [_moment(at) for at in diary.waiting] if diary else [],
        "underWay": [_told(entry) for entry in under_way],
        "recent": [_told(entry) for entry in diary.recent] if diary else [],
        "decided": _moment(diary.decided) if diary else None,
        "document": str(task.document.start),
    }


def said(schedule: Mapping[str, Any]) -> str:
    """Return a schedule as people say it: ``weekly monday 02:30``."""
    if "cron" in schedule:
        return str(schedule["cron"])
    at = f"{schedule.get('hour', 0):02d}:{schedule.get('minute', 0):02d}"
    words = {"everyOtherDay": "every other day"}
    frequency = schedule["frequency"]
    day = schedule.get("weekday") or schedule.get("dayOfMonth")
    return " ".join(str(part) for part in (words.get(frequency, frequency), day, at) if part)


def _rests(task: Task, seen: ObservedTask, *, is_suspended: bool) -> str | None:
    diary = seen.diary
    if seen.fault:
        return "Blocked"
    if task.spec.get("suspend"):
        return "Suspended"
    if is_suspended:
        return "ProjectSuspended"
    tripped = diary is not None and diary.rest is not None and diary.rest.reason == TRIPPED
    return TRIPPED if tripped and diary and diary.spec_digest == task.spec_digest else None


def _message(task: Task, seen: ObservedTask, reason: str | None) -> str:
    if seen.fault:
        return f"Its diary cannot be read: {seen.fault}"
    if reason == TRIPPED and seen.diary:
        return (
            f"{seen.diary.failures} runs failed in a row. Mend what they failed of; then change "
            f"its document, or `courier resume {task.document.ref.kind.lower()}/{task.name}`."
        )
    return {
        "Suspended": "Its document says `suspend: true`.",
        "ProjectSuspended": "Its project is suspended.",
    }.get(reason or "", "")


def _upcoming(task: Task, now: datetime) -> Iterator[Mapping[str, str]]:
    at = task.timetable.next(now - task.jitter)
    for _ in range(_UPCOMING):
        if at is None:
            return
        yield {
            "at": at.isoformat(),
            "local": at.astimezone(task.timetable.zone).isoformat(),
            "run": task.run_at(at),
        }
        at = task.timetable.next(at)


def _now(entry: Entry, known: Known) -> Entry:
    """Return an entry with where its run is by now, which the next pass will write down."""
    return entry.model_copy(update={"phase": known.phases.get(entry.run or "")})


def _runs(under_way: Sequence[Entry], diary: Diary | None) -> Iterator[Entry]:
    """Yield the runs a diary has, the newest first."""
    entries = (*reversed(under_way), *(diary.recent if diary else ()))
    return (entry for entry in entries if entry.run)


def _told(entry: Entry) -> Mapping[str, Any]:
    return entry.model_dump(mode="json", by_alias=True)


def _moment(at: datetime) -> str:
    return at.isoformat()
