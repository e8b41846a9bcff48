"""Sums of usage as a table, JSON, YAML and CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from courier.cli.views import headroom
from courier.cli.views.figures import cost, took
from courier.cli.views.ink import PLAIN, Ink, columns, safe
from courier.cli.views.json_text import to_json
from courier.planning.plan import Headroom
from courier.planning.yaml.blocks import to_yaml
from courier.runs.usage.spending import Total
from courier.runs.usage.usage import Unpriced

_NOTED = 8


@dataclass(frozen=True, slots=True)
class Sums:
    """Usage of some days, both included, in UTC, summed by something."""

    by: str
    since: date
    until: date
    groups: Mapping[str, Total]
    total: Total
    budgets: tuple[Headroom, ...] = ()


def table_of(found: Sums, ink: Ink = PLAIN) -> str:
    """Return a row for each group and one for the total, numbers to the right."""
    left = ["", *headroom.lines(found.budgets, ink)] if found.budgets else []
    if not found.groups:
        return "\n".join([f"Nothing was used from {found.since} to {found.until}.", *left])
    head = [found.by.upper(), "RUNS", "IN", "CACHED", "OUT", "AGENT", "SANDBOX", "COST"]
    rows = [_row(name, total) for name, total in found.groups.items()]
    lines = columns(_aligned([head, *rows, _row("total", found.total)]), gap=3)
    top, *body, last = lines
    return "\n".join([ink.paint(top, "dim"), *body, ink.paint(last, "bold"), *left])


def notes(found: Sums) -> Iterator[str]:
    """Yield what people should know of the sums: what has no price, and what to do about it."""
    unknown = sorted(found.total.unpriced, key=lambda each: -each.amount)
    if not unknown:
        return
    told = "; ".join(_unpriced(each) for each in unknown[:_NOTED])
    more = f"; and {len(unknown) - _NOTED} more" if len(unknown) > _NOTED else ""
    yield (
        f"No price is known for {told}{more}. Write rates for them in a document of kind "
        "CostRates; what was used before stays as it was recorded."
    )


def json_of(found: Sums) -> str:
    """Return the sums as one JSON object with a format version."""
    return to_json({"formatVersion": 1, **plain(found)})


def yaml_of(found: Sums) -> str:
    """Return the sums as one YAML document."""
    return to_yaml(plain(found))


def csv_of(found: Sums) -> str:
    """Return a line for each group, its head first; amounts are plain numbers."""
    text = io.StringIO()
    groups = [_plain_total(total) for total in found.groups.values()]
    fields = [name for name in _plain_total(found.total) if name != "unpriced"]
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([found.by, *fields, "unpriced"])
    for name, told in zip(found.groups, groups, strict=True):
        unknown = "; ".join(
            f"{each['service']} {each['model'] or '*'} {each['metric']} {each['amount']:g}"
            for each in told["unpriced"]
        )
        shown = ("" if told[field] is None else told[field] for field in fields)
        rows.writerow([name, *shown, unknown])
    return text.getvalue()


def plain(found: Sums) -> dict[str, Any]:
    """Return the sums as plain JSON values."""
    return {
        "kind": "usage",
        "by": found.by,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "groups": [{"name": name, **_plain_total(total)} for name, total in found.groups.items()],
        "total": _plain_total(found.total),
        "budgets": [each.model_dump(mode="json", by_alias=True) for each in found.budgets],
    }


def _plain_total(total: Total) -> dict[str, Any]:
    amounts = {
        "usd": total.usd,
        "costUsd": total.cost_usd,
        "pricedUsd": total.priced_usd,
        "listedUsd": total.listed_usd,
    }
    return {
        "runs": len(total.runs),
        "lines": total.lines,
        "inputTokens": total.input_tokens,
        "outputTokens": total.output_tokens,
        "cacheReadTokens": total.cache_read_tokens,
        "cacheWriteTokens": total.cache_write_tokens,
        "agentSeconds": round(total.agent_seconds, 3),
        "sandboxSeconds": round(total.sandbox_seconds, 3),
        **{name: None if usd is None else f"{usd:f}" for name, usd in amounts.items()},
        "unpriced": [each.model_dump(mode="json", by_alias=True) for each in total.unpriced],
    }


def _row(name: str, total: Total) -> list[str]:
    cached = total.cache_read_tokens + total.cache_write_tokens
    return [
        safe(name),
        f"{len(total.runs):,}",
        f"{total.input_tokens + cached:,}",
        f"{cached:,}",
        f"{total.output_tokens:,}",
        took(total.agent_seconds),
        took(total.sandbox_seconds),
        cost(_plain_total(total)),
    ]


def _aligned(rows: list[list[str]]) -> list[list[str]]:
    """Return the rows with all but the first cell as wide as their column, to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        [row[0], *(cell.rjust(wide) for cell, wide in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    ]


def _unpriced(each: Unpriced) -> str:
    whose = f"{each.service} {each.model}" if each.model else each.service
    return f"{each.amount:,.0f} {each.metric} of {safe(whose)}"
