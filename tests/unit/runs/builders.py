"""Builders of the values run decisions are made from."""

from datetime import UTC, datetime, timedelta

from courier.runs.replies.verdict import Verdict
from courier.runs.run.events import AttemptEnded, Checkpoint, Refusal
from courier.runs.run.frozen import (
    FrozenContext,
    FrozenDelivery,
    FrozenGit,
    FrozenLoop,
    FrozenPlan,
    FrozenStep,
)
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.usage import Usage

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
BASE = "b" * 40


def designer(**changes: object) -> FrozenStep:
    return FrozenStep(name="design", type="designer", agent="claude").model_copy(update=changes)


def checker(**changes: object) -> FrozenStep:
    step = FrozenStep(name="check", type="checker", agent="claude", gives_verdict=True)
    return step.model_copy(update=changes)


def frozen(**changes: object) -> FrozenPlan:
    plan = FrozenPlan(
        run="fix-auth",
        project="demo",
        workflow="fix",
        workflow_type="designerChecker",
        source="manual",
        spec_digest="s" * 64,
        catalog_digest="c" * 64,
        observed_commit=BASE,
        title="Fix the login",
        task="Fix the login.\n\nUsers cannot log in.",
        steps=(designer(), checker()),
        loop=FrozenLoop(max_iterations=2),
        git=FrozenGit(
            base_branch="main",
            base_commit=BASE,
            branch="courier/fix-auth",
            author_name="courier",
            author_email="courier@example.com",
        ),
        delivery=FrozenDelivery(),
    )
    return plan.model_copy(update=changes)


def context(name: str, content: str) -> FrozenContext:
    return FrozenContext(name=name, content=content)


def completed(text: str = "Done.", *, usage: Usage | None = None) -> Outcome:
    return Outcome(status="completed", reason="Completed", text=text, usage=usage or Usage())


def failed(reason: str = "Crashed", *, retryable: bool = False) -> Outcome:
    return Outcome(status="failed", reason=reason, message="It broke.", retryable=retryable)


def limited(until: datetime | None = None) -> Outcome:
    return Outcome(status="limited", reason="RateLimited", message="Later.", retry_at=until)


def saved(attempt: str = "design-1.1", *, number: int = 1) -> Checkpoint:
    return Checkpoint(attempt=attempt, number=number, commit="5" * 40, at=START)


def passed() -> Verdict:
    return Verdict(passed=True, feedback="", reason="Pass")


def rejected(feedback: str = "Tests fail.") -> Verdict:
    return Verdict(passed=False, feedback=feedback, reason="Fail")


def attempted(
    step: str = "design",
    *,
    iteration: int = 1,
    attempt: int = 1,
    outcome: Outcome | None = None,
    verdict: Verdict | None = None,
    commit: str | None = None,
    refusal: Refusal | None = None,
    checkpoint: Checkpoint | None = None,
) -> AttemptEnded:
    ended = outcome or completed()
    return AttemptEnded(
        step=step,
        iteration=iteration,
        attempt=attempt,
        started_at=START,
        ended_at=START + timedelta(minutes=1),
        outcome=ended,
        verdict=verdict,
        base=BASE,
        commit=commit,
        refusal=refusal,
        checkpoint=checkpoint,
        prompt_digest="p" * 64,
        usage=ended.usage,
    )
