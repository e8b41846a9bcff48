"""Budgets that are used up, as notices: one for each project, budget and period."""

from collections.abc import Iterator
from datetime import datetime

from courier.planning.plan import Headroom
from courier.runs.notices.notice import BudgetTold, Notice
from courier.runs.usage.budget import DAY, FIELDS, MONTH, dollars


def exhausted(room: Headroom, *, now: datetime) -> Iterator[Notice]:
    """Yield what of a project's budgets is used up."""
    rows = (
        (DAY, f"{now:%Y-%m-%d}", room.per_day, room.spent_today),
        (MONTH, f"{now:%Y-%m}", room.per_month, room.spent_this_month),
    )
    for reason, period, cap, spent in rows:
        if cap is None or spent < cap:
            continue
        told = f"The project has spent {dollars(spent)} of {dollars(cap)} in {period}, UTC."
        yield Notice(
            event="budgetReached",
            key=f"budget/{FIELDS[reason]}/{period}/{cap}",
            at=now,
            project=room.project,
            subject=f"{FIELDS[reason]} of {room.project}",
            message=told,
            budget=BudgetTold(field=FIELDS[reason], period=period, cap_usd=cap, spent_usd=spent),
        )
