"""What is scored in a run, and what the run as a whole scores."""

from dataclasses import dataclass

from courier.runs.replies.roles import keeps_changes
from courier.runs.replies.score import DIFF_LIMIT, PARTS, Score, mean, read_score, shortfall
from courier.runs.replies.verdict import Verdict, read_verdict
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.run import Run
from courier.runs.texts.answer import Unreadable
from courier.runs.texts.material import as_data, bounded
from courier.runs.transcripts.transcript import Outcome

_WORDS_LIMIT = 8_000


def is_scored_apart(plan: FrozenPlan, step: FrozenStep) -> bool:
    """Return whether a model is asked to score what a step changed."""
    return plan.quality.score == "everyStep" and keeps_changes(step)


def scoring_prompt(plan: FrozenPlan, step: FrozenStep, *, said: str, diff: str) -> str:
    """Return what a model is asked about the change of one step.

    Args:
        plan: Tells the task.
        step: Whose change it is.
        said: Its last words.
        diff: The change, as `git diff` shows it.
    """
    words = as_data(bounded(said.strip(), _WORDS_LIMIT), source="step")
    change = as_data(bounded(diff.strip(), DIFF_LIMIT), source="diff")
    parts = (
        f"# The task\n\n{plan.task.strip()}",
        f"# What step `{step.name}` says it did\n\n{words}",
        f"# What it changed\n\n{change}",
        f"Score the change for {', '.join(PARTS)}.",
    )
    return "\n\n".join(parts) + "\n"


def run_score(plan: FrozenPlan, run: Run) -> Score | None:
    """Return what a run scores; None where nothing was scored.

    What evaluators said of the newest work counts; without any, the mean of what every step's
    newest change scored.
    """
    newest: dict[str, Score] = {}
    won = run.winner.attempts if run.winner else ()
    for tried in (*won, *run.attempts):
        if tried.score is not None:
            newest[tried.step] = tried.score
    evaluators = {step.name for step in plan.every_step.values() if step.scores}
    said = [score for name, score in newest.items() if name in evaluators]
    return mean(said or newest.values(), quality=plan.quality)


def is_short(plan: FrozenPlan, score: Score) -> bool:
    """Return whether a score is below what the plan needs."""
    threshold = plan.quality.threshold
    return threshold is not None and score.composite < threshold


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluator's turn says of the work.

    Attributes:
        score: Its score; None where it gave none.
        why: Why there is none, where there should be one.
        verdict: What it decides, where it decides.
    """

    score: Score | None = None
    why: str | None = None
    verdict: Verdict | None = None


def evaluate(plan: FrozenPlan, step: FrozenStep, outcome: Outcome) -> Evaluation:
    """Return what a turn of a step that scores says.

    With a threshold the composite decides, and the reasons are the feedback; without one the step
    decides itself, if it decides at all.
    """
    if outcome.status != "completed" and step.agent != "shell":
        return Evaluation(why=outcome.message or outcome.reason)
    decided = read_verdict(outcome, agent=step.agent) if step.gives_verdict else None
    try:
        score = read_score(outcome.text, quality=plan.quality, scored_by=step.name)
    except Unreadable as why:
        unreadable = Verdict(passed=False, feedback=str(why), reason="VerdictUnreadable")
        fallback = decided if step.agent == "shell" and outcome.exit_code != 0 else unreadable
        return Evaluation(why=str(why), verdict=fallback if step.gives_verdict else None)
    if not step.gives_verdict or step.threshold is None:
        return Evaluation(score, verdict=decided)
    if score.composite >= step.threshold:
        return Evaluation(score, verdict=Verdict(passed=True, reason="Pass"))
    told = shortfall(score, step.threshold)
    return Evaluation(score, verdict=Verdict(passed=False, feedback=told, reason="Fail"))
