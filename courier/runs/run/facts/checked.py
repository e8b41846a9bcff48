"""Facts of following the checks of what was delivered."""

from datetime import datetime
from typing import Literal

from courier.resources.model import Model
from courier.runs.pullrequests.checks import Checks
from courier.runs.pullrequests.pullrequest import PullRequest


class ChecksAwaited(Model):
    """The run began to wait for the checks of a commit it pushed."""

    kind: Literal["checksAwaited"] = "checksAwaited"
    at: datetime
    head: str
    message: str


class ChecksSeen(Model):
    """The checks of the delivered commit and its pull request were looked at."""

    kind: Literal["checksSeen"] = "checksSeen"
    at: datetime
    checks: Checks
    pull_request: PullRequest
    """As the forge tells it now."""
    message: str = ""
    """What is still waited for, for people."""


class RedCheck(Model):
    """A check that says no, and why."""

    name: str
    status: str
    url: str | None = None
    log: str = ""
    """The part of what it wrote that tells why, redacted and bounded; empty if nobody kept it."""


class ChecksRed(Model):
    """The checks of a delivered commit are red, and were so at a second look."""

    kind: Literal["checksRed"] = "checksRed"
    at: datetime
    head: str
    red: tuple[RedCheck, ...]


class HelpAsked(Model):
    """People were asked to take a pull request over whose checks stay red."""

    kind: Literal["helpAsked"] = "helpAsked"
    at: datetime
    reason: str
    message: str
    problem: str = ""
    """Why it could not be said on the pull request; empty where it was."""
