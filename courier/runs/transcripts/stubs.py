"""Stubs: what agents are made to answer in a simulation, and what must come of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from courier.resources.model import Model
from courier.resources.values import Items, Line, RepositoryPath, Text
from courier.runs.usage.usage import Usage


class Stub(Model):
    """One answer of an agent."""

    text: Text = ""
    """Its last words."""
    verdict: Literal["pass", "fail"] | None = None
    """What a checker decides; written below the text as a checker would."""
    feedback: Text = ""
    """What a checker that rejects says."""
    answer: dict[str, JsonValue] | None = None
    """What a step that is asked for one JSON object answers, e.g. the issues of a scan."""
    files: dict[RepositoryPath, str | None] = Field(default_factory=dict)
    """Path to the content it leaves in the working tree; null removes the file."""
    status: Literal["completed", "failed", "limited"] = "completed"
    """How the turn ends."""
    reason: Line | None = None
    """The reason of a turn that is not completed, e.g. RateLimited."""
    retryable: bool = False
    """Whether a turn that failed may be tried again."""
    usage: Usage = Usage()
    """What it reports to have used."""
    then: "Stub | None" = None
    """What is answered when the same is tried again; without it, the same once more."""

    @property
    def said(self) -> str:
        """Return its last message in full."""
        told = self.answer
        if self.verdict is not None:
            told = {"verdict": self.verdict, "feedback": self.feedback}
        if told is None:
            return self.text
        return f"{self.text}\n\n```json\n{json.dumps(told)}\n```".lstrip()


class Expectation(Model):
    """What must come of a simulated run; what is left out may be anything."""

    phase: Literal["completed", "failed", "cancelled"] | None = None
    """How it ends."""
    reason: Line | None = None
    """Why, e.g. LoopExhausted."""
    steps: Items[Line] | None = None
    """The steps in the order they were done, e.g. design-1, check-1."""
    files: Items[RepositoryPath] | None = None
    """Every path the work touches."""
    pull_request: Literal["created", "draft", "none"] | None = None
    """What was proposed."""


class Scenario(Model):
    """One simulated run."""

    scenario: Line
    """What is shown, in a few words."""
    run: Annotated[str, Field(min_length=1)] | None = None
    """A Run document to simulate, or the run of an issue or of a part of a chain."""
    spec: dict[str, Any] | None = None
    """The spec of a Run that exists only here."""
    document: Annotated[str, Field(min_length=1)] | None = None
    """A document of another kind whose run is simulated, e.g. issuescan/weekly."""
    answers: dict[str, Items[Stub]] = Field(default_factory=dict)
    """Step to its answers, one an iteration; the last one is given again."""
    approvals: dict[str, Literal["approved", "rejected", "timedOut"]] = Field(default_factory=dict)
    """Name of an approval to what people answer there; the others are approved."""
    expect: Expectation = Expectation()
    """What must come of it."""


def answer(
    answers: Mapping[str, tuple[Stub, ...]], step: str, *, iteration: int, attempt: int = 1
) -> Stub | None:
    """Return what a step answers when it is begun for the n-th time; None if nobody says.

    What is said of ``c2/design`` is for the second candidate, of ``design`` for all of them.
    """
    given = answers.get(step) or answers.get(step.rpartition("/")[2])
    if not given:
        return None
    found = given[min(iteration, len(given)) - 1]
    for _ in range(attempt - 1):
        found = found.then or found
    return found


def endless(scenario: Scenario) -> Iterator[tuple[str, int]]:
    """Yield step and place of every answer that is a limit and never anything else."""
    for step, stubs in scenario.answers.items():
        for at, stub in enumerate(stubs):
            last = stub
            while last.then is not None:
                last = last.then
            if last.status == "limited":
                yield step, at


def unmet(expected: Expectation, account: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for everything that a record holds otherwise than was expected."""
    steps = account.get("steps") or []
    pull = account.get("pullRequest") or {}
    proposed = "none" if not pull else "draft" if pull.get("draft") else "created"
    found: dict[str, object] = {
        "phase": account.get("phase"),
        "reason": account.get("reason"),
        "steps": tuple(f"{_lane(step)}{step['step']}-{step['iteration']}" for step in steps),
        "files": _files(account),
        "pull_request": proposed,
    }
    for field, value in found.items():
        wanted = getattr(expected, field)
        wanted = tuple(sorted(wanted)) if field == "files" and wanted is not None else wanted
        if wanted is not None and wanted != value:
            yield f"{field.replace('_', ' ')}: expected {_plain(wanted)}, it was {_plain(value)}"


def _files(account: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is proposed; of steps whose answers became files, only these count."""
    if (harvest := account.get("harvest")) is not None:
        return tuple(sorted(harvest["files"]))
    return tuple(sorted({path for step in account.get("steps") or [] for path in step["files"]}))


def _lane(step: Mapping[str, Any]) -> str:
    candidate = str(step.get("candidate", "")).rpartition("-")[2]
    return f"c{candidate}/" if candidate else ""


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) or "nothing" if isinstance(value, tuple) else str(value)
