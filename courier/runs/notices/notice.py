"""Notices: one thing somebody may be told, and the letter that tells it to one sink."""

from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Final, Literal

from courier.resources.model import Model
from courier.resources.notification import Event, Notification

VERSION: Final = 1
"""The version of what webhooks are sent; raised when a receiver could misread it."""

WORDS: Final[dict[Event, str]] = {
    "runCompleted": "completed",
    "runFailed": "failed",
    "runParked": "is parked",
    "pullRequestCreated": "opened a pull request",
    "pullRequestMerged": "was merged",
    "pullRequestFailed": "could not open its pull request",
    "sprintCompleted": "completed",
    "sprintFailed": "failed",
    "budgetReached": "is used up",
}
"""What a headline says became of what it names."""

GOOD: Final[Collection[Event]] = frozenset(
    {"runCompleted", "pullRequestCreated", "pullRequestMerged", "sprintCompleted"}
)
"""Events that need nobody's attention."""


class RunTold(Model):
    """A run, as notices tell of it."""

    name: str
    workflow: str
    source: str
    title: str
    phase: str
    reason: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    score: float | None = None
    """Of 100; null where nothing was scored."""
    cost_usd: Decimal | None = None
    """US dollars that are known of; null where none are, which is not zero."""


class PullRequestTold(Model):
    """A pull request, as notices tell of it."""

    number: int
    forge: str = "local"
    """The name of the forge it is on."""
    status: str
    title: str
    branch: str
    base: str
    url: str | None = None
    decided_by: str | None = None


class BudgetTold(Model):
    """A budget that is used up."""

    field: str
    """Which, such as ``budgets.perDay``."""
    period: str
    """What it is for: a day, a month, or a run's name."""
    cap_usd: Decimal | None = None
    spent_usd: Decimal | None = None


class SprintTold(Model):
    """A sprint of a chain that is over."""

    chain: str
    sprint: str
    run: str = ""


class Notice(Model):
    """One thing that happened."""

    event: Event
    key: str
    """What makes it one: no sink is told the same key twice."""
    at: datetime
    """When it happened, as far as that is known."""
    project: str
    subject: str
    """What it is about, in a word or two, such as ``Run fix-auth``."""
    message: str = ""
    """What else is to be said, for people."""
    run: RunTold | None = None
    pull_request: PullRequestTold | None = None
    budget: BudgetTold | None = None
    sprint: SprintTold | None = None

    def redacted(self, redact: Callable[[str], str]) -> "Notice":
        """Return it with everybody's words passed through a function that hides secrets."""
        run, pull = self.run, self.pull_request
        changes: dict[str, object] = {
            "subject": redact(self.subject),
            "message": redact(self.message),
            "run": run and run.model_copy(update={"title": redact(run.title)}),
            "pull_request": pull and pull.model_copy(update={"title": redact(pull.title)}),
        }
        return self.model_copy(update=changes)

    @property
    def headline(self) -> str:
        """Return it in one line."""
        return f"{self.subject} {WORDS[self.event]}"

    @property
    def is_good(self) -> bool:
        """Return whether nobody need do anything about it."""
        return self.event in GOOD


class Letter(Model):
    """A notice on its way to one sink."""

    letter_version: Literal[1] = 1
    repository: str
    """Where the repository is, without credentials."""
    notice: Notice
    sink: Notification
    seen: str | None = None
    """The tip of the state branch up to which everything was told before; null where unknown."""
    overflows: bool = False
    """Whether too many wait for its sink already, so that it is only kept."""

    @property
    def id(self) -> str:
        """Return what receivers know a letter by that comes twice."""
        told = "\0".join((self.repository, self.notice.project, self.sink.name, self.notice.key))
        return sha256(told.encode()).hexdigest()[:32]


def wants(sink: Notification, notice: Notice) -> bool:
    """Return whether a sink is to be told of a notice; one without events wants all it can say."""
    if sink.type == "pullRequest" and notice.pull_request is None:
        return False
    return not sink.events or notice.event in sink.events
