"""What became of a plan's actions, as text."""

from collections.abc import Sequence

from courier.cli.views.ink import PLAIN, Ink, columns, safe
from courier.engine.passes.dispatcher import Dispatched

_SIGNS = {
    "started": ("+", "green"),
    "underway": ("~", "yellow"),
    "stuck": ("!", "red"),
    "cancelling": ("-", "red"),
    "told": (">", "cyan"),
    "granted": (">", "green"),
    "unlocked": (">", "green"),
    "published": (">", "cyan"),
    "answered": ("✓", "cyan"),
    "failed": ("!", "red"),
}


def listed(dispatched: Sequence[Dispatched], ink: Ink = PLAIN) -> str:
    """Return one line for each action; nothing if there was none."""
    lines = columns([(safe(one.run), one.how, safe(one.message)) for one in dispatched])
    signs = [_SIGNS[one.how] for one in dispatched]
    return "\n".join(
        f"  {ink.paint(sign, tone, 'bold')} {line}"
        for (sign, tone), line in zip(signs, lines, strict=True)
    )
