"""What a reviewer need not check any more, and what is left to be looked at, from facts alone."""

from collections.abc import Iterator, Sequence
from typing import Final

from courier.runs.run.events import ApprovalAnswered, AttemptEnded
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.rating import is_short, run_score
from courier.runs.run.run import Run
from courier.runs.steps.approvals import PROTECTED
from courier.runs.steps.ending import ending_of
from courier.runs.texts.filechange import FileChange
from courier.runs.texts.markdown import code, line

LARGE_FILES: Final = 30
"""A change of more files than this is told to be large."""
LARGE_LINES: Final = 1_000
"""A change of more lines than this is told to be large."""

_SHOWN: Final = 10


def checklist(plan: FrozenPlan, run: Run, changes: Sequence[FileChange] = ()) -> str:
    """Return the list, with what is done ticked; what is not done stands first."""
    points = [
        *_unfinished(plan, run),
        *_judged(plan, run),
        *_approved(run),
        *_scored(plan, run),
        *_sized(changes),
        *((False, line(each, most=300)) for each in (*plan.left_out, *_warned(run))),
        *_unpriced(run),
    ]
    ordered = sorted(points, key=lambda point: point[0])
    return "\n".join(f"- [{'x' if done else ' '}] {told}" for done, told in ordered)


Point = tuple[bool, str]
"""Whether there is nothing left to do about it, and what it is."""


def _unfinished(plan: FrozenPlan, run: Run) -> Iterator[Point]:
    ending = ending_of(plan, run)
    if ending.phase == "failed" and ending.reason != "BelowThreshold":
        why = f": {line(ending.message, most=400)}" if ending.message else "."
        yield False, f"It is not finished ({code(ending.reason)}){why}"


def _judged(plan: FrozenPlan, run: Run) -> Iterator[Point]:
    judges = [step for step in plan.steps if step.gives_verdict]
    newest = {tried.step: tried for tried in run.attempts if tried.verdict is not None}
    if plan.harvest is not None:
        yield False, "An agent wrote these words: merging takes them over as they stand here."
    elif not judges:
        yield False, "No step checked this work: run its tests, and read all of it."
    for step in judges:
        tried = newest.get(step.name)
        if tried is None or tried.verdict is None:
            yield False, f"{code(step.name)} has not looked at it."
        elif not tried.verdict.passed:
            yield False, f"{code(step.name)} rejects it; see its feedback."
        elif _is_outdated(run, tried):
            yield False, f"{code(step.name)} passed an earlier state of it, not this one."
        else:
            by = "a command" if step.agent == "shell" else line(step.model or step.agent, most=60)
            yield True, f"{code(step.name)} passed it ({by}, iteration {tried.iteration})."


def _is_outdated(run: Run, judged: AttemptEnded) -> bool:
    """Return whether work came after a verdict."""
    at = max(at for at, tried in enumerate(run.attempts) if tried is judged)
    return any(tried.commit is not None for tried in run.attempts[at + 1 :])


def _approved(run: Run) -> Iterator[Point]:
    for given in run.answered:
        if given.answer != "approved":
            continue
        if given.approval != PROTECTED.name:
            yield True, f"Approval {code(given.approval)}: yes, by {_who(given)}"
            continue
        files = [path for tried in run.attempts if _is_let_through(tried) for path in tried.files]
        names = ", ".join(code(path, most=100) for path in dict.fromkeys(files[:_SHOWN]))
        where = f" (in a change of {names})" if names else ""
        yield True, f"Protected paths{where}: let through by {_who(given)}"


def _is_let_through(tried: AttemptEnded) -> bool:
    return tried.refusal is not None and tried.refusal.needs_approval and tried.commit is not None


def _who(given: ApprovalAnswered) -> str:
    name = (given.by or "somebody").partition("<")[0].strip()
    why = f": {line(given.comment, most=200)}" if given.comment else "."
    return f"{line(name, most=80)} on {given.at:%Y-%m-%d}{why}"


def _scored(plan: FrozenPlan, run: Run) -> Iterator[Point]:
    score, threshold = run_score(plan, run), plan.quality.threshold
    if score is None:
        return
    if threshold is not None:
        needed = f"; {threshold:g} are needed"
        yield not is_short(plan, score), f"It scores {score.composite:g} of 100{needed}."


def _sized(changes: Sequence[FileChange]) -> Iterator[Point]:
    lines = sum((one.added or 0) + (one.removed or 0) for one in changes)
    if len(changes) > LARGE_FILES or lines > LARGE_LINES:
        yield False, f"It is large: {len(changes):,} files, {lines:,} lines."
    bare = [one.path for one in changes if one.added is None]
    if bare:
        names = ", ".join(code(path, most=100) for path in bare[:_SHOWN])
        yield False, f"Files that cannot be read as text: {names}."


def _warned(run: Run) -> Iterator[str]:
    """Yield a sentence for every script whose failure did not stop the run."""
    after = run.concluded.scripts if run.concluded else ()
    won = run.winner.attempts if run.winner else ()
    tries = (*won, *run.attempts)
    for each in (*(each for tried in tries for each in tried.scripts), *after):
        if each.failed and not each.is_fatal:
            yield each.summary


def _unpriced(run: Run) -> Iterator[Point]:
    unknown = run.usage.unpriced
    if unknown:
        told = dict.fromkeys(" ".join((each.service, each.model or "")).strip() for each in unknown)
        names = ", ".join(code(name, most=80) for name in list(told)[:_SHOWN])
        yield False, f"What it cost is not known in full: there is no rate for {names}."
