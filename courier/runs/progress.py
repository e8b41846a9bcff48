"""The next step of a run: one pure decision from its frozen plan and its facts."""

from dataclasses import dataclass, replace
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
from courier.runs.budget import REASONS
from courier.runs.candidates import unchosen
from courier.runs.ending import Ending, ending_of, is_spent, unharvested
from courier.runs.events import AttemptEnded, CandidateEnded, Checkpoint
from courier.runs.frozen import FrozenPlan, FrozenStep
from courier.runs.harvest.frozen import Gathered
from courier.runs.loops import entries, following_step
from courier.runs.parking import (
    AwaitSecret,
    Park,
    lacks_secret,
    wait_for_provider,
    wait_for_secret,
)
from courier.runs.paused import Paused
from courier.runs.run import Run
from courier.runs.shortage import AwaitBudget, ran_out, wait_for_money

RETRY_DELAY = timedelta(seconds=5)
"""The pause before the second try of a step; doubled for each further one."""


@dataclass(frozen=True, slots=True)
class StartAttempt:
    """Try a step.

    Attributes:
        base: The commit its work tree is of.
        not_before: When it may begin.
        resume: What an interrupted attempt had done, to be put into the work tree.
        paused: Where the attempt before waits to go on; then ``resume`` is for when that is gone.
    """

    step: FrozenStep
    iteration: int
    attempt: int
    base: str
    not_before: datetime | None = None
    resume: Checkpoint | None = None
    paused: Paused | None = None

    @property
    def lodging(self) -> str:
        """Return the attempt whose sandbox it has: its own, or that of one that was paused."""
        return self.paused.attempt if self.paused else self.name

    @property
    def name(self) -> str:
        """Return the attempt's name, unique in its run, e.g. ``check-1.1``."""
        return f"{self.step.name}-{self.iteration}.{self.attempt}"


@dataclass(frozen=True, slots=True)
class Harvest:
    """Make files of what the last step answered."""

    answer: Gathered


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


@dataclass(frozen=True, slots=True)
class RunCandidates:
    """Have all candidates do their part, and wait until every one has ended."""


@dataclass(frozen=True, slots=True)
class KeepCandidates:
    """Push the work of these candidates, which the run does not go on with."""

    candidates: tuple[CandidateEnded, ...]


Act = (
    StartAttempt
    | RunCandidates
    | KeepCandidates
    | Park
    | AwaitBudget
    | AwaitSecret
    | AskApproval
    | AwaitApproval
    | Harvest
    | Conclude
    | Deliver
)
"""Something to be done before a run is over."""

Decision = Act | Finish
"""What a runner must do next."""


def next_step(plan: FrozenPlan, run: Run) -> Decision:
    """Return what a run that has not ended must do next."""
    decision = _decide(plan, run)
    if isinstance(decision, Deliver | Finish) and run.kept is None and (left := unchosen(run)):
        return KeepCandidates(left)
    return decision


def _decide(plan: FrozenPlan, run: Run) -> Decision:
    last = run.last
    if run.delivered is not None:
        return Finish(ending_of(plan, run))
    if run.cancelled is not None:
        return _close(plan, run, ending_of(plan, run))
    if run.declined is not None:
        return _close(plan, run, ending_of(plan, run))
    if run.short is not None:
        return _unpaid(plan, run, ending_of(plan, run))
    if plan.candidates and run.candidates is None:
        return RunCandidates()
    if last is None:
        return _begin(plan, run)
    decision = _following(plan, run, last)
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
    for approval, words in places(plan, run, before=before):
        held = hold(run, approval, commit=_work(plan, run), words=words)
        if held is not None:
            return held
    return None


def _begin(plan: FrozenPlan, run: Run) -> Decision:
    after_candidates = run.candidates is not None
    if after_candidates and (not run.standing or is_spent(plan, run)):
        return _unpaid(plan, run, ending_of(plan, run))
    first = StartAttempt(plan.steps[0], 1, 1, base=plan.git.base_commit)
    return _held(plan, run, first) or first


def _following(plan: FrozenPlan, run: Run, last: AttemptEnded) -> Decision:
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
    return _onward(plan, run, last)


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
    return StartAttempt(step, entries(run, step) + 1, 1, base=_base(plan, run, step))


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
    step = plan.steps[plan.place(last.step)]
    start = StartAttempt(
        step,
        last.iteration,
        last.attempt + 1,
        base=_base(plan, run, step),
        not_before=not_before,
        # Work that came out of the sandbox is part of the base.
        resume=last.checkpoint if last.commit is None else None,
    )
    if last.paused is None:
        return start
    # The work tree it goes on in is one of the old base.
    return replace(start, base=last.base, resume=_left(start, last), paused=last.paused)


def _left(start: StartAttempt, last: AttemptEnded) -> Checkpoint | None:
    """Return the work of a paused attempt, for when its sandbox is gone."""
    if last.commit is None:
        return start.resume
    name = f"{last.step}-{last.iteration}.{last.attempt}"
    return Checkpoint(attempt=name, number=0, commit=last.commit, at=last.ended_at)


def _base(plan: FrozenPlan, run: Run, step: FrozenStep) -> str:
    """Return where a step starts; who chooses among candidates starts where they did."""
    return plan.git.base_commit if step.chooses else _work(plan, run)


def _work(plan: FrozenPlan, run: Run) -> str:
    return run.work or plan.git.base_commit
