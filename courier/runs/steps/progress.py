"""The next step of a run: one pure decision from its frozen plan and its facts."""

from typing import Literal

from courier.runs.briefs.assets import FrozenScript
from courier.runs.run.candidates import unchosen
from courier.runs.run.events import AttemptEnded
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.loops import entries, following_step
from courier.runs.run.merging import Resolve, merging
from courier.runs.run.run import Run
from courier.runs.steps.acts import (
    Act,
    AskForHelp,
    AwaitChecks,
    Conclude,
    Decision,
    Deliver,
    Finish,
    GatherRed,
    Harvest,
    KeepCandidates,
    PushRepair,
    RunCandidates,
    StartAttempt,
)
from courier.runs.steps.approvals import DELIVERY, AskApproval, AwaitApproval, held_at, overrule
from courier.runs.steps.checking import follow
from courier.runs.steps.ending import Ending, ending_of, is_spent, unharvested
from courier.runs.steps.shortage import wait_for_money
from courier.runs.steps.trying import RETRY_DELAY, base_of, tried_again

__all__ = [
    "RETRY_DELAY",
    "Act",
    "AskForHelp",
    "AwaitChecks",
    "Conclude",
    "Decision",
    "Deliver",
    "Finish",
    "GatherRed",
    "Harvest",
    "KeepCandidates",
    "PushRepair",
    "RunCandidates",
    "StartAttempt",
    "concluding_scripts",
    "next_step",
]


def next_step(plan: FrozenPlan, run: Run) -> Decision:
    """Return what a run that has not ended must do next."""
    decision = _decide(plan, run)
    if isinstance(decision, Deliver | Finish) and run.kept is None and (left := unchosen(run)):
        return KeepCandidates(left)
    return decision


def _decide(plan: FrozenPlan, run: Run) -> Decision:
    last = run.last
    if run.delivered is not None:
        return follow(plan, run)
    if run.cancelled is not None or run.declined is not None:
        return _close(plan, run, ending_of(plan, run))
    if run.short is not None:
        return _unpaid(plan, run, ending_of(plan, run))
    if plan.candidates and run.candidates is None:
        return RunCandidates()
    if (merge := _of_merge(plan, run)) is not None:
        return merge
    if last is None:
        return _begin(plan, run)
    decision = tried_again(plan, run, last) or _onward(plan, run, last)
    if isinstance(decision, StartAttempt) and is_spent(plan, run):
        return _unpaid(plan, run, ending_of(plan, run))
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
    return held_at(plan, run, before=before)


def _of_merge(plan: FrozenPlan, run: Run) -> Decision | None:
    """Return what is next in bringing branches together; None where that is no matter now."""
    match merging(plan, run):
        case Resolve(conflict):
            if is_spent(plan, run):
                return _unpaid(plan, run, ending_of(plan, run))
            step = plan.steps[0]
            return StartAttempt(step, entries(run, step) + 1, 1, base=conflict.base)
        case wanted:
            return wanted


def _joined(plan: FrozenPlan, run: Run) -> Decision:
    """Return what follows branches that joined by themselves: whoever checks them, if anybody."""
    ending = ending_of(plan, run)
    if len(plan.steps) == 1 or ending.reason == "NoChanges":
        return _close(plan, run, ending)
    return StartAttempt(plan.steps[1], 1, 1, base=base_of(plan, run, plan.steps[1]))


def _begin(plan: FrozenPlan, run: Run) -> Decision:
    if run.merges:
        return _joined(plan, run)
    after_candidates = run.candidates is not None
    if after_candidates and (not run.standing or is_spent(plan, run)):
        return _unpaid(plan, run, ending_of(plan, run))
    first = StartAttempt(plan.steps[0], 1, 1, base=plan.git.base_commit)
    return _held(plan, run, first) or first


def _onward(plan: FrozenPlan, run: Run, last: AttemptEnded) -> Decision:
    # Nobody can be asked about one candidate: its run has others.
    if plan.candidate is None and (overruling := overrule(run, last)) is not None:
        return overruling
    ending = ending_of(plan, run)
    if ending.phase == "failed":
        return _unpaid(plan, run, ending)
    step = following_step(plan, last)
    if step is None:
        return _close(plan, run, ending)
    return StartAttempt(step, entries(run, step) + 1, 1, base=base_of(plan, run, step))


def _unpaid(plan: FrozenPlan, run: Run, ending: Ending) -> Decision:
    return wait_for_money(plan, run, ending) or _close(plan, run, ending)


def _close(plan: FrozenPlan, run: Run, ending: Ending) -> Decision:
    if (answer := unharvested(plan, run)) is not None and ending.phase == "completed":
        return Harvest(answer)
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
    """Return every script after the run, each once, with the first step that names it.

    A candidate has none: they see what the run delivers.
    """
    found: dict[str, tuple[FrozenStep, FrozenScript]] = {}
    if plan.candidate is not None:
        return ()
    for step in plan.every_step.values():
        for script in step.scripts:
            if script.when == "postRun":
                found.setdefault(script.name, (step, script))
    return tuple(found.values())
