"""How a run would end if nothing more were tried: its phase, its reason, and the words for it."""

from dataclasses import dataclass, replace
from decimal import Decimal

from courier.runs.harvest.frozen import Gathered
from courier.runs.run.candidates import nobody_left
from courier.runs.run.events import ApprovalAnswered, AttemptEnded, Phase
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.loops import exhaustion, following_step, has_rejected
from courier.runs.run.rating import is_short, run_score
from courier.runs.run.run import Run
from courier.runs.usage.budget import RUN, dollars


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run will end once its work is delivered."""

    phase: Phase
    reason: str
    message: str = ""


def ending_of(plan: FrozenPlan, run: Run) -> Ending:
    """Return how the run would end if nothing more were tried."""
    ending = _worked(plan, _unmended(run))
    refusal = run.delivered.refusal if run.delivered is not None else None
    if refusal is None:
        return ending
    if ending.phase == "completed":
        return Ending("failed", refusal.code, refusal.message)
    told = f"{ending.message} Its work was not delivered either: {refusal.message}"
    return Ending(ending.phase, ending.reason, told.strip())


def _unmended(run: Run) -> Run:
    """Return the run without its attempts to mend red checks: its work was done before them."""
    own = tuple(tried for tried in run.attempts if tried.repairs is None)
    return run if len(own) == len(run.attempts) else replace(run, attempts=own)


def _worked(plan: FrozenPlan, run: Run) -> Ending:
    """Return how the run would end if its work were delivered without a hitch."""
    last = run.last
    if run.cancelled is not None:
        by = f"Cancelled by {run.cancelled.by}: {run.cancelled.reason}"
        return Ending("cancelled", "Cancelled", by)
    if run.declined is not None:
        return _declined(run.declined)
    if run.short is not None:
        return Ending("failed", run.short.reason, run.short.message)
    if last is None:
        return _untried(plan, run)
    if last.refusal is not None and last.commit is None:
        return Ending("failed", last.refusal.code, last.refusal.message)
    if last.verdict is None and last.outcome.status != "completed":
        return Ending("failed", last.outcome.reason, last.outcome.message)
    if last.choice is not None and last.choice.chosen is None:
        return Ending("failed", last.choice.reason, last.choice.feedback)
    ending = _judged(plan, run, last)
    return (_concluded(run) if ending.phase == "completed" else None) or ending


def _untried(plan: FrozenPlan, run: Run) -> Ending:
    """Return how a run ends that made no attempt of its own."""
    if run.merges and run.conflict is None:
        if run.work == plan.git.base_commit:
            return Ending("completed", "NoChanges", "Everything was merged already.")
        return Ending("completed", "Completed")
    if run.candidates is None:
        return Ending("failed", "NothingTried")
    if run.standing:
        return Ending("failed", RUN, _spent(plan, run))
    idle = all(one.phase == "completed" for one in run.candidates)
    return Ending("completed" if idle else "failed", *nobody_left(run.candidates))


def _declined(given: ApprovalAnswered) -> Ending:
    place = f'At approval "{given.approval}"'
    if given.answer == "timedOut":
        return Ending("failed", "ApprovalTimedOut", f"{place} nobody answered in time.")
    why = f": {given.comment}" if given.comment else "."
    return Ending("failed", "ApprovalRejected", f"{place} {given.by or 'somebody'} said no{why}")


def _judged(plan: FrozenPlan, run: Run, last: AttemptEnded) -> Ending:
    if plan.harvest is not None:
        return _harvested(run, last)
    if why := exhaustion(plan, run):
        feedback = last.verdict.feedback if last.verdict else ""
        return Ending("failed", "LoopExhausted", f"{why} The last feedback: {feedback[:500]}")
    if is_spent(plan, run) and following_step(plan, last) is not None:
        return Ending("failed", RUN, _spent(plan, run))
    if has_rejected(last):
        return Ending("completed", "Rejected")
    if run.work is None or run.work == plan.git.base_commit:
        return Ending("completed", "NoChanges", "The work changed nothing.")
    score = run_score(plan, run)
    if score is not None and following_step(plan, last) is None and is_short(plan, score):
        told = f"It scores {score.composite:g} of 100; {plan.quality.threshold:g} are needed."
        return Ending("failed", "BelowThreshold", told)
    return Ending("completed", "Completed")


def _harvested(run: Run, last: AttemptEnded) -> Ending:
    """Return how a run ends whose answer becomes files."""
    answer, harvested = last.answer, run.harvested
    if answer is None or not answer.readable:
        why = answer.feedback if answer else "There is none."
        return Ending("failed", "AnswerUnreadable", f"Its answer could not be read: {why}")
    if harvested is None:
        return Ending("completed", "NothingFound")
    if harvested.commit is None:
        phase: Phase = "failed" if harvested.failed else "completed"
        return Ending(phase, harvested.reason, harvested.message)
    return Ending("completed", "Completed")


def unharvested(plan: FrozenPlan, run: Run) -> Gathered | None:
    """Return the answer that files are still to be made of; None where there is none."""
    answered = run.last.answer if run.last is not None else None
    return answered if plan.harvest is not None and run.harvested is None else None


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


def is_spent(plan: FrozenPlan, run: Run) -> bool:
    """Return whether the run has cost what it may cost."""
    budget = budget_of(plan, run)
    return budget is not None and run.usage.spent >= budget


def funded(plan: FrozenPlan, run: Run) -> FrozenPlan:
    """Return the plan with what the run and its project may spend by now."""
    told = {"budget_usd": budget_of(plan, run), "caps": run.caps or plan.caps}
    return plan.model_copy(update=told)


def budget_of(plan: FrozenPlan, run: Run) -> Decimal | None:
    """Return what the run may cost by now; None for no limit."""
    return plan.budget_usd if run.raised_to is None else run.raised_to


def _spent(plan: FrozenPlan, run: Run) -> str:
    budget = budget_of(plan, run) or Decimal(0)
    return f"The run has cost {dollars(run.usage.spent)} of its budget of {dollars(budget)}."


def spent(plan: FrozenPlan, run: Run) -> Ending:
    """Return how a run ends that has cost what it may cost."""
    return Ending("failed", RUN, _spent(plan, run))
