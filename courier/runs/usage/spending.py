"""Spending: lines of usage read back and summed, by whatever they have in common.

Lines are read as plain values: a month may hold many, and nobody needs more of them than sums.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from courier.runs.usage.usage import METRICS, Unpriced, joined

Line = Mapping[str, Any]
"""One line of usage, as JSON gives it."""

NOBODY: Final = "-"
"""The group of lines that do not say."""

GROUPS: Final[Mapping[str, Callable[[Line], str]]] = {
    "project": lambda line: line.get("project") or NOBODY,
    "persona": lambda line: line.get("persona") or NOBODY,
    "workflow": lambda line: line.get("workflow") or NOBODY,
    "agent": lambda line: line.get("agent") or NOBODY,
    "model": lambda line: line.get("model") or NOBODY,
    "day": lambda line: day_of(line),
    "run": lambda line: line.get("run") or NOBODY,
}
"""What usage can be summed by."""


class Spent(NamedTuple):
    """US dollars a project has spent, in UTC: today, and this month."""

    day: Decimal = Decimal(0)
    month: Decimal = Decimal(0)

    def plus(self, usd: Decimal) -> "Spent":
        """Return the same with more on both."""
        return Spent(self.day + usd, self.month + usd)

    def with_line(self, line: Line, *, today: date) -> "Spent":
        """Return it with a line that counts if it is of this day or month."""
        at, usd = day_of(line), spent_by(line)
        this = today.isoformat()
        if at[:7] != this[:7]:
            return self
        return Spent(self.day + (usd if at == this else 0), self.month + usd)


@dataclass(slots=True)
class Total:
    """The sum of some lines; tokens are whole, seconds and US dollars as in `Usage`."""

    lines: int = 0
    runs: set[str] = field(default_factory=set)
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    agent_seconds: float = 0.0
    sandbox_seconds: float = 0.0
    cost_usd: Decimal | None = None
    priced_usd: Decimal | None = None
    listed_usd: Decimal | None = None
    unknown: dict[tuple[str, str, str], float] = field(default_factory=dict)

    @property
    def usd(self) -> Decimal | None:
        """Return the US dollars that are known of; None where none are."""
        return _plus(self.cost_usd, self.priced_usd)

    @property
    def unpriced(self) -> tuple[Unpriced, ...]:
        """Return what has neither a reported cost nor a rate."""
        return joined(
            Unpriced(service=service, model=model or None, metric=METRICS[metric], amount=amount)
            for (service, model, metric), amount in self.unknown.items()
        )

    def add(self, line: Line) -> None:
        """Take in one line."""
        used = line["usage"]
        self.lines += 1
        self.runs.add(line["run"])
        self.input_tokens += used.get("inputTokens", 0)
        self.output_tokens += used.get("outputTokens", 0)
        self.cache_read_tokens += used.get("cacheReadTokens", 0)
        self.cache_write_tokens += used.get("cacheWriteTokens", 0)
        self.agent_seconds += used.get("agentSeconds", 0)
        self.sandbox_seconds += used.get("sandboxSeconds", 0)
        self.cost_usd = _plus(self.cost_usd, _decimal(used.get("costUsd")))
        self.priced_usd = _plus(self.priced_usd, _decimal(used.get("pricedUsd")))
        self.listed_usd = _plus(self.listed_usd, _decimal(used.get("listedUsd")))
        for each in used.get("unpriced", ()):
            key = (each["service"], each.get("model") or "", each["metric"])
            self.unknown[key] = self.unknown.get(key, 0) + each["amount"]


def day_of(line: Line) -> str:
    """Return the day of a line, in UTC."""
    return str(line["at"])[:10]


def spent_by(line: Line) -> Decimal:
    """Return the US dollars of a line that count against budgets."""
    used = line["usage"]
    known = _plus(_decimal(used.get("costUsd")), _decimal(used.get("pricedUsd")))
    return known or Decimal(0)


def sums(lines: Iterable[Line], *, by: str) -> dict[str, Total]:
    """Return the sum of every group, in the order of their names.

    Args:
        lines: Of any months, in any order.
        by: One of `GROUPS`.
    """
    name, found = GROUPS[by], dict[str, Total]()
    for line in lines:
        found.setdefault(name(line), Total()).add(line)
    return {name: found[name] for name in sorted(found)}


def total_of(lines: Iterable[Line]) -> Total:
    """Return the sum of all lines."""
    total = Total()
    for line in lines:
        total.add(line)
    return total


def read_lines(content: bytes) -> Iterator[Line]:
    """Yield the lines of a month's file; what is none is passed over."""
    for raw in content.splitlines():
        yield from _read(raw)


def _read(raw: bytes) -> Iterator[Line]:
    try:
        line = json.loads(raw)
        if "usage" in line:
            datetime.fromisoformat(line["at"])
            yield line
        elif "steps" in line:
            yield from _whole_run(line)
    except (ValueError, KeyError, TypeError, RecursionError):
        return


def _whole_run(line: Line) -> Iterator[Line]:
    """Yield the steps of a line that tells of a whole run, as they were written once."""
    for at, step in enumerate(line["steps"]):
        known = {name: line.get(name) for name in ("run", "project", "workflow")}
        named = {name: step.get(name) for name in ("step", "persona", "agent", "model")}
        key = f"{line['key']}/{at}"
        yield {**known, **named, "key": key, "at": line["endedAt"], "usage": step}


def _decimal(told: object) -> Decimal | None:
    if told is None:
        return None
    try:
        return Decimal(str(told))
    except InvalidOperation:
        return None


def _plus(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    if left is None or right is None:
        return right if left is None else left
    return left + right
