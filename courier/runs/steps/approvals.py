"""Approvals: where a run waits for a person, and what an answer is about.

An answer is about one place and one tree; where the step before it works by words alone, about
those words too. The same tree and words are asked about once; anything else is asked about anew.
Work that the gate refused and a person may let through is asked about commit by commit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from courier.runs.replies.roles import keeps_changes
from courier.runs.run.candidates import step_of
from courier.runs.run.events import ApprovalAsked, AttemptEnded
from courier.runs.run.frozen import FrozenApproval, FrozenPlan
from courier.runs.run.loops import has_rejected
from courier.runs.run.run import Run
from courier.runs.steps.prompts import digest_of

DELIVERY: Final = "delivery"
"""What `before` says for the place before the work is proposed."""

AWAITING: Final = "AwaitingApproval"
"""The reason of a run that waits for a person."""

PROTECTED: Final = FrozenApproval(
    name="protected-paths",
    reason="It changes paths that agents may change only with a person's approval.",
)
"""The place every run has: where the gate refused nothing but protected paths."""


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Ask a person about the work there is.

    Attributes:
        approval: The place.
        commit: The work.
        words: Digest of the words that are the work.
        attempt: The attempt whose refused work it is; None for work that passed the gate.
    """

    approval: FrozenApproval
    commit: str
    words: str | None = None
    attempt: str | None = None


@dataclass(frozen=True, slots=True)
class AwaitApproval:
    """Wait for the answer to a question."""

    asked: ApprovalAsked


def waiting(run: Run) -> ApprovalAsked | None:
    """Return the question the run waits to have answered; None where it waits for none."""
    asked = run.asked[-1] if run.asked else None
    return None if asked is None or run.phase != "parked" or run.reason != AWAITING else asked


def hold(
    run: Run, approval: FrozenApproval, *, commit: str, words: str | None
) -> AskApproval | AwaitApproval | None:
    """Return what a place asks of the run; None where it lets it pass."""
    asked = _question(run, AskApproval(approval, commit, words))
    if asked is None:
        return AskApproval(approval, commit, words)
    return None if run.has_approved(asked) else AwaitApproval(asked)


def held_at(
    plan: FrozenPlan, run: Run, *, before: str | None
) -> AskApproval | AwaitApproval | None:
    """Return what people must be asked before something; None where nothing holds the run."""
    for approval, words in places(plan, run, before=before):
        held = hold(run, approval, commit=run.work or plan.git.base_commit, words=words)
        if held is not None:
            return held
    return None


def overrule(run: Run, last: AttemptEnded) -> AskApproval | AwaitApproval | None:
    """Return what the refusal of an attempt's work asks of the run; None where it is final."""
    refusal = last.refusal
    if refusal is None or last.commit is not None or last.outcome.status != "completed":
        return None
    if not refusal.needs_approval or refusal.commit is None:
        return None
    attempt = f"{last.step}-{last.iteration}.{last.attempt}"
    question = AskApproval(PROTECTED, refusal.commit, attempt=attempt)
    asked = _question(run, question)
    return question if asked is None else AwaitApproval(asked)


def places(
    plan: FrozenPlan, run: Run, *, before: str | None
) -> Iterator[tuple[FrozenApproval, str | None]]:
    """Yield the places between the newest attempt and what comes next, with the words there.

    Args:
        plan: What the run does.
        run: What is true of it.
        before: The step about to be begun, `DELIVERY`, or None for an end without either.
    """
    last = run.last
    left = last.step if last is not None and not has_rejected(last) else None
    words = _words(plan, run, last)
    for approval in plan.approvals:
        if approval.after is not None and approval.after == left:
            yield approval, words
    for approval in plan.approvals:
        if approval.before is not None and approval.before == before:
            yield approval, words


def _question(run: Run, wanted: AskApproval) -> ApprovalAsked | None:
    about = (wanted.approval.name, wanted.commit, wanted.words, wanted.attempt)
    for asked in reversed(run.asked):
        if (asked.approval, asked.commit, asked.words, asked.attempt) == about:
            return asked
    return None


def _words(plan: FrozenPlan, run: Run, last: AttemptEnded | None) -> str | None:
    """Return the digest of what a step said whose words are its work."""
    if last is None:
        return None
    step = step_of(plan, run, last.step)
    return None if keeps_changes(step) or step.gives_verdict else digest_of(last.outcome.text)
