"""What projects may still spend, as lines for people."""

from collections.abc import Iterator, Sequence

from courier.cli.views.ink import PLAIN, Ink, columns, safe
from courier.planning.plan import Headroom
from courier.runs.usage.budget import dollars


def lines(budgets: Sequence[Headroom], ink: Ink = PLAIN) -> list[str]:
    """Return a line for every budget: what is spent of it, and what is set aside."""
    rows = [row for each in budgets for row in _rows(each)]
    return [f"  {ink.paint('$', 'bold', 'cyan')} {line}" for line in columns(rows)]


def _rows(found: Headroom) -> Iterator[tuple[str, ...]]:
    aside = f"{dollars(found.aside)} set aside for runs under way" if found.aside else ""
    for when, spent, cap in (
        ("today", found.spent_today, found.per_day),
        ("this month", found.spent_this_month, found.per_month),
    ):
        if cap is not None:
            left = max(cap - spent, type(cap)(0))
            told = f"{dollars(spent)} of {dollars(cap)} spent, {dollars(left)} left"
            yield safe(found.project), when, told, aside
