"""The forge: where proposed changes are opened, followed and merged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from courier.ports.repository import Identity
from courier.runs.checks import Check, Checks
from courier.runs.pullrequest import PullRequest


@dataclass(frozen=True, slots=True)
class Proposed:
    """What to propose; `run` and `branch` identify it, so proposing twice is once."""

    run: str
    title: str
    body: str
    base: str
    branch: str
    head: str
    draft: bool = False
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()


class Forge(Protocol):
    """Pull requests. Every method may raise `Unavailable`, `RateLimited` or `Misconfigured`."""

    async def propose(self, proposed: Proposed) -> PullRequest:
        """Find the open pull request of that branch or open it.

        Title and body are brought up to date. Status ``skipped`` (and number 0) where base and
        head have the same tree.
        """
        ...

    async def get(self, number: int) -> PullRequest:
        """Return one pull request as it is now; notices a merge done by hand.

        Raises:
            NotFound: If there is none.
        """
        ...

    async def list(self, *, status: str | None = None) -> Sequence[PullRequest]:
        """Return pull requests made by courier, newest first."""
        ...

    async def merge(self, number: int, *, by: Identity, squash: bool = False) -> PullRequest:
        """Merge it; merged already is success.

        Raises:
            Conflict: If it cannot be merged cleanly, or its head moved.
        """
        ...

    async def close(self, number: int, *, by: Identity) -> PullRequest:
        """Close it without merging; closed already is success."""
        ...

    async def checks(self, commit: str, *, number: int | None = None) -> Checks:
        """Return what continuous integration says of a commit now, whoever started it.

        Args:
            commit: Its whole id.
            number: The pull request it is the head of; some forges tell only by it which checks
                are required.
        """
        ...

    async def check_log(self, commit: str, check: Check) -> str:
        """Return the part of what a check wrote that tells why it failed, a few pages at most.

        Empty where the forge keeps none.
        """
        ...
