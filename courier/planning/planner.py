"""The planner: one pure decision from a catalog, what is observed, and the time.

Most runs of a long-lived catalog are settled, so every Run is first looked at as plain values;
resources are made only for runs that are about to start.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from courier.planning.budgets import anew, grants, may_cost, money
from courier.planning.capacity import Capacity, capacities
from courier.planning.catalog import Catalog
from courier.planning.dependencies import awaited
from courier.planning.estimate import estimate
from courier.planning.executable import unexecuted_kind
from courier.planning.freeze import freeze, held, spec_digest
from courier.planning.library import Library
from courier.planning.manifest import Document
from courier.planning.observed import AskedAgain, InFlight, Observed, ObservedRun
from courier.planning.plan import (
    Action,
    CancelRun,
    Held,
    Plan,
    PlannedPrompt,
    PublishRun,
    ResumeRun,
    StartRun,
)
from courier.planning.raises import raises
from courier.planning.recurring.planner import owners, plan_tasks
from courier.planning.references import Ref
from courier.planning.sandboxplanner import plan_sandboxes
from courier.planning.templates import strangers
from courier.planning.wishes import unfulfilled
from courier.resources.names import EXECUTED_KINDS, KIND_NAMES
from courier.runs.approvals import AWAITING
from courier.runs.candidates import candidate_plans
from courier.runs.frozen import FrozenPlan
from courier.runs.prompts import assemble

Digests = dict[Ref, tuple[Document, str]]
"""Digests of specs, each with the very document it was made of: kept between passes, it saves
most of their work."""

_HELD_KINDS: Final = tuple(kind for kind in KIND_NAMES if kind not in EXECUTED_KINDS)


@dataclass(slots=True)
class _Sorted:
    """Every Run in exactly one place."""

    wanted: list[Ref] = field(default_factory=list)
    moved: list[Action] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    settled: int = 0


@dataclass(frozen=True, slots=True)
class Pass:
    """What one look at the world decides by, besides catalog and observed.

    Attributes:
        now: The time of the look, in UTC.
        drivers: Names of the agents this build can run.
        dirty: Whether the catalog was read from a working tree with changes.
        digests: Filled by one pass and used by the next.
        library: Gives files that are no documents; runs that need what it lacks are held, and what
            is missing is wished for.
    """

    now: datetime
    drivers: Collection[str]
    dirty: bool = False
    digests: Digests = field(default_factory=dict)
    library: Library = field(default_factory=Library)


def plan(
    catalog: Catalog,
    observed: Observed,
    *,
    now: datetime,
    drivers: Collection[str],
    dirty: bool = False,
) -> Plan:
    """Return what would be done and why; the same arguments give the same plan."""
    return plan_pass(catalog, observed, Pass(now, drivers, dirty=dirty))


def plan_pass(catalog: Catalog, observed: Observed, by: Pass) -> Plan:
    """Return the plan of one of many passes, which may share what they found out."""
    runs = _sort(catalog, observed, by.digests)
    room = capacities(catalog, observed)
    purses = money(catalog, observed, now=by.now)
    for name, purse in purses.items():
        room[name].money = purse
    decided = [_start(catalog, observed, by, ref, room) for ref in runs.wanted]
    decided += [_retry(each, room) for each in observed.retries]
    starts = [each for each in decided if isinstance(each, StartRun)]
    waiting = [each for each in decided if isinstance(each, Held)]
    guests = plan_sandboxes(catalog, observed, drivers=by.drivers, room=room)

    def start(extended: Catalog, ref: Ref) -> StartRun | Held:
        return _start(extended, observed, by, ref, room)

    tasks = plan_tasks(catalog, observed, now=by.now, room=room, start=start)
    actions = [
        *starts,
        *runs.moved,
        *_gone(catalog, observed),
        *_published(observed),
        *grants(catalog, observed, purses),
        *guests.actions,
        *tasks.actions,
    ]
    everything_held = [*waiting, *runs.held, *guests.held, *tasks.held, *_held_kinds(catalog)]
    return Plan(
        project=", ".join(sorted(room)),
        repository=observed.repository,
        branch=observed.branch,
        commit=observed.commit,
        dirty=by.dirty,
        catalog_digest=catalog.digest,
        observed_digest=observed.digest,
        actions=tuple(sorted(actions, key=lambda action: (action.run, action.action))),
        held=tuple(sorted(everything_held, key=lambda each: (each.kind, each.name))),
        settled=runs.settled + guests.settled,
        limits=tuple(room[name].limit for name in sorted(room)),
        tasks=tuple(tasks.tasks),
        budgets=tuple(purses[name].line(name) for name in sorted(purses)),
        raises=tuple(raises(catalog, observed, purses)),
        wake_at=anew(everything_held, by.now, before=tasks.wake_at),
        decided_at=by.now,
    )


def _sort(catalog: Catalog, observed: Observed, digests: Digests) -> _Sorted:
    found = _Sorted()
    documents, records = catalog.documents, observed.records.runs
    for ref in catalog.of_kind("Run"):
        document = documents[ref]
        flying, record = observed.in_flight.get(ref.name), records.get(ref.name)
        cancelled = document.value["spec"].get("desiredState") == "cancelled"
        if flying is None and record is None:
            if cancelled:
                found.settled += 1
            else:
                found.wanted.append(ref)
            continue
        digest = _digest(digests, ref, document)
        if flying is not None:
            found.moved.append(_under_way(flying, digest=digest, cancelled=cancelled))
        elif record is not None and (why := _kept(record, digest=digest, cancelled=cancelled)):
            found.held.append(held(catalog, ref, *why))
        else:
            found.settled += 1
    return found


def _digest(digests: Digests, ref: Ref, document: Document) -> str:
    known = digests.get(ref)
    if known is not None and known[0] is document:
        return known[1]
    digest = spec_digest(document.value["spec"])
    digests[ref] = (document, digest)
    return digest


def _under_way(flying: InFlight, *, digest: str, cancelled: bool) -> Action:
    if flying.cancelling:
        return ResumeRun(run=flying.run, reason="is being cancelled")
    if cancelled:
        return CancelRun(run=flying.run, reason="its desiredState is cancelled")
    if flying.spec_digest not in (None, digest):
        reason = "goes on as it was started; its document has changed since"
        return ResumeRun(run=flying.run, reason=reason)
    return ResumeRun(run=flying.run, reason=flying.awaits or "under way")


def _kept(record: ObservedRun, *, digest: str, cancelled: bool) -> tuple[str, str] | None:
    """Return reason and message if a run on record is held, None if it is settled."""
    if record.phase == "unreadable":
        return "Blocked", (
            f"Its record cannot be read: {record.reason}. It is not started again, so that nothing "
            "is done twice; repair the record, or give the run a new name."
        )
    if record.reason == AWAITING:
        return AWAITING, (
            "It waits for a person, and is not under way here: the machine that has it goes on "
            f"once somebody answers. See `courier describe run/{record.run}`."
        )
    if not record.ended:
        return "Blocked", (
            f"Its record says {record.phase}, and it is not under way here: another machine works "
            "on it, or its journal was lost. If nobody works on it, give the run a new name."
        )
    if cancelled or record.spec_digest in (None, digest):
        return None
    return "SpecChanged", (
        f"It is {record.phase}, and its spec was changed after it started. A run is done once; "
        "give it a new name to have it done again."
    )


def _start(
    catalog: Catalog, observed: Observed, by: Pass, ref: Ref, room: Mapping[str, Capacity]
) -> StartRun | Held:
    project = catalog.project_of(ref)
    space = room.get(project.name) if project else None
    if space is not None and space.suspended:
        return held(catalog, ref, "Suspended", "Its project is suspended (`spec.suspend`).")
    if waiting := awaited(catalog, observed, ref):
        return waiting
    if space is not None and space.is_full(ref.name):
        return held(catalog, ref, "Limit", space.why_full())
    short = space.money.short() if space is not None and space.money is not None else None
    if short is not None:
        return held(catalog, ref, short.reason, short.message)
    frozen = freeze(catalog, ref, observed=observed, drivers=by.drivers, library=by.library)
    if isinstance(frozen, Held):
        return frozen
    if space is not None:
        space.add(ref.name, may_cost(observed, frozen.workflow, frozen.budget_usd))
    return StartRun(
        run=ref.name,
        reason="asked for and not on record",
        frozen=frozen,
        prompts=tuple(_prompts(frozen)),
        warnings=(*unfulfilled(frozen, catalog), *strangers(frozen)),
        estimate=estimate(observed.records.history.get(frozen.workflow, ())),
    )


def _retry(asked: AskedAgain, room: Mapping[str, Capacity]) -> StartRun | Held:
    frozen = asked.frozen
    if frozen is None:
        return Held(kind="Run", name=asked.name, reason="Blocked", message=asked.problem)
    space = room.get(frozen.project)
    if space is not None and space.suspended:
        message = "Its project is suspended (`spec.suspend`)."
        return Held(kind="Run", name=asked.name, reason="Suspended", message=message)
    if space is not None and space.is_full(asked.name):
        return Held(kind="Run", name=asked.name, reason="Limit", message=space.why_full())
    if space is not None:
        space.users.add(asked.name)
    where = f" from step {frozen.retry.step}" if frozen.retry and frozen.retry.step else ""
    return StartRun(
        run=asked.name, reason=f"{asked.by} wants {asked.run} done again{where}", frozen=frozen
    )


def _prompts(frozen: FrozenPlan) -> Iterator[PlannedPrompt]:
    for plan_ in (*candidate_plans(frozen), frozen):
        for step in plan_.steps:
            prompt = assemble(plan_, step)
            name = f"{plan_.lane}{step.name}"
            yield PlannedPrompt(step=name, text=prompt.text, digest=prompt.digest)


def _gone(catalog: Catalog, observed: Observed) -> Iterator[Action]:
    task_of = owners(catalog)
    for flying in observed.in_flight.values():
        if Ref("Run", flying.run) in catalog.documents:
            continue
        if flying.by_catalog and not flying.cancelling and task_of(flying.run) is None:
            yield CancelRun(run=flying.run, reason="its document is gone")
        else:
            reason = "is being cancelled" if flying.cancelling else flying.awaits or "under way"
            yield ResumeRun(run=flying.run, reason=reason)


def _published(observed: Observed) -> Iterator[Action]:
    for run, status in observed.pull_requests.items():
        record = observed.records.runs.get(run)
        if record is None or not record.ended or run in observed.in_flight:
            continue
        if record.pull_request != status:
            was = record.pull_request or "not there"
            reason = f"its pull request is {status}, on record it is {was}"
            yield PublishRun(run=run, reason=reason, pull_request_status=status)


def _held_kinds(catalog: Catalog) -> Iterable[Held]:
    for kind in _HELD_KINDS:
        for ref in catalog.of_kind(kind):
            why = unexecuted_kind(kind, catalog.documents[ref].value["spec"])
            if why is not None:
                yield held(catalog, ref, "NotExecutedYet", why)
