"""What one step hands to the next: what earlier steps said, and why the work was rejected."""

from collections.abc import Iterable

from courier.runs.replies.roles import keeps_changes
from courier.runs.run.candidates import candidate_name
from courier.runs.run.events import AttemptEnded, CandidateEnded
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.loops import has_rejected
from courier.runs.run.run import Run
from courier.runs.steps.progress import StartAttempt
from courier.runs.steps.prompts import CandidateWork, Situation, StepOutput
from courier.runs.texts.material import bounded

FEEDBACK_LIMIT = 8_000
"""Most characters of feedback handed to a command in its environment."""


def environment(plan: FrozenPlan, start: StartAttempt, known: Situation) -> dict[str, str]:
    """Return the plain variables an agent process gets: the step's own and what it is part of."""
    rejections = (*known.feedback, *known.red)
    feedback = "\n\n".join(rejection.text for rejection in rejections)
    return {
        "COURIER_RUN": plan.run,
        "COURIER_STEP": start.step.name,
        "COURIER_ITERATION": str(start.iteration),
        "COURIER_ATTEMPT": str(start.attempt),
        "COURIER_TASK": bounded(plan.task, FEEDBACK_LIMIT, whole="in $COURIER_PROMPT_FILE"),
        "COURIER_FEEDBACK": bounded(feedback, FEEDBACK_LIMIT, whole="in $COURIER_EARLIER"),
        "COURIER_BASE": start.base,
        **_of_candidates(plan, known),
        **_of_merge(known),
        **start.step.env,
    }


def papers(known: Situation) -> dict[str, str]:
    """Return file name to text of everything an attempt is told, in full.

    ``plan.md`` is what step plan said last, ``check.feedback.md`` why step check rejected the work,
    ``task.guidance.md`` what a prompter wrote.
    """
    found = {f"{said.step}.md": said.text for said in known.earlier}
    found |= {f"{said.step}.feedback.md": said.text for said in known.feedback}
    return found | ({"task.guidance.md": known.guidance} if known.guidance.strip() else {})


def situation(plan: FrozenPlan, run: Run, start: StartAttempt) -> Situation:
    """Return what the attempt about to start can know.

    Of every step, itself included, it is told the newest words; those of a step that rejected
    the work as its feedback, until that step is content. A prompter's are not told but obeyed,
    by the next step that does the work.
    """
    prompter = _prompter(plan, start.step)
    # Who chooses is told what the candidates did in a part of its own.
    won = run.winner.attempts if run.winner and not start.step.chooses else ()
    attempts = (*won, *run.attempts)
    settled = _newest(tried for tried in attempts if tried.outcome.status == "completed")
    judged = _newest(tried for tried in attempts if tried.verdict is not None)
    rejected = [tried for tried in judged.values() if has_rejected(tried)]
    silent = {prompter, *(tried.step for tried in rejected if tried.step != start.step.name)}
    return Situation(
        start.iteration,
        earlier=tuple(
            StepOutput(tried.step, tried.iteration, tried.outcome.text)
            for tried in settled.values()
            if tried.step not in silent and tried.outcome.text.strip()
        ),
        feedback=tuple(
            StepOutput(tried.step, tried.iteration, tried.verdict.feedback)
            for tried in rejected
            if tried.verdict is not None
        ),
        candidates=tuple(map(_shown, run.standing)) if start.step.chooses else (),
        red=_red(run, start),
        interrupted=_interrupted(run, start),
        conflict=run.conflict if _resolves(run, start) else None,
        guidance=settled[prompter].outcome.text if prompter and prompter in settled else "",
    )


def _red(run: Run, start: StartAttempt) -> tuple[StepOutput, ...]:
    """Return the checks an attempt is to mend."""
    if start.repairs is None:
        return ()
    found = next((one for one in run.ci.reds if one.head == start.repairs), None)
    return tuple(
        StepOutput(f"check {one.name}", start.iteration, f"{one.name}: {one.status}\n{one.log}")
        for one in (found.red if found else ())
    )


def _resolves(run: Run, start: StartAttempt) -> bool:
    """Return whether an attempt begins in the middle of a merge."""
    return run.conflict is not None and start.base == run.conflict.base


def _interrupted(run: Run, start: StartAttempt) -> str:
    """Return why the attempt before this one ended, if its work is in this one's work tree."""
    last = run.last
    if start.step.checkpoint_seconds is None or last is None or start.attempt == 1:
        return ""
    is_same = (last.step, last.iteration) == (start.step.name, start.iteration)
    has_work = start.resume is not None or last.commit is not None
    return last.outcome.reason if is_same and has_work else ""


def _of_candidates(plan: FrozenPlan, known: Situation) -> dict[str, str]:
    if plan.candidate is not None:
        return {"COURIER_CANDIDATE": candidate_name(plan.candidate)}
    if known.candidates:
        return {"COURIER_CANDIDATES": " ".join(one.name for one in known.candidates)}
    return {}


def _of_merge(known: Situation) -> dict[str, str]:
    conflict = known.conflict
    if conflict is None:
        return {}
    return {"COURIER_MERGE_BRANCH": conflict.branch, "COURIER_MERGE_COMMIT": conflict.commit}


def _shown(one: CandidateEnded) -> CandidateWork:
    newest = _newest(tried for tried in one.attempts if tried.outcome.status == "completed")
    said = (
        StepOutput(tried.step, tried.iteration, tried.outcome.text)
        for tried in newest.values()
        if tried.outcome.text.strip()
    )
    return CandidateWork(one.name, one.commit or "", tuple(said), one.diff)


def _newest(attempts: Iterable[AttemptEnded]) -> dict[str, AttemptEnded]:
    """Return step name to the last of its attempts, in the order these ended."""
    found: dict[str, AttemptEnded] = {}
    for tried in attempts:
        found.pop(tried.step, None)
        found[tried.step] = tried
    return found


def _prompter(plan: FrozenPlan, step: FrozenStep) -> str | None:
    """Return the step that writes instructions for another; None where nobody does."""
    if not keeps_changes(step) or step not in plan.steps:
        return None
    for earlier in reversed(plan.steps[: plan.place(step.name)]):
        if earlier.type == "prompter":
            return earlier.name
        if keeps_changes(earlier):
            return None
    return None
