"""How far a chain has come, and which part comes next: a pure function of what its runs came to.

A part is done by one run. Only a word to go on after a failure has it done by another, whose name
says the try; which try counts is remembered in the course before anything of it starts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from courier.planning.chains.chain import Chain
from courier.planning.course import Course, CoursePhase, ObservedCourse, Part, Resumption

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
    at = _word(chain, seen, parts, resume, look)
    if at is not None:
        resume = at
        parts = [*parts[:at], *(_anew(part, look) for part in parts[at:])]
    return _decided(chain, parts, resume)


def _decided(chain: Chain, parts: Sequence[Part], resume: int | None) -> Decision:
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
        parts=tuple(parts),
    )
    waits = current is not None and parts[current].phase == "pending"
    return Decision(course, current if waits else None)


def stopped_at(chain: Chain, parts: Sequence[Part], resume: int | None) -> int | None:
    """Return the part a chain does not get past by itself; None while there is none."""
    at = _current(chain, parts, resume)
    return at if at is not None and parts[at].phase in ("failed", "cancelled") else None


def _current(chain: Chain, parts: Sequence[Part], resume: int | None) -> int | None:
    """Return the first part that is not over, or None.

    A failed one is over where the chain goes on; whoever goes on with a part leaves out those
    before it that were not completed.
    """
    for at, part in enumerate(parts):
        is_left_out = resume is not None and at < resume and part.phase != "running"
        is_passed = chain.goes_on and part.phase in ("failed", "cancelled")
        if part.phase != "completed" and not is_left_out and not is_passed:
            return at
    return None


def _phase(chain: Chain, parts: Sequence[Part], current: int | None) -> CoursePhase:
    if current is not None:
        at = parts[current].phase
        if at in ("failed", "cancelled"):
            return "failed" if at == "failed" else "stopped"
        return "running" if at == "running" or current > 0 else "pending"
    phases = {part.phase for part in parts} if chain.goes_on else {"completed"}
    if "failed" in phases:
        return "failed"
    return "stopped" if "cancelled" in phases else "completed"


def _reason(parts: Sequence[Part], current: int | None, phase: CoursePhase) -> str:
    if phase not in ("failed", "stopped"):
        return ""
    return parts[current].reason if current is not None else "SomeFailed"


def _resumed(chain: Chain, former: Course | None) -> int | None:
    """Return where the part is that the chain went on with last, by its name."""
    if former is None or former.resume is None or former.resume >= len(former.parts):
        return None
    return chain.place(former.parts[former.resume].name)


def _word(
    chain: Chain, seen: ObservedCourse, parts: Sequence[Part], resume: int | None, look: Look
) -> int | None:
    """Return the part to go on with, if somebody said so after the failure there is now."""
    at = stopped_at(chain, parts, resume)
    if at is None:
        return None
    known = seen.course.resume_from if seen.course else None
    if chain.resume_from is not None and chain.resume_from != known:
        return chain.place(chain.resume_from)
    since = look.ended_at(parts[at].run or "")
    for ask in reversed(seen.asks):
        if since is not None and ask.at >= since.replace(microsecond=0):
            return _asked(chain, ask, at)
    return None


def _asked(chain: Chain, ask: Resumption, at: int) -> int:
    named = chain.place(ask.part) if ask.part else None
    return at if named is None else named


def _anew(part: Part, look: Look) -> Part:
    """Return a part that is to be done by another run, if one did it before."""
    return part if part.phase == "pending" else look.follow(part.name, part.tries + 1)
