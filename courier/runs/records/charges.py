"""Lines of usage: what each attempt, score, message and machine used, one line each, for ever.

A line stands in the file of the month, in UTC, in which what it tells of ended. Its key says which
attempt it is of, so that it is written once however often it is tried.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Literal

from courier.resources.model import Model
from courier.runs.run.candidates import Entry, entries_of
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.run import Run
from courier.runs.usage.pricing import service_of
from courier.runs.usage.usage import Usage

FOLDER: Final = "usage"
"""Where months are on the state branch."""

SANDBOX: Final = "sandbox."
"""How the engine's name of a sandbox for people begins; no run's name holds a dot there."""

SCORING: Final = "scoring"
"""The agent of lines that tell what asking a model for a score used."""

Sort = Literal["step", "scoring", "scripts", "message", "machine"]
"""What a line tells of: an attempt at a step; the model that scored it; the scripts after a run;
one message to a sandbox; that sandbox's machine."""


class Charge(Model):
    """One line."""

    key: str
    at: datetime
    """When what it tells of ended, in UTC."""
    sort: Sort
    project: str
    run: str
    workflow: str = ""
    candidate: str | None = None
    step: str | None = None
    iteration: int = 1
    attempt: int = 1
    persona: str | None = None
    agent: str | None = None
    service: str | None = None
    model: str | None = None
    """The model the agent said it used, else the one it was asked to use."""
    usage: Usage

    @property
    def path(self) -> str:
        """Return the file it stands in."""
        return month_path(self.at)

    def to_line(self) -> bytes:
        """Return it as JSON without a newline; what has its default is left out."""
        told = self.model_dump_json(by_alias=True, exclude_defaults=True)
        return told.encode()


def month_path(at: datetime) -> str:
    """Return the file of a moment's month, e.g. ``usage/2026-11.jsonl``."""
    return f"{FOLDER}/{at.astimezone(UTC):%Y-%m}.jsonl"


def key_of(plan: FrozenPlan, attempt: str, *, turn: int = 1) -> str:
    """Return the key of an attempt's line; in a sandbox for people each turn has one.

    Args:
        plan: Of the run or sandbox.
        attempt: Its name in the run, e.g. ``c2/check-1.1``.
        turn: The turn, from 1.
    """
    # Sandboxes are told from runs by the engine's names of them.
    part = f"turn-{turn}" if plan.run.startswith(SANDBOX) else attempt
    return f"{plan.run}/{part}"


def charges_of(plan: FrozenPlan, run: Run) -> Iterator[Charge]:
    """Yield a line for everything in a run that has ended and used anything."""
    for entry in entries_of(plan, run):
        if entry.ended.run is None:
            yield from _of_attempt(plan, entry)
    concluded = run.concluded
    if concluded is not None:
        yield Charge(
            key=f"{plan.run}/afterwards",
            at=concluded.at,
            sort="scripts",
            project=plan.project,
            run=plan.run,
            workflow=plan.workflow,
            usage=concluded.used,
        )


def step_charge(
    plan: FrozenPlan, step: FrozenStep, *, key: str, at: datetime, told: str | None
) -> Charge:
    """Return a line about an agent at a step, without what it used.

    Args:
        plan: Of the run or sandbox.
        step: What the agent did.
        key: What makes the line unique.
        at: When it ended.
        told: The model it said it used, if it did.
    """
    model = told or step.model
    return Charge(
        key=key,
        at=at,
        sort="step",
        project=plan.project,
        run=plan.run,
        workflow=plan.workflow,
        step=step.name,
        persona=step.persona,
        agent=step.agent,
        service=service_of(step.agent, step.model or told),
        model=model,
        usage=Usage(),
    )


def _of_attempt(plan: FrozenPlan, entry: Entry) -> Iterator[Charge]:
    step, ended = entry.step, entry.ended
    key = key_of(plan, f"{entry.lane}{step.name}-{ended.iteration}.{ended.attempt}")
    known = step_charge(plan, step, key=key, at=ended.ended_at, told=ended.outcome.model)
    named = {
        "candidate": entry.candidate,
        "iteration": ended.iteration,
        "attempt": ended.attempt,
    }
    line = known.model_copy(update={**named, "usage": ended.usage})
    yield line
    if ended.scoring != Usage():
        service, _, model = (plan.quality.model or "").partition("/")
        scorer = {"sort": "scoring", "agent": SCORING, "service": service, "model": model}
        scored = {**scorer, "persona": None, "key": f"{key}/score", "usage": ended.scoring}
        yield line.model_copy(update=scored)
