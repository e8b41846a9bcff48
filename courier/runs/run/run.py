"""One run, folded from its facts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, assert_never

from courier.runs.run.events import (
    ApprovalAnswered,
    ApprovalAsked,
    AttemptEnded,
    BranchesMerged,
    BudgetFreed,
    BudgetShort,
    CancelAsked,
    CandidateEnded,
    CandidatesEnded,
    CandidatesKept,
    ChecksAwaited,
    ChecksRed,
    ChecksSeen,
    HelpAsked,
    Phase,
    RunEnded,
    RunEvent,
    RunParked,
    RunStarted,
    SecretFound,
    WorkConcluded,
    WorkDelivered,
    WorkHarvested,
)
from courier.runs.run.following import UNFOLLOWED, Checked, Following, checked, delivered
from courier.runs.run.merging import MergeConflict
from courier.runs.usage.budget import REASONS, Caps
from courier.runs.usage.usage import Usage

AWAITING: Final = "AwaitingChecks"
"""The reason of a run that waits for the checks of what it delivered."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is true of a run after the facts so far.

    Attributes:
        work: The newest commit that passed the gate; None before there is any.
        candidates: What became of the candidates; None before all have ended.
        chosen: The candidate whose work the run goes on with.
        kept: Candidate to the branch its work was pushed to; None before that was done.
        parked: Why it waits, while it waits; cleared by the next attempt.
        times_parked: How often it waited for a provider's limit to end.
        short: What its project had nothing left of when the next attempt was due.
        freed: That it need not wait for a budget any more; cleared by the next attempt.
        raised_to: What it may cost, where that was raised while it waited.
        caps: What its project may spend, where it was told so while it waited.
        asked: What people were asked, oldest first.
        answered: What was answered, oldest first.
        merges: What the host brought together, in its order.
        harvested: What became of its answer; None before files were made of it.
        pushed: The commit its branch was last pushed at; None before it was.
        ci: What is known of the checks of what was delivered.
    """

    phase: Phase = "pending"
    reason: str = "Pending"
    message: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    transcript: str | None = None
    journal: str | None = None
    attempts: tuple[AttemptEnded, ...] = ()
    work: str | None = None
    candidates: tuple[CandidateEnded, ...] | None = None
    chosen: str | None = None
    kept: Mapping[str, str] | None = None
    parked: RunParked | None = None
    times_parked: int = 0
    short: BudgetShort | None = None
    freed: BudgetFreed | None = None
    found: SecretFound | None = None
    raised_to: Decimal | None = None
    caps: Caps | None = None
    asked: tuple[ApprovalAsked, ...] = ()
    answered: tuple[ApprovalAnswered, ...] = ()
    cancelled: CancelAsked | None = None
    harvested: WorkHarvested | None = None
    merges: tuple[BranchesMerged, ...] = ()
    concluded: WorkConcluded | None = None
    delivered: WorkDelivered | None = None
    pushed: str | None = None
    ci: Following = UNFOLLOWED

    @property
    def last(self) -> AttemptEnded | None:
        """Return the newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def conflict(self) -> MergeConflict | None:
        """Return the conflict of branches that is still to be resolved."""
        return self.merges[-1].conflict if self.merges else None

    @property
    def declined(self) -> ApprovalAnswered | None:
        """Return the answer that ends the run; None while every answer was yes."""
        newest = self.answered[-1] if self.answered else None
        return None if newest is None or newest.answer == "approved" else newest

    def has_approved(self, asked: ApprovalAsked) -> bool:
        """Return whether exactly what is asked about was approved; refused work always is new."""
        about = (asked.approval, asked.tree, asked.words)
        known = (
            (given.approval, given.tree, given.words)
            for given in self.answered
            if given.answer == "approved"
        )
        return asked.attempt is None and about in known

    @property
    def usage(self) -> Usage:
        """Return what all attempts used, those of candidates included."""
        spent = self.concluded.used if self.concluded else Usage()
        own = sum((tried.usage + tried.scoring for tried in self.attempts), spent)
        return sum((one.usage for one in self.candidates or ()), own)

    @property
    def standing(self) -> tuple[CandidateEnded, ...]:
        """Return the candidates there are to choose from."""
        return tuple(one for one in self.candidates or () if one.stands)

    @property
    def winner(self) -> CandidateEnded | None:
        """Return the chosen candidate."""
        return next((one for one in self.standing if one.name == self.chosen), None)


def fold(events: Iterable[RunEvent]) -> Run:
    """Return the run after these facts, which must be in the order they happened."""
    run = Run()
    for event in events:
        run = after(run, event)
    return run


def after(run: Run, event: RunEvent) -> Run:
    """Return the run after one more fact."""
    match event:
        case RunStarted(at=at):
            return replace(run, phase="running", reason="Running", started_at=at)
        case AttemptEnded() | CandidatesEnded() | CandidatesKept() | BranchesMerged():
            return _worked(run, event)
        case RunParked() | BudgetShort() | BudgetFreed() | SecretFound():
            return _held_up(run, event)
        case ApprovalAsked() | ApprovalAnswered():
            return _after_talk(run, event)
        case CancelAsked():
            return replace(run, cancelled=event, parked=None, short=None)
        case WorkHarvested() | WorkConcluded() | WorkDelivered():
            return _after_work(run, event)
        case RunEnded():
            return _ended(run, event)
        case _:
            return _after_checks(run, event)


def _ended(run: Run, event: RunEnded) -> Run:
    return replace(
        run,
        phase=event.phase,
        reason=event.reason,
        message=event.message,
        parked=None,
        ended_at=event.at,
        transcript=event.transcript,
        journal=event.journal,
    )


def _held_up(run: Run, event: RunParked | BudgetShort | BudgetFreed | SecretFound) -> Run:
    match event:
        case RunParked(reason=reason, message=message):
            counted = 0 if reason in REASONS or event.until is None else 1
            return replace(
                run,
                phase="parked",
                reason=reason,
                message=message,
                parked=event,
                times_parked=run.times_parked + counted,
            )
        case BudgetShort():
            return replace(run, short=event, freed=None)
        case SecretFound():
            going = replace(run, phase="running", reason="Running", message="")
            return replace(going, parked=None, found=event)
        case BudgetFreed(per_run=per_run, caps=caps):
            going = replace(run, phase="running", reason="Running", message="")
            raised = per_run if per_run is not None else run.raised_to
            told = replace(going, raised_to=raised, caps=caps or run.caps)
            return replace(told, parked=None, short=None, freed=event)
        case _:
            assert_never(event)


def _worked(
    run: Run, event: AttemptEnded | CandidatesEnded | CandidatesKept | BranchesMerged
) -> Run:
    match event:
        case AttemptEnded():
            return _tried(run, event)
        case CandidatesEnded():
            return replace(run, candidates=event.candidates)
        case CandidatesKept():
            return replace(run, kept=event.branches)
        case BranchesMerged():
            return replace(run, merges=(*run.merges, event), work=event.work)
        case _:
            assert_never(event)


def _tried(run: Run, event: AttemptEnded) -> Run:
    tried = replace(
        run,
        phase="running",
        reason="Running",
        parked=None,
        short=None,
        freed=None,
        attempts=(*run.attempts, event),
        # What an agent makes of a conflict is no work before the host has joined it.
        work=(None if run.conflict else event.commit) or run.work,
    )
    if event.choice is None:
        return tried
    chosen = replace(tried, chosen=event.choice.chosen)
    return replace(chosen, work=chosen.winner.commit) if chosen.winner else chosen


def _after_work(run: Run, event: WorkHarvested | WorkConcluded | WorkDelivered) -> Run:
    if isinstance(event, WorkHarvested):
        return replace(run, harvested=event, work=event.commit)
    if isinstance(event, WorkConcluded):
        return replace(run, concluded=event)
    at = event.commit if event.refusal is None else None
    known = delivered(run.ci, event)
    work = event.commit or run.work
    return replace(run, delivered=event, pushed=at or run.pushed, work=work, ci=known)


def _after_checks(run: Run, event: Checked) -> Run:
    known = replace(run, ci=checked(run.ci, event))
    match event:
        case ChecksAwaited() | ChecksSeen():
            return replace(known, phase="parked", reason=AWAITING, message=event.message)
        case ChecksRed():
            names = ", ".join(one.name for one in event.red)
            return replace(known, phase="running", reason="Running", message=f"Red: {names}.")
        case HelpAsked():
            return known
        case _:
            assert_never(event)


def _after_talk(run: Run, event: ApprovalAsked | ApprovalAnswered) -> Run:
    """Return the run as it waits, unless the same was approved before, or as it goes on."""
    if isinstance(event, ApprovalAnswered):
        return _after_answer(run, event)
    asked = event
    at = asked.commit if asked.branch is not None else run.pushed
    after_it = replace(run, asked=(*run.asked, asked), pushed=at)
    if run.has_approved(asked):
        return after_it
    return replace(after_it, phase="parked", reason="AwaitingApproval", message=asked.message)


def _after_answer(run: Run, given: ApprovalAnswered) -> Run:
    """Return the run as it goes on; work let through counts as the attempt's own."""
    after_it = replace(
        run, phase="running", reason="Running", message="", answered=(*run.answered, given)
    )
    asked = run.asked[-1] if run.asked else None
    if given.answer != "approved" or asked is None or asked.attempt is None:
        return after_it
    let_through = run.attempts[-1].model_copy(update={"commit": given.commit})
    work = run.work if run.conflict else given.commit
    return replace(after_it, attempts=(*run.attempts[:-1], let_through), work=work)
