"""Facts of approvals: what people were asked, and what they answered."""

from datetime import datetime
from typing import Literal

from courier.resources.model import Model
from courier.runs.pullrequests.pullrequest import PullRequest


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
