"""How far a chain has come, and which part comes next: a pure function of what its runs came to.

A part is done by one run. Only a word to go on after a failure has it done by another, whose name
says the try; which try counts is remembered in the course before anything of it starts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from courier.planning.chains.chain import Chain
from courier.planning.observed.course import (
    Course,
    CoursePhase,
    ObservedCourse,
    Part,
    Resumption,
    is_down,
    is_unopened,
)

CLOSED: Final = "PullRequestClosed"
"""The reason of a chain whose part people turned down."""

Follow = Callable[[str, int], Part]
"""Gives how far a part has come by its name, for a try."""

EndedAt = Callable[[str], datetime | None]
"""Gives when a run ended; None where that is not on record."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a chain is decided by, besides its documents and its course.

    Attributes:
        follow: How far parts have come.
        ended_at: When runs ended.
    """

    follow: Follow
    ended_at: EndedAt


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided of a chain.

    Attributes:
        course: How far it has come, once what is to start has started.
        next: Where the part is that is to start now, from 0; None if none is.
    """

    course: Course
    next: int | None = None


def decide(chain: Chain, seen: ObservedCourse, look: Look) -> Decision:
    """Return how far a chain is; asked again after it was done, nothing more."""
    former = seen.course
    tries = {part.name: part.tries for part in former.parts} if former else {}
    resume = _resumed(chain, former)
    parts = [look.follow(link.name, tries.get(link.name, 1)) for link in chain.links]
    at, asked = _word(chain, seen, parts, resume, look)
    if at is not None:
        resume = at
        parts = [*parts[:at], *(_anew(part, look) for part in parts[at:])]
    said = asked or (former.resumed_at if former else None)
    return _decided(chain, parts, resume, said)


def _decided(
    chain: Chain, parts: Sequence[Part], resume: int | None, said: datetime | None
) -> Decision:
    current = _current(chain, parts, resume)
    phase = _phase(chain, parts, current)
    if phase in ("failed", "stopped") and current is not None:
        resume = current
    course = Course(
        kind=chain.ref.kind,
        name=chain.ref.name,
        project=chain.project,
        phase=phase,
        reason=_reason(parts, current, phase),
        current=current,
        resume=resume,
        resume_from=chain.resume_from,
        resumed_at=said,
        parts=tuple(parts),
    )
    waits = current is not None and parts[current].phase == "pending"
    return Decision(course, current if waits else None)


def stopped_at(chain: Chain, parts: Sequence[Part], resume: int | None) -> int | None:
    """Return the part a chain does not get past by itself; None while there is none."""
    at = _current(chain, parts, resume)
    return at if at is not None and is_down(parts[at]) else None


def _current(chain: Chain, parts: Sequence[Part], resume: int | None) -> int | None:
    """Return the first part that is not over, or None.

    A failed one is over where the chain goes on, unless its work is on the branch of all of them
    already and is still to be proposed; whoever goes on with a part leaves out those before it
    that were not completed.
    """
    for at, part in enumerate(parts):
        is_left_out = resume is not None and at < resume and part.phase != "running"
        is_good = part.phase == "completed" and not is_down(part)
        is_passed = chain.goes_on and is_down(part) and not _is_shared(chain, part)
        if not (is_good or is_left_out or is_passed):
            return at
    return None


def _is_shared(chain: Chain, part: Part) -> bool:
    return chain.is_single and is_unopened(part)


def _phase(chain: Chain, parts: Sequence[Part], current: int | None) -> CoursePhase:
    if current is not None:
        part = parts[current]
        if is_down(part):
            return "failed" if part.phase == "failed" else "stopped"
        return "running" if part.phase == "running" or current > 0 else "pending"
    bad = [part for part in parts if is_down(part)] if chain.goes_on else []
    if any(part.phase == "failed" for part in bad):
        return "failed"
    return "stopped" if bad else "completed"


def _reason(parts: Sequence[Part], current: int | None, phase: CoursePhase) -> str:
    if phase not in ("failed", "stopped"):
        return ""
    if current is None:
        return "SomeFailed"
    return CLOSED if parts[current].phase == "completed" else parts[current].reason


def _resumed(chain: Chain, former: Course | None) -> int | None:
    """Return where the part is that the chain went on with last, by its name."""
    if former is None or former.resume is None or former.resume >= len(former.parts):
        return None
    return chain.place(former.parts[former.resume].name)


def _word(
    chain: Chain, seen: ObservedCourse, parts: Sequence[Part], resume: int | None, look: Look
) -> tuple[int | None, datetime | None]:
    """Return the part to go on with, if somebody said so after the failure there is now.

    And when they said so, if it was by command: no word is taken twice.
    """
    at = stopped_at(chain, parts, resume)
    if at is None:
        return None, None
    known = seen.course.resume_from if seen.course else None
    if chain.resume_from is not None and chain.resume_from != known:
        return chain.place(chain.resume_from), None
    since = look.ended_at(parts[at].run or "")
    taken = seen.course.resumed_at if seen.course else None
    for ask in reversed(seen.asks):
        is_new = taken is None or ask.at > taken
        if is_new and since is not None and ask.at >= since.replace(microsecond=0):
            return _asked(chain, ask, at), ask.at
    return None, None


def _asked(chain: Chain, ask: Resumption, at: int) -> int:
    named = chain.place(ask.part) if ask.part else None
    return at if named is None else named


def _anew(part: Part, look: Look) -> Part:
    """Return a part that is to be done by another run, if one did it before."""
    return part if part.phase == "pending" else look.follow(part.name, part.tries + 1)
