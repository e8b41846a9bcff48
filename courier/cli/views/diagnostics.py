"""Diagnostics as text for people."""

from collections.abc import Iterable, Iterator

from courier.cli.views.ink import PLAIN, Ink, safe, safe_lines
from courier.diagnostics import Diagnostic, Severity, in_reading_order


def listed(diagnostics: Iterable[Diagnostic], ink: Ink = PLAIN) -> str:
    """Return every problem as `courier validate` shows it: place, severity, what, why."""
    return "\n".join(line for found in in_reading_order(diagnostics) for line in _told(found, ink))


def _told(found: Diagnostic, ink: Ink) -> Iterator[str]:
    place = f"{ink.paint(safe(str(found.position)), 'bold')} " if found.position else ""
    tone = "red" if found.severity is Severity.ERROR else "yellow"
    yield f"{place}{ink.paint(found.severity.value, tone)} {safe(found.summary)} [{found.code}]"
    yield from (f"  {line}" for line in safe_lines(found.detail).splitlines())
