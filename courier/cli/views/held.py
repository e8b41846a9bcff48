"""Documents about which nothing is done now, and why, as text for people."""

from collections.abc import Sequence

from courier.cli.views.ink import PLAIN, Ink, columns, safe
from courier.planning.plan import Held

_INDENT = "      "
_MANY = 4
"""So many documents held for one reason are told in one line."""


def told(found: Sequence[Held], ink: Ink = PLAIN, *, each: bool = False) -> str:
    """Return two lines for each document, or for many that are held for one reason.

    Args:
        found: At least one.
        ink: Whether to colour.
        each: Whether every document has lines of its own.
    """
    groups: dict[tuple[str, ...], list[Held]] = {}
    for one in found:
        alike = (one.kind, one.reason, one.message)
        groups.setdefault((*alike, one.name) if each else alike, []).append(one)
    entries = [
        entry
        for group in groups.values()
        for entry in ([_together(group)] if len(group) >= _MANY else [_alone(one) for one in group])
    ]
    names = columns([(safe(name), reason) for name, reason, _ in entries])
    lines: list[str] = []
    for (_, _, message), name in zip(entries, names, strict=True):
        lines.append(f"  {ink.paint('!', 'bold', 'yellow')} {name}")
        lines.append(f"{_INDENT}{ink.paint(safe(message), 'dim')}")
    return "\n".join(lines)


def _together(group: Sequence[Held]) -> tuple[str, str, str]:
    first = group[0]
    return f"{first.kind} ({len(group)} documents)", first.reason, first.message


def _alone(one: Held) -> tuple[str, str, str]:
    place = f"{one.position}: " if one.position else ""
    return f"{one.kind}/{one.name}", one.reason, place + one.message
