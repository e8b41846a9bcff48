"""What becomes of one recurring task at one look: a pure function of its diary and the time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from courier.planning.observed.diary import TRIPPED, Ask, Diary, Entry, ObservedTask, Rest
from courier.planning.observed.observed import InFlight, ObservedRun
from courier.planning.recurring.draft import Draft
from courier.planning.recurring.due import MOST_MADE_UP, due
from courier.planning.recurring.task import Task


@dataclass(frozen=True, slots=True)
class Look:
    """What a decision is made from, besides the task and its diary.

    Attributes:
        now: The time, in UTC.
        in_flight: Runs the engine has, by name.
        runs: Runs on record, by name.
        is_suspended: Whether the task's project rests.
        may_start: Whether runs can start; where not, what is due stays due.
    """

    now: datetime
    in_flight: Mapping[str, InFlight]
    runs: Mapping[str, ObservedRun]
    is_suspended: bool = False
    may_start: bool = True

    def knows(self, run: str) -> bool:
        """Return whether a run was ever started, as far as can be seen."""
        return run in self.in_flight or run in self.runs

    def ended(self, run: str) -> str | None:
        """Return the phase a run ended in; None while it has not."""
        record = self.runs.get(run)
        if run in self.in_flight or record is None:
            return None
        return record.phase if record.ended or record.phase == "unreadable" else None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done.

    Attributes:
        diary: What is to be remembered, once the runs that start have started.
        starts: Entries of the runs that start now.
        cancels: Runs that give way to a later one.
    """

    diary: Diary
    starts: tuple[Entry, ...] = ()
    cancels: tuple[str, ...] = ()


def decide(task: Task, seen: ObservedTask, look: Look) -> Decision:
    """Return what becomes of a task now; asked again after it was done, nothing more."""
    diary = seen.diary or begun(task, look.now)
    draft = Draft.of(diary)
    draft.settle(look.ended)
    if diary.spec_digest != task.spec_digest or _is_resumed(draft, seen.asks):
        draft.failures = 0
    _rest_or_not(task, draft, look)
    if diary.schedule_digest != task.schedule_digest:
        draft.decided = max(draft.decided, look.now)
    cancels: Sequence[str] = ()
    if look.may_start:
        if draft.rest is None:
            cancels = _take_due(task, draft, look)
        _take_asked(task, draft, seen.asks, look)
    # What neither the engine nor a record knows never began, whatever the diary says.
    starts = [one for one in draft.under_way if not look.knows(one.run or "")]
    return Decision(_written(task, draft, diary), tuple(starts), tuple(cancels))


def begun(task: Task, now: datetime) -> Diary:
    """Return the diary of a task nobody saw before: nothing before now is ever made up for."""
    return Diary(
        task=task.key,
        project=task.project,
        decided=now,
        schedule_digest=task.schedule_digest,
        spec_digest=task.spec_digest,
    )


def _written(task: Task, draft: Draft, diary: Diary) -> Diary:
    return draft.written(
        diary,
        project=task.project,
        schedule_digest=task.schedule_digest,
        spec_digest=task.spec_digest,
    )


def _is_resumed(draft: Draft, asks: Sequence[Ask]) -> bool:
    rest = draft.rest
    if rest is None or rest.reason != TRIPPED:
        return False
    since = rest.since.replace(microsecond=0)
    return any(ask.action == "resume" and ask.at >= since for ask in asks)


def _rest_or_not(task: Task, draft: Draft, look: Look) -> None:
    """Begin or end a rest; what came while it rested is passed over."""
    reason = _why_rest(task, draft, look)
    if reason is None:
        if draft.rest is not None:
            draft.rest, draft.decided = None, max(draft.decided, look.now)
    elif draft.rest is None or draft.rest.reason != reason:
        draft.rest = Rest(reason=reason, since=look.now)
        for at in draft.waiting:
            draft.skip(reason, at)
        draft.waiting.clear()


def _why_rest(task: Task, draft: Draft, look: Look) -> str | None:
    most = task.spec.get("pauseAfterFailures")
    if most is not None and draft.failures >= most:
        return TRIPPED
    if task.spec.get("suspend"):
        return "Suspended"
    return "ProjectSuspended" if look.is_suspended else None


def _take_due(task: Task, draft: Draft, look: Look) -> Sequence[str]:
    """Decide every occurrence that is due; return the runs that give way."""
    catch_up = task.spec.get("catchUp", "latest")
    found = due(task.timetable, catch_up, after=draft.decided, until=look.now - task.jitter)
    if found.dropped:
        reason = "TooMany" if catch_up == "all" else "Missed"
        first, *_, last = (found.dropped[0], *found.dropped)
        draft.skip(reason, first, last=last, count=len(found.dropped))
    draft.decided = max((draft.decided, *found.dropped, *found.made_up, *found.on_time))
    newest = [*found.made_up, *found.on_time]
    if catch_up == "all":
        # Replacing or leaving out what is made up for would leave only the last of it.
        _queue(draft, found.made_up)
        newest = list(found.on_time)
    cancels = _place(task, draft, newest, look)
    if draft.waiting and not draft.under_way:
        at = draft.waiting.pop(0)
        draft.start(task.run_at(at), at)
    return cancels


def _place(task: Task, draft: Draft, occurrences: Sequence[datetime], look: Look) -> Sequence[str]:
    """Start, queue or leave out what came, by the task's rule for overlaps."""
    overlap = task.spec.get("overlap", "skip")
    if overlap == "queue":
        _queue(draft, occurrences)
        return ()
    if overlap == "replace":
        return tuple(_replace(task, draft, occurrences, look))
    for at in occurrences:
        if draft.under_way or draft.waiting:
            draft.skip("Overlap", at)
        else:
            draft.start(task.run_at(at), at)
    return ()


def _replace(
    task: Task, draft: Draft, occurrences: Sequence[datetime], look: Look
) -> Iterator[str]:
    for at in occurrences[:-1]:
        draft.skip("Replaced", at)
    for at in occurrences[-1:]:
        for entry in draft.under_way:
            flying = look.in_flight.get(entry.run or "")
            if flying is not None and not flying.cancelling:
                yield flying.run
        draft.start(task.run_at(at), at)


def _queue(draft: Draft, occurrences: Sequence[datetime]) -> None:
    for at in occurrences:
        if len(draft.waiting) < MOST_MADE_UP:
            draft.waiting.append(at)
        else:
            draft.skip("TooMany", at)


def _take_asked(task: Task, draft: Draft, asks: Sequence[Ask], look: Look) -> None:
    """Start what people asked for by hand, at once and at any time, a rest included."""
    for ask in asks:
        run = task.asked_at(ask.at)
        if ask.action == "trigger" and not draft.knows(run) and not look.knows(run):
            draft.start(run, ask.at, by=ask.by)
