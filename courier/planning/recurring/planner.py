"""Every recurring task of a catalog at one look: what starts, what gives way, what comes next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import held
from courier.planning.made.making import Found, Made, Sight, start_made, starts_of
from courier.planning.observed.diary import (
    GONE,
    SCAN,
    TASK,
    TRIPPED,
    Entry,
    ObservedTask,
    Rest,
    key_of,
)
from courier.planning.observed.observed import Observed
from courier.planning.plan import CancelRun, Held, PlannedTask, StartRun
from courier.planning.recurring.decide import Decision, Look, decide
from courier.planning.recurring.names import stem, stem_of
from courier.planning.recurring.task import Task, task_of
from courier.planning.scans.scan import scan
from courier.runs.steps.approvals import AWAITING


@dataclass(frozen=True, slots=True)
class _Decided:
    task: Task
    seen: ObservedTask
    look: Look
    decision: Decision


def plan_tasks(sight: Sight) -> Found:
    """Return what is to be done about every RecurringTask."""
    catalog, observed = sight.catalog, sight.observed
    found = Found(owned=_owned(catalog, observed))
    decided = []
    for ref in scheduled(catalog):
        seen = observed.tasks.get(key_of(ref), ObservedTask())
        if seen.fault:
            found.held.append(held(catalog, ref, "Blocked", _unreadable(seen)))
            continue
        task = task_of(catalog, ref)
        rests = sight.is_suspended(task.project)
        look = Look(sight.now, observed.in_flight, observed.records.runs, is_suspended=rests)
        decided.append(_Decided(task, seen, look, decide(task, seen, look)))
    wanted = [_made(sight, one.task, entry) for one in decided for entry in one.decision.starts]
    started = start_made(sight, wanted)
    for one in decided:
        _take(found, one, catalog, started)
    found.tasks += _gone(catalog, observed, sight.now)
    return found


def _owned(catalog: Catalog, observed: Observed) -> set[str]:
    stems = {stem(ref.name) for ref in catalog.of_kind(TASK)}
    return {run for run in observed.in_flight if stem_of(run) in stems}


def _take(
    found: Found, one: _Decided, catalog: Catalog, started: Mapping[str, StartRun | Held]
) -> None:
    ref, decision = one.task.document.ref, one.decision
    mine = [started[run] for entry in decision.starts if (run := entry.run or "") in started]
    refused = next((each for each in mine if isinstance(each, Held)), None)
    if refused is not None:
        found.held.append(refused)
        # What is due stays due, and is looked at again by the next pass.
        decision = decide(one.task, one.seen, replace(one.look, may_start=False))
        mine = []
    starts = starts_of(mine)
    found.actions += [*starts, *_cancels(one.task, decision)]
    rest = decision.diary.rest
    planned = PlannedTask(
        task=one.task.key,
        project=one.task.project,
        timezone=one.task.timetable.zone.key,
        next_at=None if rest else one.task.timetable.next(decision.diary.decided),
        jitter_seconds=int(one.task.jitter.total_seconds()),
        rest=rest,
        starts=tuple(each.run for each in starts),
        diary=decision.diary if decision.diary != one.seen.diary else None,
    )
    found.tasks.append(planned)
    if rest is not None:
        found.held.append(held(catalog, ref, rest.reason, _why(rest, one.task)))
    if lost := _astray(one, decision):
        found.held.append(held(catalog, ref, "Blocked", _why_astray(lost)))
    if planned.due_at is not None and planned.due_at > one.look.now:
        found.wake(planned.due_at)


def _astray(one: _Decided, decision: Decision) -> str | None:
    """Return a run that others have to wait for, although it is not under way here."""
    if one.task.spec.get("overlap") == "replace":
        return None
    for entry in decision.diary.under_way:
        record = one.look.runs.get(entry.run or "")
        if record and record.run not in one.look.in_flight and record.reason != AWAITING:
            return record.run
    return None


def _why_astray(run: str) -> str:
    return (
        f"Its run {run} has not ended on record, and is not under way here: another machine works "
        "on it, or its journal was lost. Others wait for it or are left out. If nobody works on "
        "it, delete its record on the state branch; it is then done anew."
    )


def scheduled(catalog: Catalog) -> Iterator[Ref]:
    """Yield everything that recurs."""
    yield from catalog.of_kind(TASK)
    scans = catalog.of_kind(SCAN)
    yield from (ref for ref in scans if "schedule" in catalog.documents[ref].value["spec"])


def _made(sight: Sight, task: Task, entry: Entry) -> Made:
    reason = f"{entry.by} asked for it" if entry.by else f"due {_said(task, entry.at)}"
    if task.document.ref.kind == SCAN:
        return scan(sight, task.document.ref, entry.run or "", reason=reason)
    return Made(
        entry.run or "",
        task.document,
        source="manual" if entry.by else "scheduled",
        spec=task.run_spec,
        reason=reason,
    )


def _said(task: Task, at: datetime) -> str:
    zone = task.timetable.zone
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def _cancels(task: Task, decision: Decision) -> Iterator[CancelRun]:
    reason = f"a later run of {task.document.ref} takes its place"
    return (CancelRun(run=run, reason=reason) for run in decision.cancels)


def _gone(catalog: Catalog, observed: Observed, now: datetime) -> Iterator[PlannedTask]:
    """Yield the tasks whose document is gone, once; nothing is made up for if it comes back."""
    known = {key_of(ref) for ref in scheduled(catalog)}
    for name, seen in observed.tasks.items():
        diary = seen.diary
        if diary is None or name in known:
            continue
        if diary.rest is None or diary.rest.reason != GONE:
            rest = Rest(reason=GONE, since=now)
            written = diary.model_copy(update={"rest": rest, "waiting": ()})
            yield PlannedTask(task=name, project=diary.project, rest=rest, diary=written)


def _why(rest: Rest, task: Task) -> str:
    if rest.reason == TRIPPED:
        return (
            f"{task.spec.get('pauseAfterFailures')} runs failed in a row, the last before "
            f"{rest.since:%Y-%m-%d %H:%M} UTC. Mend what they failed of; then change its document, "
            f"or `courier resume {task.document.ref.kind.lower()}/{task.name}`."
        )
    if rest.reason == "Suspended":
        return "It is suspended (`spec.suspend`); what comes meanwhile is not made up for."
    return "Its project is suspended (`spec.suspend`)."


def _unreadable(seen: ObservedTask) -> str:
    return (
        f"Its diary on the state branch cannot be read ({seen.fault}). Nothing starts, so that "
        "nothing is done twice; repair the file, or delete it to begin anew from now."
    )
