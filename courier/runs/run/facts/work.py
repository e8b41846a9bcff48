"""Facts of attempts, and of work that is finished and delivered."""

from datetime import datetime
from typing import Literal

from courier.resources.model import Model
from courier.runs.briefs.scripted import ScriptRan
from courier.runs.harvest.frozen import Gathered
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.replies.choice import Choice
from courier.runs.replies.score import Score
from courier.runs.replies.verdict import Verdict
from courier.runs.run.paused import Paused
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.usage import Usage


class Refusal(Model):
    """The gate refused the work of an attempt."""

    code: str
    message: str
    needs_approval: bool = False
    """Whether a person may overrule it."""
    commit: str | None = None
    """The work it holds back, where it is kept for a person's word."""


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
    answer: Gathered | None = None
    """What it answered, where files are made of that."""
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
    resting: Paused | None = None
    """Where its conversation rests in case its work has to be mended; null where it was let go."""
    repairs: str | None = None
    """The delivered commit whose red checks it was to mend; null for the step's own work."""
    usage: Usage = Usage()
    scripts: tuple[ScriptRan, ...] = ()
    """What ran around the work, in order."""
    run: str | None = None
    """The run that made it and paid for it, where that is an earlier one; null for its own."""


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


class WorkHarvested(Model):
    """Files were made of the answer; or why not."""

    kind: Literal["workHarvested"] = "workHarvested"
    at: datetime
    commit: str | None = None
    """The commit of the files; null where there are none."""
    files: tuple[str, ...] = ()
    """Their paths."""
    title: str = ""
    """What the pull request is called."""
    body: str = ""
    """What it says first, as Markdown."""
    reason: str = ""
    """Why there are no files, as one word; empty where there are some."""
    message: str = ""
    """The same for people."""
    failed: bool = False
    """Whether that is a failure."""
