"""A run's effective values with their origins, for people."""

from collections.abc import Mapping

from courier.cli.views.ink import PLAIN, Ink, columns, safe
from courier.runs.run.frozen import FrozenValue


def told(title: str, values: Mapping[str, Mapping[str, FrozenValue]], ink: Ink = PLAIN) -> str:
    """Return every value of a run or session, then of each step, with where it was written."""
    rows = [
        (step, path, one.value if one.value is not None else "-", one.origin)
        for step, each in values.items()
        for path, one in sorted(each.items())
    ]
    cells = [(path, safe(_cut(value)), safe(origin)) for _, path, value, origin in rows]
    lines = columns([("VALUE", "", "WRITTEN IN"), *cells])
    blocks = [ink.paint(title, "bold"), ink.paint(f"  {lines[0]}", "dim")]
    former = ""
    for (step, *_), line in zip(rows, lines[1:], strict=True):
        if step != former:
            blocks.append(ink.paint(f"step {step}", "bold"))
            former = step
        blocks.append(f"  {line}")
    return "\n".join(blocks)


def _cut(text: str) -> str:
    return text if len(text) <= 50 else f"{text[:49]}…"
