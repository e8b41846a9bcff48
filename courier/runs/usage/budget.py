"""Budgets: what a run and a project may spend, what is left of that, and what a shortage means."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from courier.resources.model import Model
from courier.runs.usage.spending import Spent

SIGNAL: Final = "budget"
"""The signal that tells a waiting run that there is something to spend again."""

RUN: Final = "BudgetExceeded"
"""Why a run stops whose own budget is used up."""

DAY: Final = "DayBudgetExceeded"
"""Why it stops when its project's budget of the day is."""

MONTH: Final = "MonthBudgetExceeded"
"""Why it stops when its project's budget of the month is."""

REASONS: Final = frozenset({RUN, DAY, MONTH})
"""Everything a budget may be the reason for."""

FIELDS: Final = {RUN: "budgets.perRun", DAY: "budgets.perDay", MONTH: "budgets.perMonth"}
"""Reason to the field of a Project that sets the cap."""


class Caps(Model):
    """The most US dollars a project may spend; null for no limit."""

    per_day: Decimal | None = None
    """In one day, in UTC."""
    per_month: Decimal | None = None
    """In one calendar month, in UTC."""
    on_exceed: Literal["park", "fail"] = "fail"
    """Whether a run that would go over waits for more or fails; also for its own budget."""

    @property
    def any(self) -> bool:
        """Return whether a day or a month has a cap."""
        return self.per_day is not None or self.per_month is not None


class Grant(Model):
    """What a run that waited is told: there is something to spend again."""

    per_run: Decimal | None = None
    """What the run may cost now; null where that did not change."""
    caps: Caps | None = None
    """What its project may spend now; null where that is not known."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A budget that is used up.

    Attributes:
        reason: One of `REASONS`.
        message: For people, with the numbers.
        until: When there is more by itself; None for never.
    """

    reason: str
    message: str
    until: datetime | None = None


def shortage(caps: Caps, spent: Spent, *, now: datetime) -> Shortage | None:
    """Return what is used up of a project's budgets; of both the one that lasts longer."""
    if caps.per_month is not None and spent.month >= caps.per_month:
        until = next_month(now)
        told = _told(spent.month, caps.per_month, f"of {now:%B}")
        return Shortage(MONTH, f"{told} Its next month begins {until:%Y-%m-%d}, in UTC.", until)
    if caps.per_day is not None and spent.day >= caps.per_day:
        until = next_day(now)
        told = _told(spent.day, caps.per_day, f"of {now:%Y-%m-%d}")
        return Shortage(DAY, f"{told} Its next day begins at 00:00 UTC.", until)
    return None


def headroom(caps: Caps, spent: Spent) -> Decimal | None:
    """Return the US dollars a project may still spend now; None for no limit."""
    left = [
        cap - used
        for cap, used in ((caps.per_day, spent.day), (caps.per_month, spent.month))
        if cap is not None
    ]
    return max(min(left), Decimal(0)) if left else None


def next_day(now: datetime) -> datetime:
    """Return when the next day begins, in UTC."""
    return _midnight(now) + timedelta(days=1)


def next_month(now: datetime) -> datetime:
    """Return when the next month begins, in UTC."""
    return (_midnight(now).replace(day=1) + timedelta(days=32)).replace(day=1)


def dollars(usd: Decimal) -> str:
    """Return an amount for people: cents, and more places where these say more."""
    cents = f"{usd:.2f}"
    return f"${cents}" if Decimal(cents) == usd else f"${usd:.4f}"


def more_money(reason: str) -> str:
    """Return what people can do about a budget that is used up."""
    where = "the Run's `budget`" if reason == RUN else f"`{FIELDS[reason]}` of the Project"
    return f"To go on sooner, raise {where} and merge it; the run goes on by itself."


def _told(spent: Decimal, cap: Decimal, of: str) -> str:
    return f"The project has spent {dollars(spent)} of its budget {of}, {dollars(cap)}."


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
