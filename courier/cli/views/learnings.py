"""A learning for people, and as plain JSON values."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from courier.cli.views.ink import PLAIN, Ink, safe_lines

if TYPE_CHECKING:
    from courier.engine.learnings.standing import StandingLesson
    from courier.planning.learned.batch import Rejected


def to_value(one: "StandingLesson") -> dict[str, Any]:
    """Return a learning and how it stands as plain JSON values."""
    lesson = one.lesson.model_dump(mode="json", by_alias=True, exclude={"evidence", "path"})
    return {
        **lesson,
        "digest": one.lesson.digest,
        "status": one.status,
        "where": one.where,
        "uses": one.uses,
        "evidence": [each.model_dump(mode="json", by_alias=True) for each in one.evidence],
        "contradicts": list(one.contrary),
        **({"rejected": _rejected(one.rejected)} if one.rejected else {}),
    }


def _rejected(decided: "Rejected") -> dict[str, Any]:
    return decided.model_dump(mode="json", by_alias=True, exclude={"lesson"})


def _decision(decided: "Rejected") -> str:
    """Return who rejected a learning, when and why."""
    by = f" by {decided.by}" if decided.by else ""
    why = f": {decided.reason}" if decided.reason else ""
    return f"Rejected{by} on {decided.at:%Y-%m-%d}{why}"


def to_text(one: "StandingLesson", ink: Ink = PLAIN) -> str:
    """Return all that is known of a learning."""
    return "\n".join(safe_lines(line) if ink is PLAIN else line for line in _lines(one, ink))


def _lines(one: "StandingLesson", ink: Ink) -> Iterator[str]:
    lesson = one.lesson
    yield ink.paint(safe_lines(lesson.name), "bold")
    told = f"told to {one.uses} of the newest runs"
    yield f"{one.status}, {lesson.severity}, a {lesson.category}; {told}; {one.where}"
    yield ""
    for word, text in (
        ("When", lesson.trigger),
        ("Do", lesson.correct_behavior),
        ("Why", lesson.description),
    ):
        yield f"{ink.paint(f'{word}:', 'dim')} {safe_lines(text.strip())}"
    yield ""
    yield f"For: {', '.join(lesson.roles) or 'every step type'}"
    yield f"About: {', '.join(lesson.scope) or 'all paths'}"
    if lesson.expires:
        yield f"Until: {lesson.expires}"
    yield "Seen in: " + (", ".join(_seen(one)) or "no run on record")
    if one.rejected is not None:
        yield ink.paint(safe_lines(_decision(one.rejected)), "yellow")
    if one.contrary:
        yield ink.paint(f"Contradicts: {', '.join(one.contrary)}", "yellow")
    yield f"Digest: {lesson.digest}"


def _seen(one: "StandingLesson") -> Iterator[str]:
    for each in one.evidence:
        yield f"{each.run} ({each.commit[:10]})" if each.commit else each.run
