"""Learnings of a catalog: what is approved, and which version a project's steps are told."""

from collections.abc import Collection, Iterator, Mapping
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
from courier.resources.values import StepType
from courier.runs.learnings.compiled import Compilation, compiled
from courier.runs.learnings.lesson import Evidence, Lesson
from courier.runs.learnings.told import (
    Because,
    StepLearnings,
    ToldLesson,
    reason_against,
    text_of,
    untold,
)
from courier.runs.learnings.version import LearningVersion, VersionIndex, unapproved

KIND: Final = "Learning"

MEND: Final = (
    "Bring back what the file held before: `git log origin/courier/state -- learnings` shows it."
)
"""What to do where what is kept of learnings cannot be read."""

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


@dataclass(frozen=True, slots=True)
class InForce:
    """The version that the steps of one project are told.

    Attributes:
        number: Its number; 0 while there is no version.
        digest: Its digest.
        lessons: What is in it and holds.
        against: Names of what is approved and told to no step, each with the reason.
    """

    number: int
    digest: str
    lessons: tuple[Lesson, ...]
    against: tuple[tuple[str, Because], ...] = ()

    def told(
        self, role: StepType, *, project: str, paths: tuple[str, ...] = ()
    ) -> StepLearnings | None:
        """Return what a step is told; None while there is no version.

        Args:
            role: The step's type.
            project: Its project.
            paths: What its run is about; empty where nobody wrote that.
        """
        if not self.number:
            return None
        found, against = [], [*self.against]
        for one in self.lessons:
            why = reason_against(one, role, project=project, paths=paths)
            if why is None:
                found.append(one)
            else:
                against.append((one.name, why))
        return StepLearnings(
            version=self.number,
            digest=self.digest,
            lessons=tuple(ToldLesson(name=one.name, digest=one.digest) for one in found),
            paths=paths,
            left_out=untold(against),
            text=text_of(found),
        )


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
        int(pin) for ref in catalog.of_kind("Project") if (pin := _pin(catalog.documents[ref]))
    )


def in_force(catalog: Catalog, observed: ObservedLearnings, project: Ref) -> InForce | str:
    """Return the version a project's steps are told, or why it cannot be told.

    Without a pin it is what the documents say, never what a file on the state branch says.
    """
    if observed.fault:
        return f"The versions of the learnings cannot be read ({observed.fault}). {MEND}"
    document = catalog.documents[project]
    if pin := _pin(document):
        found = _pinned(catalog, observed, int(pin))
        if isinstance(found, InForce):
            return found
        at = document.position(("spec", "learnings", "pin"))
        return f"{project} is pinned to version {pin} of the learnings ({at}), and {found}"
    whole = compilation(catalog, observed)
    following, newest = observed.index.following(whole, commit=""), observed.index.newest
    number = following.version if following else newest.version if newest else 0
    against = _against(catalog, observed, [one.name for one in whole.left_out])
    return InForce(number, whole.digest, whole.lessons, against)


def _against(
    catalog: Catalog,
    observed: ObservedLearnings,
    left_out: Collection[str],
    version: LearningVersion | None = None,
) -> tuple[tuple[str, Because], ...]:
    """Return what is approved and told to nobody, each with the reason.

    Args:
        catalog: Holds what is approved.
        observed: Tells the day.
        left_out: Names of what the version in force has no room for.
        version: The one that is pinned; None for the newest.
    """
    today, known = observed.today or date.min, {*left_out}
    if version is not None:
        known |= {one.name for one in version.lessons}
    found: list[tuple[str, Because]] = []
    for name, lesson in approved(catalog).items():
        if not lesson.holds(today):
            found.append((name, "expired"))
        elif name in left_out:
            found.append((name, "room"))
        elif version is not None and name not in known:
            found.append((name, "pin"))
    return tuple(found)


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


def _pin(project: Document) -> str | None:
    told = project.value["spec"].get("learnings") or {}
    pin = told.get("pin")
    return pin if isinstance(pin, str) else None


def _pinned(catalog: Catalog, observed: ObservedLearnings, number: int) -> InForce | str:
    known = ", ".join(str(one.version) for one in observed.index.versions[-5:]) or "none"
    if observed.index.find(number) is None:
        return f"there is no such version (newest ones: {known}). Write another, or take it out."
    kept = observed.kept.get(number, "it was not read")
    if isinstance(kept, str):
        return f"{kept}. Pin another version, or take the pin out."
    if gone := unapproved(kept, approved(catalog)):
        return (
            f"of it {', '.join(gone)} is not approved in `.courier/`. Only what is approved is "
            "told: pin another version, or approve it again."
        )
    today = observed.today or date.min
    lessons = tuple(one for one in kept.lessons if one.holds(today))
    against = dict(_against(catalog, observed, [one.name for one in kept.left_out], kept))
    against |= {one.name: "expired" for one in kept.lessons if not one.holds(today)}
    told = {one.name for one in lessons}
    return InForce(
        kept.version,
        kept.digest,
        lessons,
        tuple((name, why) for name, why in against.items() if name not in told),
    )
