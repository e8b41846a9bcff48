"""What one step is told: the learnings for its role, its project and its paths, as they read."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from courier.resources.model import Model
from courier.resources.values import StepType
from courier.runs.learnings.globs import can_meet
from courier.runs.learnings.lesson import Lesson
from courier.runs.learnings.wording import by_severity, entry

_PREFACE: Final = (
    "# Learnings\n\nEarlier work taught this, and people approved it. Heed what applies to your "
    "task."
)

Because = Literal["role", "project", "paths", "expired", "room", "pin"]
"""Why an approved learning is not told: it is for other step types, another project or other
paths; its last day is over; the version had no room for it, or is older than it is."""

BECAUSES: Final[tuple[Because, ...]] = ("role", "project", "paths", "expired", "room", "pin")
"""Every reason, in the order they are told."""


class ToldLesson(Model):
    """One learning a step is told, by name and by the digest of what it tells."""

    name: str
    digest: str


class UntoldLessons(Model):
    """Learnings a step is not told for one reason."""

    because: Because
    names: tuple[str, ...]


class StepLearnings(Model):
    """What one step is told of a version."""

    version: int
    """The version's number."""
    digest: str
    """The version's digest."""
    lessons: tuple[ToldLesson, ...] = ()
    paths: tuple[str, ...] = ()
    """The paths its run is about, by which they were chosen; empty where nobody wrote any."""
    left_out: tuple[UntoldLessons, ...] = ()
    """What is approved and it is not told, by the reason."""
    text: str = ""
    """As it stands in the prompt; empty where nothing of the version is for the step."""


def reason_against(
    lesson: Lesson, role: StepType, *, project: str, paths: Sequence[str] = ()
) -> Because | None:
    """Return why a step is not told a learning of its version; None if it is told.

    Args:
        lesson: The learning.
        role: The step's type.
        project: Its project.
        paths: Paths or globs its run is about; empty where that is not known, and then those
            about certain paths are told too, with these paths.
    """
    if lesson.roles and role not in lesson.roles:
        return "role"
    if lesson.project not in (None, project):
        return "project"
    if lesson.scope and paths and not any(can_meet(a, b) for a in lesson.scope for b in paths):
        return "paths"
    return None


def untold(against: Iterable[tuple[str, Because]]) -> tuple[UntoldLessons, ...]:
    """Return names of learnings together with those that are left out for the same reason."""
    every = list(against)
    grouped = ((each, [name for name, why in every if why == each]) for each in BECAUSES)
    return tuple(
        UntoldLessons(because=because, names=tuple(sorted(names)))
        for because, names in grouped
        if names
    )


def text_of(lessons: Iterable[Lesson]) -> str:
    """Return what a prompt says of them; empty for none."""
    entries = [*by_severity((one, entry(one)) for one in lessons)]
    return "\n\n".join([_PREFACE, *entries]) if entries else ""
