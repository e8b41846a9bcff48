"""The next step of a run: one pure decision from its frozen plan and its facts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from courier.runs.approvals import (
    DELIVERY,
    AskApproval,
    AwaitApproval,
    hold,
    overrule,
    places,
)
from courier.runs.assets import FrozenScript
from courier.runs.events import ApprovalAnswered, AttemptEnded, Phase
from courier.runs.frozen import FrozenPlan, FrozenStep
from courier.runs.loops import entries, exhaustion, has_rejected, way_back
from courier.runs.rating import is_short, run_score
from courier.runs.run import Run

MAX_PARKS = 20
"""A run that met this many provider limits fails instead of parking once more."""

PARK_UNKNOWN = timedelta(minutes=15)
"""How long to park when the provider did not say until when."""

PARK_LEAST = timedelta(seconds=1)
"""The least time to park, doubled each time: clocks differ, and some limits end by the minute."""

RETRY_DELAY = timedelta(seconds=5)
"""The pause before the second try of a step; doubled for each further one."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run will end once its work is delivered."""

    phase: Phase
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class StartAttempt:
    """Try a step."""

    step: FrozenStep
    iteration: int
    attempt: int
    base: str
    not_before: datetime | None = None

    @property
    def name(self) -> str:
        """Return the attempt's name, unique in its run, e.g. ``check-1.1``."""
        return f"{self.step.name}-{self.iteration}.{self.attempt}"


@dataclass(frozen=True, slots=True)
class Park:
    """Wait for a provider limit to end."""

    until: datetime
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Conclude:
    """Run the scripts that see the finished work, before it is delivered."""

    commit: str


@dataclass(frozen=True, slots=True)
class Deliver:
    """Push the work and, unless ``how`` is branch, propose it; then end so."""

    commit: str
    how: Literal["branch", "draft", "pullRequest"]
    ending: Ending


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do."""

    ending: Ending


Decision = StartAttempt | Park | AskApproval | AwaitApproval | Conclude | Deliver | Finish
"""What a runner must do next."""


def next_step(plan: FrozenPlan, run: Run) -> Decision:
    """Return what a run that has not ended must do next."""
    last = run.last
    if run.delivered is not None:
        return Finish(_ending(plan, run))
    if run.cancelled is not None:
        return _close(plan, run, _ending(plan, run))
    if run.declined is not None:
        return _close(plan, run, _ending(plan, run))
    if last is None:
        first = StartAttempt(plan.steps[0], 1, 1, base=plan.git.base_commit)
        return _held(plan, run, first) or first
    decision = _following(plan, run, last)
    if isinstance(decision, StartAttempt) and _is_spent(plan, run):
        return _close(plan, run, _ending(plan, run))
    return _held(plan, run, decision) or decision


def _held(plan: FrozenPlan, run: Run, decision: Decision) -> AskApproval | AwaitApproval | None:
    """Return what people must be asked first; a run that goes wrong asks nobody."""
    match decision:
        case StartAttempt(step=step, attempt=1):
            before: str | None = step.name
        case Deliver(ending=Ending(phase="completed")):
            before = DELIVERY
        case Finish(ending=Ending(phase="completed")):
            before = None
        case _:
            return None
    for approval, words in places(plan, run, before=before):
        held = hold(run, approval, commit=_base(plan, run), words=words)
        if held is not None:
            return held
    return None


def _following(plan: FrozenPlan, run: Run, last: AttemptEnded) -> Decision:
    if run.parked is not None:
        return _again(plan, run, last, not_before=run.parked.until)
    if _is_limited(last) and run.times_parked < MAX_PARKS:
        return _park(run, last)
    failures = _failures(run, last)
    if _may_retry(last) and failures < plan.attempts_per_step:
        delay = RETRY_DELAY * 2 ** (failures - 1)
        return _again(plan, run, last, not_before=last.ended_at + delay)
    return _onward(plan, run, last)


def _onward(plan: FrozenPlan, run: Run, last: AttemptEnded) -> Decision:
    if (overruling := overrule(run, last)) is not None:
        return overruling
    ending = _ending(plan, run)
    if ending.phase == "failed":
        return _close(plan, run, ending)
    step = _following_step(plan, last)
    if step is None:
        return _close(plan, run, ending)
    return StartAttempt(step, entries(run, step) + 1, 1, base=_base(plan, run))


def _following_step(plan: FrozenPlan, last: AttemptEnded) -> FrozenStep | None:
    """Return the step after one that is settled; None at the end of the pipeline."""
    at = plan.place(last.step)
    if has_rejected(last):
        back = way_back(plan, plan.steps[at])
        return back.to if back else None
    return plan.steps[at + 1] if at + 1 < len(plan.steps) else None


def _ending(plan: FrozenPlan, run: Run) -> Ending:
    """Return how the run would end if nothing more were tried."""
    ending = _worked(plan, run)
    refusal = run.delivered.refusal if run.delivered is not None else None
    if refusal is None:
        return ending
    if ending.phase == "completed":
        return Ending("failed", refusal.code, refusal.message)
    told = f"{ending.message} Its work was not delivered either: {refusal.message}"
    return Ending(ending.phase, ending.reason, told.strip())


def _worked(plan: FrozenPlan, run: Run) -> Ending:
    """Return how the run would end if its work were delivered without a hitch."""
    last = run.last
    if run.cancelled is not None:
        by = f"Cancelled by {run.cancelled.by}: {run.cancelled.reason}"
        return Ending("cancelled", "Cancelled", by)
    if run.declined is not None:
        return _declined(run.declined)
    if last is None:
        return Ending("failed", "NothingTried")
    if last.refusal is not None and last.commit is None:
        return Ending("failed", last.refusal.code, last.refusal.message)
    if last.verdict is None and last.outcome.status != "completed":
        return Ending("failed", last.outcome.reason, last.outcome.message)
    ending = _judged(plan, run, last)
    return (_concluded(run) if ending.phase == "completed" else None) or ending


def _declined(given: ApprovalAnswered) -> Ending:
    place = f'At approval "{given.approval}"'
    if given.answer == "timedOut":
        return Ending("failed", "ApprovalTimedOut", f"{place} nobody answered in time.")
    why = f": {given.comment}" if given.comment else "."
    return Ending("failed", "ApprovalRejected", f"{place} {given.by or 'somebody'} said no{why}")


def _judged(plan: FrozenPlan, run: Run, last: AttemptEnded) -> Ending:
    if why := exhaustion(plan, run):
        feedback = last.verdict.feedback if last.verdict else ""
        return Ending("failed", "LoopExhausted", f"{why} The last feedback: {feedback[:500]}")
    if _is_spent(plan, run) and _following_step(plan, last) is not None:
        spent = f"The run has cost ${run.usage.cost_usd} of its budget of ${plan.budget_usd}."
        return Ending("failed", "BudgetExceeded", spent)
    if has_rejected(last):
        return Ending("completed", "Rejected")
    if run.work is None or run.work == plan.git.base_commit:
        return Ending("completed", "NoChanges", "The work changed nothing.")
    score = run_score(plan, run)
    if score is not None and _following_step(plan, last) is None and is_short(plan, score):
        told = f"It scores {score.composite:g} of 100; {plan.quality.threshold:g} are needed."
        return Ending("failed", "BelowThreshold", told)
    return Ending("completed", "Completed")


def _concluded(run: Run) -> Ending | None:
    """Return how the run ends if the scripts that saw the finished work say no."""
    if run.concluded is None:
        return None
    fatal = next((each for each in run.concluded.scripts if each.is_fatal), None)
    if fatal is not None:
        return Ending("failed", "ScriptFailed", fatal.message)
    return (
        Ending("failed", "ScriptsNotRun", run.concluded.failure) if run.concluded.failure else None
    )


def _close(plan: FrozenPlan, run: Run, ending: Ending) -> Decision:
    if run.work is None or run.work == plan.git.base_commit:
        return Finish(ending)
    if ending.phase == "completed" and run.concluded is None and concluding_scripts(plan):
        return Conclude(run.work)
    if ending.phase == "completed":
        how: Literal["branch", "draft", "pullRequest"] = (
            "draft" if plan.delivery.draft else "pullRequest"
        )
        return Deliver(run.work, how, ending)
    drafted = ending.reason == "LoopExhausted" and plan.loop.on_exhausted == "deliverDraft"
    return Deliver(run.work, "draft" if drafted else "branch", ending)


def concluding_scripts(plan: FrozenPlan) -> tuple[tuple[FrozenStep, FrozenScript], ...]:
    """Return every script after the run, each once, with the first step that names it."""
    found: dict[str, tuple[FrozenStep, FrozenScript]] = {}
    for step in plan.steps:
        for script in step.scripts:
            if script.when == "postRun":
                found.setdefault(script.name, (step, script))
    return tuple(found.values())


def _is_spent(plan: FrozenPlan, run: Run) -> bool:
    return plan.budget_usd is not None and (run.usage.cost_usd or 0) >= plan.budget_usd


def _is_limited(last: AttemptEnded) -> bool:
    return last.outcome.status == "limited" and last.refusal is None


def _park(run: Run, last: AttemptEnded) -> Park:
    least = last.ended_at + PARK_LEAST * 2 ** min(run.times_parked, 10)
    until = max(last.outcome.retry_at or last.ended_at + PARK_UNKNOWN, least)
    return Park(until, last.outcome.reason, last.outcome.message)


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
    return sum(tried.outcome.status == "failed" for tried in same)


def _again(plan: FrozenPlan, run: Run, last: AttemptEnded, *, not_before: datetime) -> StartAttempt:
    step = plan.steps[plan.place(last.step)]
    return StartAttempt(
        step, last.iteration, last.attempt + 1, base=_base(plan, run), not_before=not_before
    )


def _base(plan: FrozenPlan, run: Run) -> str:
    return run.work or plan.git.base_commit
