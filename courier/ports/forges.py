"""The forge: where proposed changes are opened, followed and merged."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from courier.ports.repository import Identity
from courier.runs.pullrequests.checks import Check, Checks
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change of an open pull request; None leaves it as it is.

    Attributes:
        base: The branch it is to go into from now on.
        draft: Whether it is a draft from now on.
        labels: Labels it bears from now on besides those it has.
    """

    title: str | None = None
    body: str | None = None
    base: str | None = None
    draft: bool | None = None
    labels: tuple[str, ...] = ()


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

    async def look(self, numbers: Collection[int]) -> Mapping[int, PullRequest]:
        """Return pull requests as they are now, by number; those there are not are missing.

        As `get` does, but asking the forge once for very many.
        """
        ...

    async def list(self, *, status: str | None = None) -> Sequence[PullRequest]:
        """Return pull requests made by courier, newest first."""
        ...

    async def change(self, number: int, changes: Changes) -> PullRequest:
        """Change an open one; what is so already is success.

        Raises:
            NotFound: If there is none, or no such base.
            Conflict: If it is merged or closed.
        """
        ...

    async def comment(self, number: int, key: str, body: str) -> None:
        """Say something below it: the one comment of that key, which is replaced next time.

        Args:
            number: The pull request.
            key: What the comment is for, one word; never shown to people.
            body: Markdown.

        Raises:
            NotFound: If there is none.
        """
        ...

    async def comments(self, number: int) -> Mapping[str, str]:
        """Return what `comment` said below it, by key.

        Raises:
            NotFound: If there is none.
        """
        ...

    async def merge(self, number: int, *, by: Identity, squash: bool = False) -> PullRequest:
        """Merge it; merged already is success.

        Raises:
            Conflict: If it cannot be merged cleanly, or its head moved.
        """
        ...

    async def merge_when_green(
        self, number: int, *, by: Identity, squash: bool = False
    ) -> PullRequest:
        """Have it merge by itself once nothing blocks it; merged at once where nothing does.

        Raises:
            NotFound: If there is none.
            Conflict: If it is closed, or cannot be merged cleanly.
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

    async def checks_of(self, numbers: Collection[int]) -> Mapping[int, Checks]:
        """Return the checks of the heads of pull requests, by number, as `checks` would.

        For passes over everything that is open: the forge is asked once for very many. Those
        there are not are missing.
        """
        ...

    async def checks_at(self, commits: Collection[str]) -> Mapping[str, Checks]:
        """Return the checks of commits, by their whole ids, as `checks` would.

        The forge is asked once for very many.
        """
        ...

    async def follow(self, number: int, *, head: str) -> tuple[PullRequest, Checks]:
        """Return a pull request as `get` would, and the checks of a commit as `checks` would.

        For many who each follow one for long: those who ask at about the same time share what the
        forge is asked.

        Raises:
            NotFound: If there is no such pull request.
        """
        ...

    async def check_log(self, commit: str, check: Check) -> str:
        """Return the part of what a check wrote that tells why it failed, a few pages at most.

        Empty where the forge keeps none.
        """
        ...
