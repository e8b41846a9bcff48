"""The version of the learnings that a project's steps are told, and what they are told of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.learnings import (
    ObservedLearnings,
    approved,
    compilation,
    pin_of,
)
from courier.planning.documents.references import Ref
from courier.resources.values import StepType
from courier.runs.learnings.lesson import Lesson
from courier.runs.learnings.told import (
    Because,
    StepLearnings,
    ToldLesson,
    reason_against,
    text_of,
    untold,
)
from courier.runs.learnings.version import LearningVersion, unapproved

MEND: Final = (
    "Bring back what the file held before: `git log origin/courier/state -- learnings` shows it."
)
"""What to do where what is kept of learnings cannot be read."""


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


def in_force(catalog: Catalog, observed: ObservedLearnings, project: Ref) -> InForce | str:
    """Return the version a project's steps are told, or why it cannot be told.

    Without a pin it is what the documents say, never what a file on the state branch says.
    """
    if observed.fault:
        return f"The versions of the learnings cannot be read ({observed.fault}). {MEND}"
    document = catalog.documents[project]
    if pin := pin_of(document):
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
