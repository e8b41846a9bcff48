"""The facts of one run, append-only; everything else about a run is folded from them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from courier.resources.model import Model
from courier.runs.budget import Caps
from courier.runs.choice import Choice
from courier.runs.paused import Paused
from courier.runs.pullrequest import PullRequest
from courier.runs.score import Score
from courier.runs.scripted import ScriptRan
from courier.runs.transcript import Outcome
from courier.runs.usage import Usage
from courier.runs.verdict import Verdict

Phase = Literal["pending", "running", "parked", "completed", "failed", "cancelled"]
"""Where a run is in its life."""

ENDED: frozenset[Phase] = frozenset({"completed", "failed", "cancelled"})
"""The phases nothing follows."""


class Refusal(Model):
    """The gate refused the work of an attempt."""

    code: str
    message: str
    needs_approval: bool = False
    """Whether a person may overrule it."""
    commit: str | None = None
    """The work it holds back, where it is kept for a person's word."""


class RunStarted(Model):
    """The run's flow began."""

    kind: Literal["runStarted"] = "runStarted"
    at: datetime


class Checkpoint(Model):
    """Work saved out of a live sandbox."""

    attempt: str
    """Whose, unique in its run, e.g. ``check-1.1``."""
    number: int
    """Its place among the checkpoints of that attempt, from 1."""
    commit: str
    """Its tree is the work; it is kept on the remote under a ref that no clone fetches."""
    at: datetime


class AttemptEnded(Model):
    """One attempt of one step ended, however it ended."""

    kind: Literal["attemptEnded"] = "attemptEnded"
    step: str
    iteration: int
    attempt: int
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    verdict: Verdict | None = None
    choice: Choice | None = None
    """Which candidate it chose, where that was asked of it."""
    base: str
    """The commit the attempt started from."""
    commit: str | None = None
    """The work it left, past the gate or let through by a person; null where it changed nothing."""
    files: tuple[str, ...] = ()
    """Paths its work touches."""
    refusal: Refusal | None = None
    resumed: Checkpoint | None = None
    """The checkpoint whose work was in its work tree from the start."""
    checkpoint: Checkpoint | None = None
    """The last one to go on from, where no work came out of its sandbox."""
    score: Score | None = None
    """How good its change is, or the work it evaluated."""
    unscored: str | None = None
    """Why there is no score where one was wanted."""
    scoring: Usage = Usage()
    """What asking a model for the score used."""
    prompt_digest: str
    sandbox: str | None = None
    paused: Paused | None = None
    """What waits for the next attempt; null where that begins anew."""
    usage: Usage = Usage()
    scripts: tuple[ScriptRan, ...] = ()
    """What ran around the work, in order."""
    run: str | None = None
    """The run that made it and paid for it, where that is an earlier one; null for its own."""


class CandidateEnded(Model):
    """What became of one candidate."""

    name: str
    """What the judge calls it, e.g. ``candidate-2``."""
    phase: Phase
    reason: str
    message: str = ""
    commit: str | None = None
    """Its work, past the gate; null where it changed nothing."""
    diff: str = ""
    """What its work changes, as far as it is kept for the judge."""
    attempts: tuple[AttemptEnded, ...] = ()

    @property
    def usage(self) -> Usage:
        """Return what all its attempts used."""
        return sum((tried.usage + tried.scoring for tried in self.attempts), Usage())

    @property
    def stands(self) -> bool:
        """Whether it may be chosen: it came through, and there is work."""
        return self.phase == "completed" and self.commit is not None


class CandidatesEnded(Model):
    """Every candidate ended, however it ended."""

    kind: Literal["candidatesEnded"] = "candidatesEnded"
    at: datetime
    candidates: tuple[CandidateEnded, ...]
    """All of them, in order."""


class CandidatesKept(Model):
    """The work of candidates that was not chosen was pushed, for whoever wants to look."""

    kind: Literal["candidatesKept"] = "candidatesKept"
    at: datetime
    branches: dict[str, str]
    """Candidate to branch; those that could not be pushed are missing."""


class RunParked(Model):
    """The run waits for something that is nobody's failure."""

    kind: Literal["runParked"] = "runParked"
    at: datetime
    reason: str
    message: str
    until: datetime | None
    """When it goes on by itself; null for when somebody lets it."""


class BudgetShort(Model):
    """Before an attempt began, the project had nothing left to spend."""

    kind: Literal["budgetShort"] = "budgetShort"
    at: datetime
    reason: str
    message: str
    until: datetime | None = None


class BudgetFreed(Model):
    """A run that waited for a budget goes on: time has passed, or somebody raised it."""

    kind: Literal["budgetFreed"] = "budgetFreed"
    at: datetime
    per_run: Decimal | None = None
    """What the run may cost from now on; null where that did not change."""
    caps: Caps | None = None
    """What its project may spend from now on; null where that is not known."""


class SecretFound(Model):
    """A run that waited for a secret goes on: there is a value now."""

    kind: Literal["secretFound"] = "secretFound"
    at: datetime


class ApprovalAsked(Model):
    """The run came to a place where a person decides about exactly the work there is."""

    kind: Literal["approvalAsked"] = "approvalAsked"
    at: datetime
    approval: str
    """The name of the place."""
    commit: str
    tree: str
    """The tree of ``commit``: what an answer is about."""
    words: str | None = None
    """Digest of the last step's words, where these are its work; the answer is about them too."""
    attempt: str | None = None
    """The attempt whose work the gate refused and a person may let through; else null."""
    reason: str = ""
    message: str
    """What it waits for and how to answer, for people."""
    requested_by: str | None = None
    """Who asked for the run, as git tells; null where it does not."""
    branch: str | None = None
    """Where the work was pushed to be looked at; null where it could not or must not be."""
    pull_request: PullRequest | None = None
    """Its merge means yes, closing it means no; null where there is none."""
    until: datetime | None = None
    """When waiting ends; null for never."""


class ApprovalAnswered(Model):
    """Somebody, or the time that passed, answered the newest question."""

    kind: Literal["approvalAnswered"] = "approvalAnswered"
    at: datetime
    approval: str
    commit: str
    tree: str
    words: str | None = None
    answer: Literal["approved", "rejected", "timedOut"]
    by: str | None = None
    """Who, as git writes people; null for time."""
    how: Literal["command", "pullRequest", "time"]
    comment: str = ""


class CancelAsked(Model):
    """Somebody asked for the run to stop, and it stopped."""

    kind: Literal["cancelAsked"] = "cancelAsked"
    at: datetime
    by: str
    reason: str


class WorkConcluded(Model):
    """The scripts that see the finished work have run, before it is delivered."""

    kind: Literal["workConcluded"] = "workConcluded"
    at: datetime
    commit: str
    """The work they saw."""
    scripts: tuple[ScriptRan, ...] = ()
    failure: str = ""
    """Why they could not be run to their end; empty where they were."""
    sandbox_seconds: float = 0.0
    usage: Usage | None = None
    """The sandbox's use; null in facts from before there were rates."""

    @property
    def used(self) -> Usage:
        """Return what they used."""
        return self.usage or Usage(sandbox_seconds=self.sandbox_seconds)


class WorkDelivered(Model):
    """The work was pushed and, where asked for, proposed; or why it could not be."""

    kind: Literal["workDelivered"] = "workDelivered"
    at: datetime
    branch: str | None = None
    commit: str | None = None
    pull_request: PullRequest | None = None
    refusal: Refusal | None = None


class RunEnded(Model):
    """The run is over."""

    kind: Literal["runEnded"] = "runEnded"
    at: datetime
    phase: Phase
    reason: str
    message: str = ""
    transcript: str | None = None
    """Blob id of the run's transcript; null where none was kept."""
    journal: str | None = None
    """Blob id of what the run was answered, from which it is replayed; null where not kept."""


RunEvent = Annotated[
    RunStarted
    | AttemptEnded
    | CandidatesEnded
    | CandidatesKept
    | RunParked
    | BudgetShort
    | BudgetFreed
    | SecretFound
    | ApprovalAsked
    | ApprovalAnswered
    | CancelAsked
    | WorkConcluded
    | WorkDelivered
    | RunEnded,
    Field(discriminator="kind"),
]
"""One fact."""

RUN_EVENT: TypeAdapter[RunEvent] = TypeAdapter(RunEvent)
"""Reads and writes one fact as JSON."""
