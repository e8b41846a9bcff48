"""Two commits brought together: what is asked of a repository, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private SSH key that commits are signed with; its value is never shown or stored."""

    value: str = field(repr=False)


How = Literal["merge", "squash", "pick"]
"""merge: a commit with both sides as parents; squash: with ours only; pick: only what one commit
of theirs changed, by its author and with its message."""


@dataclass(frozen=True, slots=True)
class Joining:
    """Two commits to be brought together.

    Attributes:
        ours: What is brought into.
        theirs: What is brought in.
        message: Of the new commit; ``pick`` keeps that of theirs.
        author: Whose it is; ``pick`` keeps that of theirs.
        tree: What the result holds, where a conflict was resolved; None to merge.
    """

    ours: str
    theirs: str
    how: How
    message: str
    author: Identity
    tree: str | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of bringing two commits together.

    Attributes:
        commit: The new commit, or ours where theirs brings nothing; with a conflict, a commit after
            ours whose tree has the marks of git in it.
        conflicts: The paths in conflict; empty where there is none.
    """

    commit: str
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmerged:
    """A conflict as git's index holds it.

    Attributes:
        entries: Lines for ``git update-index -z --index-info``.
        holder: A commit whose tree holds every file that these name.
    """

    entries: bytes
    holder: str


class Joins(Protocol):
    """A repository that makes commits of others' commits; nothing is pushed."""

    async def join(self, joining: Joining) -> Joined:
        """Bring two commits together in no work tree; nothing is pushed."""
        ...

    async def unmerged(self, joining: Joining) -> Unmerged:
        """Return how git's index holds the conflict of two commits."""
        ...

    async def sign(self, commit: str, *, beyond: Sequence[str], key: SigningKey) -> str:
        """Return the commit with it and all before it, up to some others, signed.

        Deterministic for keys whose signatures are; what is signed already stays as it is.

        Raises:
            Misconfigured: If the key cannot be used.
        """
        ...

    async def picks(self, tip: str, *, onto: str) -> Sequence[str]:
        """Return the commits of ``tip`` that ``onto`` lacks, oldest first, without merges."""
        ...
