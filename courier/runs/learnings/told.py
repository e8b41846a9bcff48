"""What one step is told: the learnings for its role, its project and its paths, as they read."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from courier.resources.model import Model
from courier.resources.values import StepType
from courier.runs.learnings.lesson import Lesson
from courier.runs.learnings.wording import by_severity, entry

_PREFACE: Final = (
    "# Learnings\n\nEarlier work taught this, and people approved it. Heed what applies to your "
    "task."
)


class ToldLesson(Model):
    """One learning a step is told, by name and by the digest of what it tells."""

    name: str
    digest: str


class StepLearnings(Model):
    """What one step is told of a version."""

    version: int
    """The version's number."""
    digest: str
    """The version's digest."""
    lessons: tuple[ToldLesson, ...] = ()
    text: str = ""
    """As it stands in the prompt; empty where nothing of the version is for the step."""


def told_to(
    lessons: Iterable[Lesson], role: StepType, *, project: str, paths: Sequence[str] = ()
) -> tuple[Lesson, ...]:
    """Return the learnings of a version that a step is told, in the version's order.

    Args:
        lessons: Those of the version.
        role: The step's type.
        project: Its project.
        paths: Paths or globs its task is about; empty where that is not known, and then those
            about certain paths are told too, with these paths.
    """
    return tuple(
        one
        for one in lessons
        if (not one.roles or role in one.roles)
        and one.project in (None, project)
        and _concerns(one.scope, paths)
    )


def text_of(lessons: Iterable[Lesson]) -> str:
    """Return what a prompt says of them; empty for none."""
    entries = [*by_severity((one, entry(one)) for one in lessons)]
    return "\n\n".join([_PREFACE, *entries]) if entries else ""


def _concerns(scope: Sequence[str], paths: Sequence[str]) -> bool:
    if not scope or not paths:
        return True
    return any(_meet(glob, path) for glob in scope for path in paths)


def _meet(glob: str, path: str) -> bool:
    """Return whether a glob and a path, which may be a glob too, can mean one file."""
    if _matches(path, glob) or _matches(glob, path):
        return True
    left, right = _stem(glob), _stem(path)
    return "*" in path and (left.startswith(right) or right.startswith(left))


def _matches(path: str, glob: str) -> bool:
    every = (glob, glob.replace("**/", ""), f"{glob.rstrip('/')}/*")
    return any(fnmatchcase(path, one) for one in every)


def _stem(glob: str) -> str:
    return glob.split("*", 1)[0]
