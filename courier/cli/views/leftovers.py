"""What was, or would be, taken away."""

from collections import Counter
from typing import TYPE_CHECKING

from courier.cli.views.ink import columns, safe
from courier.cli.views.json_text import to_json

if TYPE_CHECKING:
    from courier.engine.passes.retention import Pruned


def listed(found: "Pruned", *, is_dry: bool, as_json: bool) -> str:
    """Return every thing on a line, and their sum."""
    if as_json:
        items = [
            {"what": one.sort, "run": one.run, "name": one.name, "why": one.why, "bytes": one.size}
            for one in found.gone
        ]
        told = {"formatVersion": 1, "dryRun": is_dry, "items": items}
        return to_json({**told, "faults": list(found.faults)})
    if not found.gone:
        return "Nothing is over that takes room."
    rows = [("WHAT", "RUN", "SIZE", "WHY", "NAME")]
    rows += [(one.sort, one.run, size(one.size), one.why, one.name) for one in found.gone]
    lines = columns([tuple(safe(cell) for cell in row) for row in rows], gap=3)
    return "\n".join([*lines, "", _sum(found, is_dry=is_dry)])


def compacted(age: str, *, is_done: bool) -> str:
    """Return what became of the state branch's history."""
    if not is_done:
        return f"There is nothing to compact that is older than {age}."
    return (
        f"All commits of the state branch that are older than {age} are one now; what is on record "
        "did not change. In clones, `git fetch` tells of a forced update of courier/state once."
    )


def size(count: int | None) -> str:
    """Return a number of bytes: ``812 B``, ``14.2 KB``, ``3.1 MB``; a dash for an unknown one."""
    if count is None:
        return "-"
    if count < 1000:
        return f"{count} B"
    shown = float(count)
    for unit in ("KB", "MB", "GB"):
        shown /= 1000
        if shown < 1000 or unit == "GB":
            break
    return f"{shown:.1f} {unit}"


def _plural(sort: str, count: int) -> str:
    return sort if count == 1 else f"{sort}es" if sort.endswith("ch") else f"{sort}s"


def _sum(found: "Pruned", *, is_dry: bool) -> str:
    counts = Counter(one.sort for one in found.gone)
    told = ", ".join(f"{count} {_plural(sort, count)}" for sort, count in counts.items())
    total = size(sum(one.size or 0 for one in found.gone))
    return f"{'Would go' if is_dry else 'Gone'}: {told}; {total} of known size."
