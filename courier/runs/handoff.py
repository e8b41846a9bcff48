"""What one step hands to the next: outputs of earlier steps and the checker's feedback."""

from courier.runs.frozen import FrozenPlan
from courier.runs.progress import StartAttempt
from courier.runs.prompts import Situation, StepOutput, bounded
from courier.runs.run import Run

FEEDBACK_LIMIT = 8_000
"""Most characters of feedback handed to a command in its environment."""


def environment(plan: FrozenPlan, start: StartAttempt, known: Situation) -> dict[str, str]:
    """Return the plain variables an agent process gets: the step's own and what it is part of."""
    return {
        "COURIER_RUN": plan.run,
        "COURIER_STEP": start.step.name,
        "COURIER_ITERATION": str(start.iteration),
        "COURIER_TASK": bounded(plan.task, FEEDBACK_LIMIT),
        "COURIER_FEEDBACK": bounded(known.feedback, FEEDBACK_LIMIT),
        "COURIER_BASE": start.base,
        **start.step.env,
    }


def situation(plan: FrozenPlan, run: Run, start: StartAttempt) -> Situation:
    """Return what the attempt about to start can know.

    Earlier outputs are those of the steps before it in this iteration; in a later iteration the
    first step also sees what it said itself the last time, next to the feedback.
    """
    order = {step.name: at for at, step in enumerate(plan.steps)}
    here = order[start.step.name]
    settled = {
        (attempt.step, attempt.iteration): attempt
        for attempt in run.attempts
        if attempt.outcome.status == "completed"
    }
    wanted = [(step.name, start.iteration) for step in plan.steps if order[step.name] < here]
    if start.iteration > 1:
        wanted.insert(0, (start.step.name, start.iteration - 1))
    earlier = tuple(
        StepOutput(name, iteration, settled[name, iteration].outcome.text)
        for name, iteration in wanted
        if (name, iteration) in settled and settled[name, iteration].outcome.text.strip()
    )
    return Situation(start.iteration, earlier, feedback=_feedback(run, start.iteration))


def _feedback(run: Run, iteration: int) -> str:
    for attempt in reversed(run.attempts):
        if attempt.iteration == iteration - 1 and attempt.verdict and not attempt.verdict.passed:
            return attempt.verdict.feedback
    return ""
