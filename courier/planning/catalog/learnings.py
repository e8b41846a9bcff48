"""Learnings of a catalog: what is approved, what is observed of versions, and the next one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final

from pydantic import ValidationError

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.planning.documents.sources import read_drafts
from courier.resources.kinds import read_resource
from courier.resources.learning import Learning
from courier.runs.learnings.compiled import Compilation, compiled
from courier.runs.learnings.lesson import Evidence, Lesson
from courier.runs.learnings.version import LearningVersion, VersionIndex

KIND: Final = "Learning"

_FOLDER: Final = ".courier/"


@dataclass(frozen=True, slots=True)
class ObservedPending:
    """A run that is to be looked through.

    Attributes:
        project: Its project.
        material: What a session is shown of it; empty once its session has begun.
    """

    run: str
    project: str
    material: str = ""


@dataclass(frozen=True, slots=True)
class ObservedLearnings:
    """What is true of versions now.

    Attributes:
        today: The day, in UTC; None where nobody asked, and then nothing expires.
        index: Every version there is.
        kept: Pinned versions by number: what is in each, or why it cannot be believed.
        pending: Runs that are to be looked through, by name.
        fault: Why the index cannot be read; empty where it can.
    """

    today: date | None = None
    index: VersionIndex = field(default_factory=VersionIndex)
    kept: Mapping[int, LearningVersion | str] = field(default_factory=dict)
    pending: Mapping[str, ObservedPending] = field(default_factory=dict)
    fault: str = ""

    @property
    def mark(self) -> str:
        """Return what moves when a plan may read anything else of versions."""
        newest = self.index.newest
        kept = sorted(
            (number, one if isinstance(one, str) else one.digest)
            for number, one in self.kept.items()
        )
        last = (newest.version, newest.digest) if newest else None
        told = (last, kept, sorted(self.pending), self.fault)
        return sha256(repr(told).encode()).hexdigest()


def every_lesson(catalog: Catalog) -> Iterator[tuple[str, Lesson]]:
    """Yield every Learning of a catalog with its status, in alphabetical order."""
    for ref in catalog.of_kind(KIND):
        resource = catalog.resource(ref)
        if isinstance(resource, Learning):
            yield resource.spec.status, lesson_of(resource, catalog.documents[ref].path)


def approved(catalog: Catalog) -> dict[str, Lesson]:
    """Return what is approved, expired ones included, by name."""
    return {one.name: one for status, one in every_lesson(catalog) if status == "approved"}


def lesson_of(learning: Learning, path: str) -> Lesson:
    """Return what a document tells, whatever its status."""
    spec = learning.spec
    return Lesson(
        name=learning.metadata.name,
        description=spec.description,
        trigger=spec.trigger,
        correct_behavior=spec.correct_behavior,
        severity=spec.severity,
        category=spec.category,
        roles=spec.roles,
        scope=spec.scope,
        expires=spec.expires,
        project=learning.metadata.project,
        evidence=tuple(Evidence(run=one.run, commit=one.commit) for one in spec.evidence),
        path=path,
    )


def lesson_in(path: str, data: bytes, name: str) -> Lesson | None:
    """Return the approved Learning of a name that a file held; None where it held none."""
    for draft in read_drafts(path, data, inside=path.removeprefix(_FOLDER)).documents:
        value: Any = draft.value
        if not isinstance(value, dict) or value.get("kind") != KIND:
            continue
        try:
            learning = read_resource(value)
        except ValidationError:
            continue
        if not isinstance(learning, Learning) or learning.metadata.name != name:
            continue
        if learning.spec.status == "approved":
            return lesson_of(learning, path)
    return None


def compilation(catalog: Catalog, observed: ObservedLearnings) -> Compilation:
    """Return what is approved now, compiled."""
    return compiled(approved(catalog).values(), today=observed.today or date.min)


def next_version(
    catalog: Catalog, observed: ObservedLearnings, *, commit: str
) -> LearningVersion | None:
    """Return the version that is to be kept now; None where the newest says the same."""
    if observed.fault:
        return None
    return observed.index.following(compilation(catalog, observed), commit=commit)


def pins(catalog: Catalog) -> frozenset[int]:
    """Return the versions that projects are pinned to."""
    return frozenset(
        int(pin) for ref in catalog.of_kind("Project") if (pin := pin_of(catalog.documents[ref]))
    )


def paths_of(catalog: Catalog, project: Ref) -> tuple[str, ...]:
    """Return what a project's work is about, as its document says it; empty for everything."""
    told = catalog.documents[project].value["spec"].get("paths") or ()
    return tuple(str(each) for each in told)


def expiry(
    catalog: Catalog, observed: ObservedLearnings, *, before: datetime | None = None
) -> datetime | None:
    """Return when the first learning that holds now expires, unless something else comes before.

    Args:
        catalog: Holds the learnings.
        observed: Tells the day.
        before: What else comes; None for nothing.
    """
    today = observed.today or date.min
    days = (one.expires for one in approved(catalog).values() if one.expires and one.holds(today))
    first = min(days, default=None)
    if first is None:
        return before
    after = datetime.combine(first + timedelta(days=1), time(), UTC)
    return min(after, before) if before else after


def pin_of(project: Document) -> str | None:
    """Return the version a Project is pinned to, as it is written; None for none."""
    told = project.value["spec"].get("learnings") or {}
    pin = told.get("pin")
    return pin if isinstance(pin, str) else None
