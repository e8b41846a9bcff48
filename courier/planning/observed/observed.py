"""What is true now: records folded, runs in flight, pull requests, and the tips of branches.

Records are folded once and kept; a later pass adds only those that changed, so that deciding
never scans history.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Final

from courier.planning.catalog.learnings import ObservedLearnings
from courier.planning.documents.references import Ref
from courier.planning.observed.askedagain import AskedAgain
from courier.planning.observed.askeddraft import AskedDraft
from courier.planning.observed.course import ObservedCourse
from courier.planning.observed.diary import ObservedTask
from courier.planning.observed.history import History, Sample, remember
from courier.planning.observed.sandboxrecord import KeptSandbox, ObservedSandbox
from courier.runs.run.events import ENDED
from courier.runs.usage.pricing import EMBEDDED
from courier.runs.usage.spending import Spent

_MODULUS: Final = 1 << 256

SETTLED: Final = frozenset({None, "merged", "closed", "skipped", "failed"})
"""Pull request statuses that no forge changes any more."""


@dataclass(frozen=True, slots=True)
class ObservedRun:
    """One run as its record tells it.

    Attributes:
        run: The run's name.
        phase: A phase of `courier.runs.run.events.Phase`, or ``unreadable`` where the record is
            broken; such a run is never started again.
        reason: Why it is in that phase; for ``unreadable`` what is wrong with the record.
        project: The project it belongs to; empty where the record does not say.
        workflow: The workflow it ran; empty where the record does not say.
        spec_digest: Digest of the Run's spec it was started with; None in records without one.
        pull_request: Status of its pull request on record; None where it has none.
        number: The pull request's number; None where it has none.
        sample: What it took, for estimates; None unless it completed.
        branch: The branch its work was brought to; None where it was brought to none.
        commit: The tip of its work; None where there is none.
        base: The branch it was proposed to, or would be.
        ended_at: When it ended, in UTC; None if it has not, or the record does not say.
        forge: Where the pull request is.
        checks: How the checks of its pull request stood; empty where it has none.
        awaits_merge_checks: Whether it was merged, and the checks of that have not all ended.
    """

    run: str
    phase: str
    reason: str = ""
    project: str = ""
    workflow: str = ""
    spec_digest: str | None = None
    pull_request: str | None = None
    number: int | None = None
    sample: Sample | None = None
    branch: str | None = None
    commit: str | None = None
    base: str | None = None
    ended_at: datetime | None = None
    forge: str = "local"
    checks: str = ""
    awaits_merge_checks: bool = False

    @property
    def ended(self) -> bool:
        """Return whether nothing more will happen to the run itself."""
        return self.phase in ENDED

    @property
    def is_proposed(self) -> bool:
        """Return whether it has a pull request that a forge may still change."""
        return bool(self.number) and self.pull_request not in SETTLED

    @property
    def mark(self) -> int:
        """Return a number that changes whenever what a plan may read of this record changes."""
        told = (
            self.run,
            self.project,
            self.phase,
            self.spec_digest,
            self.pull_request,
            self.number,
            self.branch,
            self.commit,
            self.base,
        )
        return int.from_bytes(sha256(repr(told).encode()).digest(), "big")


@dataclass(frozen=True, slots=True)
class Records:
    """Every record, folded.

    Attributes:
        runs: Records by run name.
        total: The sum of every record's mark: equal for equal records in any order.
        history: The newest samples of each workflow.
    """

    runs: Mapping[str, ObservedRun] = field(default_factory=dict)
    total: int = 0
    history: History = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InFlight:
    """One run the engine has accepted and not finished, its record written included.

    Attributes:
        run: The run's name.
        spec_digest: Digest of the spec it was started with; None where the engine cannot say.
        cancelling: Whether it was told to stop already.
        by_catalog: Whether a Run document asked for it; one that a document did not ask for is
            not cancelled when no document asks for it.
        awaits: What it waits for a person to decide and how, in a sentence; empty if it does not.
        project: The project it belongs to; empty where that is not known.
        may_cost: US dollars it may still cost; None where nobody asked, or it rests.
    """

    run: str
    spec_digest: str | None = None
    cancelling: bool = False
    by_catalog: bool = True
    awaits: str = ""
    project: str = ""
    may_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Lacking:
    """One run that waits for a budget to have something left.

    Attributes:
        run: The engine's name of it: a run's, or a candidate's.
        project: Whose budget it may be.
        reason: Which budget, as a run says why it stopped.
        spent: US dollars the run has cost.
        workflow: The workflow it runs.
    """

    run: str
    project: str
    reason: str
    spent: Decimal = Decimal(0)
    workflow: str = ""


@dataclass(frozen=True, slots=True)
class ObservedImage:
    """A file of the repository that a Run names as a picture.

    Attributes:
        blob: Its content, by the id git gives it.
        size: Bytes.
        head: How it begins; empty where it is too large to be looked into.
    """

    blob: str
    size: int
    head: bytes


@dataclass(frozen=True)
class Observed:
    """What is true now.

    Attributes:
        branch: The tracked branch, e.g. ``main``.
        commit: Its tip, the commit the catalog was read at.
        repository: Where the tracked repository is, for git; empty where it has no remote.
        records: Every record on the state branch.
        in_flight: Runs under way, by name; a run must not leave before its record is in
            ``records``.
        pull_requests: Run name to the status the forge tells now, for every open one and
            every one whose record may be behind.
        unproposed: Runs that ended, and whose pull requests the forge refused.
        branches: Other branches' tips by short name, for runs that start elsewhere.
        sandboxes: Every account of a sandbox for people, by name.
        kept: Sandboxes for people the engine keeps, by name; one must not leave before its last
            account is in ``sandboxes``.
        tasks: What is on record of recurring tasks, by name.
        courses: What is on record of documents that ask for runs, by their names.
        images: Files that Runs name as pictures, by path, as of the commit; those that are there.
        retries: What people asked to be done again.
        drafts: What people asked to be drafted, begun or not.
        machines: The service that charges for sandboxes.
        spent: What projects have spent today and this month.
        lacking: Runs that wait for a budget, by the engine's names of them.
        learnings: Versions of what runs taught.
    """

    branch: str
    commit: str
    repository: str = ""
    records: Records = field(default_factory=Records)
    in_flight: Mapping[str, InFlight] = field(default_factory=dict)
    pull_requests: Mapping[str, str] = field(default_factory=dict)
    unproposed: Collection[str] = ()
    branches: Mapping[str, str] = field(default_factory=dict)
    sandboxes: Mapping[str, ObservedSandbox] = field(default_factory=dict)
    kept: Mapping[str, KeptSandbox] = field(default_factory=dict)
    tasks: Mapping[str, ObservedTask] = field(default_factory=dict)
    courses: Mapping[Ref, ObservedCourse] = field(default_factory=dict)
    images: Mapping[str, ObservedImage] = field(default_factory=dict)
    retries: tuple[AskedAgain, ...] = ()
    drafts: tuple[AskedDraft, ...] = ()
    machines: str = EMBEDDED
    spent: Mapping[str, Spent] = field(default_factory=dict)
    lacking: Mapping[str, Lacking] = field(default_factory=dict)
    learnings: ObservedLearnings = field(default_factory=ObservedLearnings)

    @cached_property
    def digest(self) -> str:
        """Return a digest that moves when anything a plan may depend on moves, the tip apart."""
        flying = sorted(
            (one.run, one.spec_digest or "", one.cancelling, one.by_catalog)
            for one in self.in_flight.values()
        )
        told = (
            self.records.total,
            flying,
            sorted(self.pull_requests.items()),
            sorted(self.branches.items()),
            sorted(one.mark for one in self.sandboxes.values()),
            sorted((one.name, one.cancelling) for one in self.kept.values()),
            sorted((one.name, one.problem) for one in self.retries),
            *([[one.name for one in self.drafts]] if self.drafts else []),
            sorted((name, one.mark) for name, one in self.tasks.items()),
            sorted((ref, one.mark) for ref, one in self.courses.items()),
            self.learnings.mark,
        )
        return sha256(repr(told).encode()).hexdigest()


def fold(records: Iterable[ObservedRun], *, onto: Records | None = None) -> Records:
    """Return all records after these were added; a later record of a run replaces its earlier.

    Args:
        records: New or changed records, in any order, at most one a run.
        onto: What was folded before; nothing when None.
    """
    start = onto or Records()
    added = tuple(records)
    if not added:
        return start
    runs = dict(start.runs)
    history = dict(start.history)
    total = start.total
    for record in added:
        earlier = runs.get(record.run)
        total += record.mark - (earlier.mark if earlier else 0)
        runs[record.run] = record
        if record.sample is not None:
            kept = history.get(record.workflow, ())
            history[record.workflow] = remember(kept, record.sample)
    return Records(runs=runs, total=total % _MODULUS, history=history)


def summed(total: int, *, new: Iterable[ObservedRun], old: Iterable[ObservedRun]) -> int:
    """Return the sum of all marks after some records took the place of others."""
    gained = sum(record.mark for record in new) - sum(record.mark for record in old)
    return (total + gained) % _MODULUS


def without(records: Records, gone: Collection[str]) -> Records:
    """Return all records but those of some runs, whose samples stay."""
    left = [records.runs[run] for run in gone if run in records.runs]
    if not left:
        return records
    runs = {run: record for run, record in records.runs.items() if run not in gone}
    total = (records.total - sum(record.mark for record in left)) % _MODULUS
    return Records(runs=runs, total=total, history=records.history)
