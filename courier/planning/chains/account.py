"""What is told of one chain: how far it is, what comes next, and what became of each part."""

from collections.abc import Mapping
from typing import Any

from courier.planning.chains.chain import Chain
from courier.planning.chains.words import why_stopped
from courier.planning.observed.course import Course, ObservedCourse, Part


def chain_account(chain: Chain, seen: ObservedCourse) -> Mapping[str, Any]:
    """Return it as plain JSON values.

    Args:
        chain: The chain as its documents say it.
        seen: What is on record of it; parts added since are pending.
    """
    course = seen.course or _unbegun(chain)
    known = {part.name: part for part in course.parts}
    current = _named(course, course.current)
    following = _after(chain, current)
    return {
        "kind": chain.ref.kind,
        "chain": chain.ref.name,
        "project": chain.project,
        "title": chain.title,
        "phase": "unreadable" if seen.fault else course.phase,
        "reason": course.reason,
        "message": seen.fault or why_stopped(chain, course) or "",
        "currentIndex": chain.place(current),
        "current": current,
        "resumeIndex": chain.place(_named(course, course.resume)),
        "next": following,
        "pullRequests": "single" if chain.is_single else "each",
        "base": "merged" if chain.awaits_merge else "stacked",
        "parts": [
            _told(known.get(link.name, Part(name=link.name)), link.title) for link in chain.links
        ],
        "document": str(chain.document.start),
    }


def _unbegun(chain: Chain) -> Course:
    parts = tuple(Part(name=link.name) for link in chain.links)
    current = 0 if parts else None
    return Course(
        kind=chain.ref.kind, name=chain.ref.name, phase="pending", current=current, parts=parts
    )


def _named(course: Course, at: int | None) -> str | None:
    return course.parts[at].name if at is not None and at < len(course.parts) else None


def _after(chain: Chain, current: str | None) -> str | None:
    """Return the part behind the one that is under way or begins next."""
    at = chain.place(current)
    return chain.links[at + 1].name if at is not None and at + 1 < len(chain.links) else None


def _told(part: Part, title: str) -> Mapping[str, Any]:
    pull = {"number": part.number, "status": part.pull_request} if part.number else None
    return {
        "name": part.name,
        "title": title,
        "phase": part.phase,
        "reason": part.reason,
        "run": part.run,
        "try": part.tries,
        "branch": part.branch,
        "commit": part.commit,
        "pullRequest": pull,
    }
