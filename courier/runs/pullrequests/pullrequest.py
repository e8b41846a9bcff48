"""A proposed change on a forge, as every forge tells it."""

from datetime import datetime
from typing import Literal

from courier.resources.model import Model


class PullRequest(Model):
    """A proposed change; on the local forge a *proposal*."""

    number: int
    """The number people quote; counts from 1 per repository."""
    run: str
    """The run whose work it is."""
    status: Literal["creating", "created", "failed", "skipped", "merged", "closed"]
    """creating: intent recorded; created: open; closed: closed without merging."""
    title: str
    body: str
    base: str
    """The branch it wants to go into."""
    branch: str
    """The branch it comes from."""
    head: str
    """The commit at the tip of `branch`."""
    draft: bool = False
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    forge: Literal["github", "local"] = "local"
    """Where it is; numbers are those of one forge."""
    url: str | None = None
    """Where people see it; null where there is no page."""
    review: Literal["approved", "changesRequested", "required"] | None = None
    """What reviewers decided, or that they have to; null where nobody has to."""
    auto_merge: Literal["merge", "squash"] | None = None
    """How it merges by itself once its checks are green; null if it does not."""
    merge_commit: str | None = None
    created_at: datetime
    updated_at: datetime
    reason: str = ""
    """Why it could not be opened, or need not be."""
    decided_by: str | None = None
    """Who merged or closed it, or had it merge by itself."""
