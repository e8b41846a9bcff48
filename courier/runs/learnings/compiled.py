"""Compiling: from approved learnings to one bounded document, always the same for the same set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from courier.runs.learnings.lesson import Lesson
from courier.runs.learnings.wording import account, by_severity

MOST_BYTES: Final = 48_000
"""Bytes a compiled document may have, what it says of left out ones included."""

_KEPT_FREE: Final = 4_000
"""Bytes for headings and for what is said of those left out."""

_NAMED: Final = 30
"""So many of those left out are named."""

_TITLE: Final = "# Learnings\n\nWhat earlier runs taught and people approved."


@dataclass(frozen=True, slots=True)
class Compilation:
    """What a set of learnings compiles to.

    Attributes:
        lessons: Those in the document, the gravest first.
        left_out: Those it has no room for.
    """

    lessons: tuple[Lesson, ...]
    left_out: tuple[Lesson, ...] = ()

    @property
    def markdown(self) -> str:
        """Return the document, with a line break at its end."""
        return written(self.lessons, [(one.name, one.severity) for one in self.left_out])

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the document in hex."""
        return digest_of(self.markdown)


def compiled(lessons: Iterable[Lesson], *, today: date) -> Compilation:
    """Return the document of those that have not expired; their order does not matter.

    The gravest come first; one that has no room any more gives way to smaller ones after it.

    Args:
        lessons: Approved ones, each name once.
        today: The day, in UTC.
    """
    room = MOST_BYTES - _KEPT_FREE
    kept, left_out = [], []
    for lesson in sorted(lessons, key=lambda one: one.rank):
        if not lesson.holds(today):
            continue
        size = len(account(lesson).encode()) + 2
        if size <= room:
            room -= size
            kept.append(lesson)
        else:
            left_out.append(lesson)
    return Compilation(tuple(kept), tuple(left_out))


def written(lessons: Sequence[Lesson], left_out: Sequence[tuple[str, str]]) -> str:
    """Return the document.

    Args:
        lessons: What it holds, in order.
        left_out: Name and severity of those it has no room for.
    """
    told = [*by_severity((one, account(one)) for one in lessons)] or ["There are none."]
    return "\n\n".join([_TITLE, *told, *_left_out(left_out)]) + "\n"


def digest_of(markdown: str) -> str:
    """Return the SHA-256 of a document in hex."""
    return sha256(markdown.encode("utf-8", "surrogatepass")).hexdigest()


def _left_out(left_out: Sequence[tuple[str, str]]) -> Sequence[str]:
    if not left_out:
        return ()
    named = [f"- {name} ({severity})" for name, severity in left_out[:_NAMED]]
    more = len(left_out) - len(named)
    rest = [f"- and {more} more"] if more > 0 else []
    return ("## Left out for want of room", "\n".join([*named, *rest]))
