"""Candidates: several do the first part of a run side by side, and a judge chooses one of them.

The steps before the judge are no steps of the run itself: each candidate does them by a plan of its
own, from the same commit, in sandboxes of its own. What became of them is one fact of the run.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Final, NamedTuple

from courier.runs.run.events import AttemptEnded, CandidateEnded
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.run import Run
from courier.runs.usage.usage import Usage

_CENT_OF_A_CENT: Final = Decimal("0.0001")


class Entry(NamedTuple):
    """One attempt of a run, and where it belongs.

    Attributes:
        lane: What sets it apart from attempts of others, e.g. ``c2/``; empty for the run's own.
        candidate: Who made it; None for the run itself.
        step: The step it was at.
        ended: How it ended.
    """

    lane: str
    candidate: str | None
    step: FrozenStep
    ended: AttemptEnded


def candidate_name(number: int) -> str:
    """Return what the judge, the record and branches call a candidate, from 1."""
    return f"candidate-{number}"


def candidate_plans(plan: FrozenPlan, spent: Usage | None = None) -> tuple[FrozenPlan, ...]:
    """Return what each candidate does.

    What the run may still cost is shared out evenly among the candidates and the rest of the run.

    Args:
        plan: The plan of the run.
        spent: What the run has used by now; nothing when None.
    """
    share = _share(plan, spent)
    return tuple(
        plan.model_copy(
            update={
                "candidate": number,
                "candidates": (),
                "retry": None,
                "approvals": (),
                "steps": candidate.steps,
                "budget_usd": share,
            }
        )
        for number, candidate in enumerate(plan.candidates, start=1)
    )


def entries_of(plan: FrozenPlan, run: Run) -> Iterator[Entry]:
    """Yield every attempt there was, those of candidates first, each candidate's together."""
    parts = zip(candidate_plans(plan), run.candidates or (), strict=False)
    for part, ended in parts:
        for tried in ended.attempts:
            step = part.steps[part.place(tried.step)]
            yield Entry(part.lane, ended.name, step, tried)
    for tried in run.attempts:
        yield Entry(plan.lane, None, step_of(plan, run, tried.step), tried)


def step_of(plan: FrozenPlan, run: Run, name: str) -> FrozenStep:
    """Return the step of that name: the run's own, else one of the chosen candidate's."""
    numbers = [number for number, one in enumerate(run.candidates or ()) if one.name == run.chosen]
    chosen = [step for number in numbers for step in plan.candidates[number].steps]
    return next(step for step in (*plan.steps, *chosen) if step.name == name)


def unchosen(run: Run) -> tuple[CandidateEnded, ...]:
    """Return the candidates whose work the run did not go on with."""
    return tuple(
        one
        for one in run.candidates or ()
        if one.commit is not None and one.name != run.chosen and one.commit != run.work
    )


def branch_of(plan: FrozenPlan, candidate: str) -> str:
    """Return the branch that keeps the work of a candidate that was not chosen."""
    return f"{plan.git.aside or plan.git.branch}-{candidate}"


def nobody_left(candidates: Sequence[CandidateEnded]) -> tuple[str, str]:
    """Return reason and message of a run none of whose candidates can be chosen."""
    reasons = {one.reason for one in candidates}
    told = [
        f"{one.name}: {one.reason}" + (f", {one.message}" if one.message else "")
        for one in candidates
    ]
    reason = reasons.pop() if len(reasons) == 1 else "CandidatesFailed"
    return reason, "No candidate can be chosen. " + "; ".join(told)


def _share(plan: FrozenPlan, spent: Usage | None) -> Decimal | None:
    if plan.budget_usd is None:
        return None
    left = max(Decimal(0), plan.budget_usd - (spent.spent if spent else 0))
    parts = len(plan.candidates) + 1
    return (left / parts).quantize(_CENT_OF_A_CENT, rounding=ROUND_DOWN)
