"""Waiting that is nobody's failure: for a provider's limit to end, for a secret to have a value."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from courier.runs.run.events import AttemptEnded
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run

SIGNAL: Final = "secret"
"""The signal that tells a waiting run that its secrets have values now."""

REASON: Final = "MissingSecret"
"""Why a run waits for one."""

REMEDY: Final = "Start courier with a value for it; the run goes on by itself."
"""What people can do about it."""


MAX_PARKS = 20
"""A run that met this many provider limits fails instead of parking once more."""

PARK_UNKNOWN = timedelta(minutes=15)
"""How long to park when the provider did not say until when."""

PARK_LEAST = timedelta(seconds=1)
"""The least time to park, doubled each time: clocks differ, and some limits end by the minute."""


@dataclass(frozen=True, slots=True)
class Park:
    """Wait for a provider limit to end."""

    until: datetime
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class AwaitSecret:
    """Wait until every secret of the step has a value."""

    message: str


def lacks_secret(plan: FrozenPlan, last: AttemptEnded) -> bool:
    """Return whether an attempt came to nothing for want of a secret.

    A candidate does not wait: its run has others.
    """
    settled = last.verdict is not None or last.choice is not None or last.refusal is not None
    return plan.candidate is None and last.outcome.reason == REASON and not settled


def wait_for_secret(plan: FrozenPlan, run: Run) -> AwaitSecret | None:
    """Return what the run waits for after its newest attempt; None if for no secret."""
    last = run.last
    if last is None or not lacks_secret(plan, last):
        return None
    was_found = run.found is not None and run.found.at >= last.ended_at
    return None if was_found else AwaitSecret(last.outcome.message)


def wait_for_provider(run: Run) -> Park | None:
    """Return how long a run waits after its newest attempt; None if that met no limit."""
    last = run.last
    if last is None or last.outcome.status != "limited" or last.refusal is not None:
        return None
    if run.times_parked >= MAX_PARKS:
        return None
    least = last.ended_at + PARK_LEAST * 2 ** min(run.times_parked, 10)
    until = max(last.outcome.retry_at or last.ended_at + PARK_UNKNOWN, least)
    return Park(until, last.outcome.reason, last.outcome.message)
