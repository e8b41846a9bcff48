"""A proposed change on a forge: as it is wanted, and as every forge tells it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from courier.resources.model import Model

ForgeName = Literal["github", "local"]
"""A forge; numbers of pull requests are those of one."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What to propose; `run` and `branch` identify it, so proposing twice is once.

    Attributes:
        auto_merge: Whether it merges by itself once its checks are green; a draft does not, until
            it is proposed again as ready.
        after_checks: What it waits for before that; see `PullRequest.after_checks`.
    """

    run: str
    title: str
    body: str
    base: str
    branch: str
    head: str
    draft: bool = False
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    auto_merge: bool = False
    after_checks: tuple[str, ...] | None = None


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
    forge: ForgeName = "local"
    """Where it is; numbers are those of one forge."""
    url: str | None = None
    """Where people see it; null where there is no page."""
    review: Literal["approved", "changesRequested", "required"] | None = None
    """What reviewers decided, or that they have to; null where nobody has to."""
    auto_merge: Literal["merge", "squash"] | None = None
    """How it merges by itself once its checks are green; null if it does not."""
    after_checks: tuple[str, ...] | None = None
    """The checks that must be green before it merges by itself; none named: every one there is, and
    at least one. Null where it waits for nothing but what its forge requires."""
    merge_commit: str | None = None
    created_at: datetime
    updated_at: datetime
    reason: str = ""
    """Why it could not be opened, or need not be."""
    decided_by: str | None = None
    """Who merged or closed it, or had it merge by itself."""


def unopened(
    proposed: Proposed, *, status: Literal["creating", "skipped"], forge: ForgeName, at: datetime
) -> PullRequest:
    """Return what is proposed as a pull request that has no number, or not yet."""
    own = {"number": 0, "status": status, "forge": forge, "created_at": at, "updated_at": at}
    return PullRequest.model_validate({**_told(proposed), **own})


def brought_up(pull: PullRequest, proposed: Proposed) -> PullRequest:
    """Return a pull request that says what is proposed now; what became of it stays."""
    return pull.model_copy(update=_told(proposed))


def proposed_by(pull: PullRequest) -> Proposed:
    """Return what would propose a pull request once more, as it was wanted."""
    return Proposed(
        run=pull.run,
        title=pull.title,
        body=pull.body,
        base=pull.base,
        branch=pull.branch,
        head=pull.head,
        draft=pull.draft,
        labels=pull.labels,
        reviewers=pull.reviewers,
        auto_merge=pull.auto_merge is not None,
        after_checks=pull.after_checks,
    )


def _told(proposed: Proposed) -> dict[str, Any]:
    """Return the fields of a pull request that what is proposed decides."""
    return {
        "run": proposed.run,
        "title": proposed.title,
        "body": proposed.body,
        "base": proposed.base,
        "branch": proposed.branch,
        "head": proposed.head,
        "draft": proposed.draft,
        "labels": proposed.labels,
        "reviewers": proposed.reviewers,
        "after_checks": proposed.after_checks,
        # That somebody has it merge by itself is not taken back.
        **({"auto_merge": "merge"} if proposed.auto_merge else {}),
    }
