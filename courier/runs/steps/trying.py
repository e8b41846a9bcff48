"""Trying a step again: after a limit, a budget, a missing secret or a passing failure."""

from dataclasses import replace
from datetime import datetime, timedelta

from courier.runs.run.candidates import step_of
from courier.runs.run.events import AttemptEnded, Checkpoint
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.run import Run
from courier.runs.steps.acts import StartAttempt
from courier.runs.steps.parking import (
    AwaitSecret,
    Park,
    lacks_secret,
    wait_for_provider,
    wait_for_secret,
)
from courier.runs.steps.shortage import ran_out
from courier.runs.usage.budget import REASONS

RETRY_DELAY = timedelta(seconds=5)
"""The pause before the second try of a step; doubled for each further one."""


def tried_again(
    plan: FrozenPlan, run: Run, last: AttemptEnded
) -> StartAttempt | Park | AwaitSecret | None:
    """Return how the step of the newest attempt goes on; None where that attempt is the last."""
    parked = run.parked
    if parked is not None and parked.until is not None and parked.reason not in REASONS:
        return _again(plan, run, last, not_before=parked.until)
    if run.freed is not None and ran_out(last):
        return _again(plan, run, last, not_before=run.freed.at)
    if (waits := wait_for_secret(plan, run) or wait_for_provider(run)) is not None:
        return waits
    if lacks_secret(plan, last):
        return _again(plan, run, last, not_before=last.ended_at)
    failures = _failures(run, last)
    if _may_retry(last) and failures < plan.attempts_per_step:
        delay = RETRY_DELAY * 2 ** (failures - 1)
        return _again(plan, run, last, not_before=last.ended_at + delay)
    return None


def base_of(plan: FrozenPlan, run: Run, step: FrozenStep) -> str:
    """Return where a step starts; who chooses among candidates starts where they did."""
    if run.conflict is not None and step.name == plan.steps[0].name:
        return run.conflict.base
    return plan.git.base_commit if step.chooses else run.work or plan.git.base_commit


def _may_retry(last: AttemptEnded) -> bool:
    unsettled = last.verdict is None and last.refusal is None
    return unsettled and last.outcome.status == "failed" and last.outcome.retryable


def _failures(run: Run, last: AttemptEnded) -> int:
    """Count the failures of this step and iteration; waiting for a limit is not one."""
    same = (
        tried
        for tried in run.attempts
        if (tried.step, tried.iteration) == (last.step, last.iteration)
    )
    return sum(tried.outcome.status == "failed" and not ran_out(tried) for tried in same)


def _again(plan: FrozenPlan, run: Run, last: AttemptEnded, *, not_before: datetime) -> StartAttempt:
    step = step_of(plan, run, last.step)
    start = StartAttempt(
        step,
        last.iteration,
        last.attempt + 1,
        base=base_of(plan, run, step),
        not_before=not_before,
        # Work that came out of the sandbox is part of the base.
        resume=_kept_of(run, last),
        repairs=last.repairs,
    )
    if last.paused is None:
        return start
    # The work tree it goes on in is one of the old base.
    return replace(start, base=last.base, resume=_left(start, last), paused=last.paused)


def _kept_of(run: Run, last: AttemptEnded) -> Checkpoint | None:
    """Return work to be put into the next work tree, which is no part of its base."""
    if last.commit is None:
        return last.checkpoint
    return _rescued(last, last.commit) if run.conflict is not None else None


def _left(start: StartAttempt, last: AttemptEnded) -> Checkpoint | None:
    """Return the work of a paused attempt, for when its sandbox is gone."""
    if last.commit is None:
        return start.resume
    return _rescued(last, last.commit)


def _rescued(last: AttemptEnded, commit: str) -> Checkpoint:
    name = f"{last.step}-{last.iteration}.{last.attempt}"
    return Checkpoint(attempt=name, number=0, commit=commit, at=last.ended_at)
