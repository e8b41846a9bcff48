"""How runs did, as a table or as JSON."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from courier.cli.views.figures import money, took
from courier.cli.views.ink import PLAIN, Ink
from courier.cli.views.tables import table
from courier.runs.records.statistics import By, Tally

_FEW = 10
"""Below so many runs, figures say little."""


def table_of(found: Mapping[str, Tally], by: By, ink: Ink = PLAIN, *, wide: bool = False) -> str:
    """Return a row for each group; with ``wide`` behind each figure of how many it is."""
    if not found:
        return ""
    head = [by.upper(), "RUNS", "COMPLETED", "MERGED", "SCORE", "ROUNDS", "COST/RUN"]
    head += ["COST/MERGED", "TIME", "SURVIVAL"]
    rows = [[name, *_cells(tally, wide=wide)] for name, tally in found.items()]
    return table([head, *rows], ink)


def _cells(one: Tally, *, wide: bool) -> Iterator[str]:
    yield str(one.runs)
    for text, count in (
        (_percent(one.success_rate), one.completed + one.failed),
        (_percent(one.merge_rate), one.decided),
        (f"{one.score:.1f}" if one.score is not None else "-", len(one.scores)),
        (f"{one.iterations:.1f}" if one.iterations is not None else "-", len(one.rounds)),
        (money(one.cost_per_run), len(one.costs)),
        (money(one.cost_per_merged), one.merged),
        (took(one.time) if one.time is not None else "-", len(one.seconds)),
        (_percent(one.survival), one.looked_at),
    ):
        yield f"{text} of {count}" if wide and text != "-" else text


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def notes(found: Mapping[str, Tally]) -> Iterator[str]:
    """Yield what keeps the figures from saying more than they do."""
    if not found:
        yield "No run that ended is on record."
        return
    few = [name for name, tally in found.items() if tally.runs < _FEW]
    if few:
        names = ", ".join(few[:5]) + (f" and {len(few) - 5} more" if len(few) > 5 else "")
        yield f"Fewer than {_FEW} runs say little: {names}."


def json_of(found: Mapping[str, Tally], by: By) -> Mapping[str, object]:
    """Return everything with a format version; figures of nothing are null."""
    return {"formatVersion": 1, "by": by, "groups": [_group(*each) for each in found.items()]}


def _group(name: str, one: Tally) -> Mapping[str, object]:
    return {
        "name": name,
        "runs": one.runs,
        "completed": one.completed,
        "failed": one.failed,
        "proposed": one.proposed,
        "decided": one.decided,
        "merged": one.merged,
        "successRate": one.success_rate,
        "mergeRate": one.merge_rate,
        "score": _figure(one.score, len(one.scores)),
        "iterations": _figure(one.iterations, len(one.rounds)),
        "costPerRunUsd": _figure(one.cost_per_run, len(one.costs)),
        "costPerMergedUsd": _figure(one.cost_per_merged, one.merged),
        "medianSeconds": _figure(one.time, len(one.seconds)),
        "survival": {
            "share": one.survival,
            "lines": one.added,
            "left": one.left,
            "runs": one.looked_at,
        },
    }


def _figure(value: float | Decimal | None, count: int) -> Mapping[str, object]:
    told = str(value) if isinstance(value, Decimal) else value
    return {"value": told, "runs": count}
