"""Doing an ended run again from one of its steps: what still counts, and what is done anew.

A run is done once per name, so its retry is a run of its own, with a name, branch, record and
pull request of its own. It does what the frozen plan of the other says, and begins with the facts
that still count; these are told on its record with the run that made them, and cost it nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeGuard

from courier.errors import Misused
from courier.runs.run.events import (
    ApprovalAnswered,
    ApprovalAsked,
    AttemptEnded,
    BranchesMerged,
    CandidateEnded,
    CandidatesEnded,
    RunEvent,
    WorkDelivered,
)
from courier.runs.run.frozen import FrozenGit, FrozenPlan, FrozenRetry
from courier.runs.usage.usage import Usage

START: Final = "start"
"""What `step` says for the very start, candidates included."""

_RETRY: Final = re.compile(r"\.r(\d+)$")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants done again.

    Attributes:
        name: What the new run is called, from `retry_name`.
        by: Who, as git writes people.
        step: The step to begin with, or `START`; None for the one the run ended at.
        reason: Why, for the record.
    """

    name: str
    by: str
    step: str | None = None
    reason: str = ""


def retry_name(run: str, taken: Sequence[str]) -> str:
    """Return what the next retry of a run is called, e.g. ``fix-auth.r2`` for the first.

    Args:
        run: The run, or one of its retries.
        taken: Every name in use, others included.
    """
    first = original(run)
    numbers = (_RETRY.search(name) for name in taken if original(name) == first)
    return f"{first}.r{max((int(found[1]) for found in numbers if found), default=1) + 1}"


def original(run: str) -> str:
    """Return the run that a retry goes back to in the end; any other run is its own."""
    return _RETRY.sub("", run)


def is_retry(run: str) -> bool:
    """Return whether a name is a retry's; no document can have such a name."""
    return _RETRY.search(run) is not None


def retried(plan: FrozenPlan, facts: Sequence[RunEvent], asked: Asked) -> FrozenPlan:
    """Return what a retry does.

    Args:
        plan: What the ended run did.
        facts: All that is known of it, in order.
        asked: What is wanted.

    Raises:
        Misused: If the run has no such step, or never came to it.
    """
    step = asked.step or _ended_at(facts)
    begin = _beginning(plan, facts, step)
    kept = tuple(_counting(facts[:begin], plan.run))
    retry = FrozenRetry(
        run=plan.run,
        step=None if step in (None, START) else step,
        by=asked.by,
        reason=asked.reason,
        facts=kept,
    )
    git = _git(plan, facts, asked)
    return plan.model_copy(update={"run": asked.name, "git": git, "retry": retry})


def _git(plan: FrozenPlan, facts: Sequence[RunEvent], asked: Asked) -> FrozenGit:
    """Return where its work goes: to a branch of its own, or to the one it shares with others.

    Work that was brought to the shared one, and not proposed there, gives way.
    """
    git, ending = plan.git, asked.name.removeprefix(original(plan.run))
    if git.aside is not None:
        there = [one.commit for one in facts if _was_pushed(one, git.branch)]
        expected = there[-1] if there else git.expected
        aside = f"{original(git.aside)}{ending}"
        return git.model_copy(update={"aside": aside, "expected": expected})
    return git.model_copy(update={"branch": f"{original(git.branch)}{ending}"})


def _was_pushed(fact: RunEvent, branch: str) -> TypeGuard[WorkDelivered]:
    return isinstance(fact, WorkDelivered) and fact.branch == branch


def _ended_at(facts: Sequence[RunEvent]) -> str | None:
    tried = [fact.step for fact in facts if isinstance(fact, AttemptEnded) and _is_own(fact)]
    return tried[-1] if tried else None


def _is_own(attempt: AttemptEnded) -> bool:
    """Return whether an attempt was the step's own work, and not to mend red checks."""
    return attempt.repairs is None


def _beginning(plan: FrozenPlan, facts: Sequence[RunEvent], step: str | None) -> int:
    """Return how many facts are before the last time the step was begun."""
    if step in (None, START):
        return 0
    tried = [
        (at, fact.iteration)
        for at, fact in enumerate(facts)
        if isinstance(fact, AttemptEnded) and fact.step == step and _is_own(fact)
    ]
    if tried:
        return next(at for at, iteration in tried if iteration == tried[-1][1])
    steps = ", ".join([START, *(each.name for each in plan.steps)])
    known = any(each.name == step for each in plan.steps)
    raise Misused(
        f"Run {plan.run} never came to step {step}." if known else "The run has no such step.",
        detail=f"{step}; its steps: {steps}",
        next_step="Name a step it came to with `--from`, or leave that out.",
    )


def _counting(facts: Sequence[RunEvent], run: str) -> Iterator[RunEvent]:
    """Yield the facts that still count; what they cost was paid by the run that made them."""
    for at, fact in enumerate(facts):
        match fact:
            case AttemptEnded():
                yield _carried(fact, run)
            case CandidatesEnded():
                ended = tuple(_carried_candidate(one, run) for one in fact.candidates)
                yield fact.model_copy(update={"candidates": ended})
            case BranchesMerged():
                yield fact
            case ApprovalAsked() if _was_approved(facts[at:]):
                yield fact
            case ApprovalAnswered(answer="approved"):
                yield fact


def _was_approved(facts: Sequence[RunEvent]) -> bool:
    answers = (fact.answer for fact in facts if isinstance(fact, ApprovalAnswered))
    return next(answers, None) == "approved"


def _carried(attempt: AttemptEnded, run: str) -> AttemptEnded:
    free = {"usage": Usage(), "scoring": Usage(), "run": attempt.run or run}
    return attempt.model_copy(update=free)


def _carried_candidate(one: CandidateEnded, run: str) -> CandidateEnded:
    attempts = tuple(_carried(tried, run) for tried in one.attempts)
    return one.model_copy(update={"attempts": attempts})
