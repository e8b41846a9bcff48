"""Every recurring task of a catalog at one look: what starts, what gives way, what comes next."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from courier.planning.capacity import Capacity
from courier.planning.catalog import Catalog
from courier.planning.diary import GONE, TRIPPED, Entry, ObservedTask, Rest
from courier.planning.freeze import held
from courier.planning.observed import Observed
from courier.planning.plan import CancelRun, Held, PlannedTask, StartRun
from courier.planning.recurring.decide import Decision, Look, decide
from courier.planning.recurring.names import stem, stem_of
from courier.planning.recurring.task import Task, task_of
from courier.planning.references import Ref
from courier.runs.approvals import AWAITING
from courier.runs.frozen import FrozenInput

KIND = "RecurringTask"

Start = Callable[[Catalog, Ref], StartRun | Held]
"""Decides whether a Run of a catalog may start, and freezes it."""


@dataclass(slots=True)
class Tasks:
    """What was decided about all of them.

    Attributes:
        wake_at: When the next one is due; None while none is.
    """

    actions: list[StartRun | CancelRun] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    tasks: list[PlannedTask] = field(default_factory=list)
    wake_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Decided:
    task: Task
    seen: ObservedTask
    look: Look
    decision: Decision


def plan_tasks(
    catalog: Catalog,
    observed: Observed,
    *,
    now: datetime,
    room: Mapping[str, Capacity],
    start: Start,
) -> Tasks:
    """Return what is to be done about every RecurringTask."""
    found = Tasks()
    decided = []
    for ref in catalog.of_kind(KIND):
        seen = observed.tasks.get(ref.name, ObservedTask())
        if seen.fault:
            found.held.append(held(catalog, ref, "Blocked", _unreadable(seen)))
            continue
        task = task_of(catalog, ref)
        space = room.get(task.project)
        look = Look(
            now,
            observed.in_flight,
            observed.records.runs,
            is_suspended=space is not None and space.suspended,
        )
        decided.append(_Decided(task, seen, look, decide(task, seen, look)))
    with_runs = catalog.with_documents(
        one.task.run_document(entry.run or "")
        for one in decided
        for entry in one.decision.starts
        if Ref("Run", entry.run or "") not in catalog.documents
    )
    for one in decided:
        _take(found, one, with_runs, start)
    found.tasks += _gone(catalog, observed, now)
    return found


def owners(catalog: Catalog) -> Callable[[str], Ref | None]:
    """Return what tells from a run's name the task in the catalog that it comes of."""
    stems = {stem(ref.name): ref for ref in catalog.of_kind(KIND)}
    return lambda run: stems.get(stem_of(run) or "")


def _take(found: Tasks, one: _Decided, catalog: Catalog, start: Start) -> None:
    ref, decision = one.task.document.ref, one.decision
    started = [_started(one.task, entry, catalog, start) for entry in _mine(one, catalog)]
    refused = next((each for each in started if isinstance(each, Held)), None)
    if refused is not None:
        found.held.append(refused.model_copy(update={"kind": ref.kind, "name": ref.name}))
        # What is due stays due, and is looked at again by the next pass.
        decision = decide(one.task, one.seen, replace(one.look, may_start=False))
        started = []
    starts = [each for each in started if isinstance(each, StartRun)]
    found.actions += [*starts, *_cancels(one.task, decision)]
    rest = decision.diary.rest
    planned = PlannedTask(
        task=ref.name,
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
        found.wake_at = min(planned.due_at, found.wake_at or planned.due_at)


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


def _mine(one: _Decided, catalog: Catalog) -> Iterator[Entry]:
    """Yield the runs that start and that nobody asks for by a document of their own."""
    for entry in one.decision.starts:
        document = catalog.documents.get(Ref("Run", entry.run or ""))
        if document is None or document.draft is one.task.document.draft:
            yield entry


def _started(task: Task, entry: Entry, catalog: Catalog, start: Start) -> StartRun | Held:
    decided = start(catalog, Ref("Run", entry.run or ""))
    if isinstance(decided, Held):
        return decided
    told = task.document
    cause = FrozenInput(kind=told.ref.kind, name=told.ref.name, digest=told.digest)
    inputs = (*(each for each in decided.frozen.inputs if each.kind != "Run"), cause)
    source = "manual" if entry.by else "scheduled"
    frozen = decided.frozen.model_copy(update={"source": source, "inputs": inputs})
    asked = f"{entry.by} asked for it" if entry.by else f"due {_said(task, entry.at)}"
    return decided.model_copy(update={"frozen": frozen, "reason": f"{told.ref}: {asked}"})


def _said(task: Task, at: datetime) -> str:
    zone = task.timetable.zone
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def _cancels(task: Task, decision: Decision) -> Iterator[CancelRun]:
    reason = f"a later run of {task.document.ref} takes its place"
    return (CancelRun(run=run, reason=reason) for run in decision.cancels)


def _gone(catalog: Catalog, observed: Observed, now: datetime) -> Iterator[PlannedTask]:
    """Yield the tasks whose document is gone, once; nothing is made up for if it comes back."""
    for name, seen in observed.tasks.items():
        diary = seen.diary
        if diary is None or Ref(KIND, name) in catalog.documents:
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
            f"or `courier resume recurringtask/{task.name}`."
        )
    if rest.reason == "Suspended":
        return "It is suspended (`spec.suspend`); what comes meanwhile is not made up for."
    return "Its project is suspended (`spec.suspend`)."


def _unreadable(seen: ObservedTask) -> str:
    return (
        f"Its diary on the state branch cannot be read ({seen.fault}). Nothing starts, so that "
        "nothing is done twice; repair the file, or delete it to begin anew from now."
    )
