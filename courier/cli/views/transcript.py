"""What agents said and did, as lines for people; hostile text cannot leave its line."""

from collections.abc import Mapping
from typing import NamedTuple

from courier.cli.views.ink import PLAIN, Ink, safe, safe_lines

_MARKS = {"toolCall": "$", "toolResult": "<", "thought": "~", "retry": "!", "error": "!"}
_TONES = {
    "toolCall": ("cyan",),
    "toolResult": ("dim",),
    "thought": ("dim",),
    "retry": ("yellow",),
    "error": ("red",),
    "session": ("dim",),
    "usage": ("dim",),
}
_LONGEST_RESULT = 12
"""Lines of a tool's answer that are shown."""


class Said(NamedTuple):
    """One event: its mark, its lines, made safe, and how they are painted."""

    mark: str
    lines: tuple[str, ...]
    tones: tuple[str, ...] = ()


def said(event: Mapping[str, object]) -> Said:
    """Return one line of a transcript, given as JSON gives it, for people."""
    kind = str(event.get("kind", ""))
    lines = safe_lines(_text(kind, event)).splitlines()
    if kind == "toolResult" and len(lines) > _LONGEST_RESULT:
        rest = len(lines) - _LONGEST_RESULT
        lines = [*lines[:_LONGEST_RESULT], f"({rest} more lines)"]
    tones = ("red",) if event.get("isError") else _TONES.get(kind, ())
    return Said(_MARKS.get(kind, " "), tuple(lines), tones)


def rendered(event: Mapping[str, object], ink: Ink = PLAIN) -> str:
    """Return an event as the lines `courier logs` shows; nothing for one without text."""
    found = said(event)
    marks = [found.mark, *(" " * (len(found.lines) - 1))]
    return "\n".join(
        f"  {ink.paint(f'{mark} {line}'.rstrip(), *found.tones)}".rstrip()
        for mark, line in zip(marks, found.lines, strict=False)
    )


def heading(event: Mapping[str, object], ink: Ink = PLAIN) -> str:
    """Return the line above a turn: which attempt, and when it began."""
    attempt, at = safe(str(event.get("attempt", ""))), safe(str(event.get("at", "")))[:19]
    return f"{ink.paint(attempt, 'bold')}  {ink.paint(at.replace('T', ' '), 'dim')}"


def _text(kind: str, event: Mapping[str, object]) -> str:
    match kind:
        case "text" | "thought" | "output":
            return str(event.get("text", "")).rstrip()
        case "toolCall":
            return f"{event.get('tool', '')} {event.get('input', '')}".strip()
        case "toolResult":
            return str(event.get("output", "")).rstrip()
        case "session":
            model = event.get("model")
            return f"session {event.get('session', '')}" + (f", {model}" if model else "")
        case "retry":
            return f"the model call is tried again: {event.get('reason', '')}"
        case "error":
            return str(event.get("message", ""))
        case _:
            return ""
