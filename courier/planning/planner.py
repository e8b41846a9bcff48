"""The planner: one pure decision from a catalog, what is observed, and the time.

Most runs of a long-lived catalog are settled, so every Run is first looked at as plain values;
resources are made only for runs that are about to start.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from courier.planning.answers.session import plan_answers
from courier.planning.asked.library import Library
from courier.planning.budgets.budgets import anew, grants, money
from courier.planning.budgets.capacity import capacities
from courier.planning.budgets.raises import raises
from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.learnings import expiry, next_version
from courier.planning.chains.issues import plan_issues
from courier.planning.chains.planner import plan_chains
from courier.planning.documents.references import Ref
from courier.planning.drafts.planner import plan_drafts
from courier.planning.learned.planner import plan_learning
from courier.planning.made.making import Found, Maker, Sight
from courier.planning.merges.planner import plan_merges
from courier.planning.observed.observed import Observed
from courier.planning.plan import Action, CancelRun, Held, Plan, PublishRun, ResumeRun, StartRun
from courier.planning.recurring.planner import plan_tasks
from courier.planning.sandboxes.planner import plan_sandboxes
from courier.planning.scans.planner import plan_scans
from courier.planning.starting import Starter
from courier.planning.wanted import Digests, sort_runs

__all__ = ["Digests", "Pass", "plan", "plan_pass"]

_MAKERS: Final[tuple[Maker, ...]] = (
    plan_tasks,
    plan_chains,
    plan_issues,
    plan_merges,
    plan_scans,
    plan_answers,
    plan_drafts,
    plan_learning,
)
"""Who decides about the kinds that ask for runs; earlier ones have the room first."""


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
    runs = sort_runs(catalog, observed, by.digests)
    room = capacities(catalog, observed, now=by.now)
    purses = money(catalog, observed, now=by.now)
    for name, purse in purses.items():
        room[name].money = purse
    starter = Starter(observed, by.drivers, by.library, room)
    decided = [starter.start(catalog, ref) for ref in runs.wanted]
    decided += [starter.retry(each) for each in observed.retries]
    starts = [each for each in decided if isinstance(each, StartRun)]
    waiting = [each for each in decided if isinstance(each, Held)]
    guests = plan_sandboxes(catalog, observed, drivers=by.drivers, room=room)
    made = _made(Sight(catalog, observed, by.now, room, starter.start))
    actions = [
        *starts,
        *runs.moved,
        *_gone(catalog, observed, made),
        *_published(observed),
        *grants(catalog, observed, purses),
        *guests.actions,
        *made.actions,
    ]
    everything_held = [*waiting, *runs.held, *guests.held, *made.held]
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
        limits=tuple(room[name].told for name in sorted(room)),
        tasks=tuple(made.tasks),
        courses=tuple(sorted(made.courses, key=lambda each: each.course.ref)),
        budgets=tuple(purses[name].line(name) for name in sorted(purses)),
        raises=tuple(raises(catalog, observed, purses)),
        learnings=next_version(catalog, observed.learnings, commit=observed.commit),
        wake_at=anew(
            everything_held,
            by.now,
            before=expiry(catalog, observed.learnings, before=made.wake_at),
        ),
        decided_at=by.now,
    )


def _made(sight: Sight) -> Found:
    found = Found()
    for decide in _MAKERS:
        found.add(decide(sight))
    return found


def _gone(catalog: Catalog, observed: Observed, made: Found) -> Iterator[Action]:
    for flying in observed.in_flight.values():
        if Ref("Run", flying.run) in catalog.documents:
            continue
        if flying.by_catalog and not flying.cancelling and flying.run not in made.owned:
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
