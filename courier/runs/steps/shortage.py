"""For want of money: which runs wait for a budget to have something left, and until when."""

from dataclasses import dataclass
from datetime import datetime

from courier.runs.run.events import AttemptEnded
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run
from courier.runs.steps.ending import Ending
from courier.runs.usage.budget import REASONS, RUN


@dataclass(frozen=True, slots=True)
class AwaitBudget:
    """Wait until there is something to spend again."""

    reason: str
    message: str
    until: datetime | None


def wait_for_money(plan: FrozenPlan, run: Run, ending: Ending) -> AwaitBudget | None:
    """Return what a run waits for that would end so; None if it ends."""
    # The run of a candidate has others, and money of its own for what follows.
    shared = plan.candidate is not None and ending.reason == RUN
    if ending.reason not in REASONS or plan.caps.on_exceed != "park" or shared:
        return None
    return AwaitBudget(ending.reason, ending.message, _free_again(run))


def ran_out(last: AttemptEnded) -> bool:
    """Return whether an attempt was broken off for want of money."""
    settled = last.verdict is not None or last.choice is not None or last.refusal is not None
    return last.outcome.reason in REASONS and not settled


def _free_again(run: Run) -> datetime | None:
    """Return when a budget that is used up has something left by itself."""
    if run.short is not None:
        return run.short.until
    last = run.last
    return last.outcome.retry_at if last is not None and ran_out(last) else None
