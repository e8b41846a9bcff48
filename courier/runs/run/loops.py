"""Ways back: where a rejection sends the work, and how often it may.

One rule for every pipeline. A step that gives a verdict judges the steps before it. When it
rejects, the run goes back to the step its loop names or, without a loop, to the nearest earlier
step that does the work, and comes forward from there again. A loop counts its own rejections;
a later step that goes back over it starts its count again, as an outer loop does with an inner
one. A count is therefore only ever taken back by a step further right, whose own count grew, and
the counts of the last step are never taken back: every run ends.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from courier.runs.replies.roles import keeps_changes
from courier.runs.run.events import AttemptEnded
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.run import Run

MAX_ENTRIES = 1_000
"""Loops in loops multiply; a run whose steps were begun this many times goes back no more."""


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where a rejection sends the work.

    Attributes:
        to: The step that works again.
        at_most: How often the way from there to the verdict is gone, the first time included.
    """

    to: FrozenStep
    at_most: int


def way_back(plan: FrozenPlan, judge: FrozenStep) -> WayBack | None:
    """Return where a rejection by a step sends the work; None where nothing could be redone."""
    earlier = plan.steps[: plan.place(judge.name)]
    loop = judge.loop
    if loop is not None and loop.back_to is not None:
        wanted = [step for step in earlier if step.name == loop.back_to]
    else:
        silent = [step for step in earlier if not step.gives_verdict]
        wanted = [step for step in silent if keeps_changes(step)] or silent
    if not wanted:
        return None
    own = loop.max_iterations if loop is not None else None
    return WayBack(wanted[-1], own or plan.loop.max_iterations)


def following_step(plan: FrozenPlan, last: AttemptEnded) -> FrozenStep | None:
    """Return the step after one that is settled; None at the end of the pipeline."""
    at = plan.place(last.step)
    if has_rejected(last):
        back = way_back(plan, plan.steps[at])
        return back.to if back else None
    return plan.steps[at + 1] if at + 1 < len(plan.steps) else None


def entries(run: Run, step: FrozenStep) -> int:
    """Return how often a step was begun, tries of one time counted once."""
    return len({tried.iteration for tried in run.attempts if tried.step == step.name})


def rejections(plan: FrozenPlan, run: Run) -> Mapping[str, int]:
    """Return how often each step rejected the work since a later one last went back over it."""
    counts: Counter[str] = Counter()
    for tried in run.attempts:
        if not has_rejected(tried):
            continue
        counts[tried.step] += 1
        at = plan.place(tried.step)
        back = way_back(plan, plan.steps[at])
        if back is not None:
            for inner in plan.steps[plan.place(back.to.name) : at]:
                counts[inner.name] = 0
    return counts


def exhaustion(plan: FrozenPlan, run: Run) -> str | None:
    """Return why the newest rejection was the last there may be; None while the run may go on."""
    rejected = run.last
    if rejected is None or not has_rejected(rejected):
        return None
    back = way_back(plan, plan.steps[plan.place(rejected.step)])
    times = rejections(plan, run)[rejected.step]
    if back is None or times >= back.at_most:
        often = "once" if times == 1 else f"{times} times"
        return f'Step "{rejected.step}" rejected the work {often}.'
    begun = len({(tried.step, tried.iteration) for tried in run.attempts})
    return None if begun < MAX_ENTRIES else f"Steps were begun {begun} times, the most allowed."


def has_rejected(attempt: AttemptEnded) -> bool:
    """Return whether an attempt ended in a verdict that rejects the work."""
    return attempt.verdict is not None and not attempt.verdict.passed
