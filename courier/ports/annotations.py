"""Annotations: which commit last changed each line of a file, and how it came here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file.

    Attributes:
        number: Where it stands now, from 1.
        text: What it says, without its end.
        commit: Who last changed it, wherever it stood; None where that is not committed yet.
        path: Where the file was in that commit.
        at: Where the line stood there, from 1.
    """

    number: int
    text: str
    commit: str | None
    path: str
    at: int


@dataclass(frozen=True, slots=True)
class Commit:
    """What a commit says of itself.

    Attributes:
        id: Its id.
        author: Who, as git writes people.
        at: When it was authored.
        subject: Its first line.
        trailers: The last value of each, by name.
    """

    id: str
    author: str
    at: datetime
    subject: str
    trailers: Mapping[str, str] = field(default_factory=dict)


class Annotations(Protocol):
    """The history of one clone, as far as it is there."""

    async def lines(
        self, path: str, first: int, last: int, *, commit: str | None = None
    ) -> Sequence[Line]:
        """Return who last changed some lines; moved and copied ones are followed.

        Args:
            path: The file, from the root.
            first: The first line, from 1.
            last: The last one; behind the end means the end.
            commit: As of which commit; None for the file as it is on disk.

        Raises:
            NotFound: If there is no such file, or it has not so many lines.
        """
        ...

    async def commits(self, ids: Collection[str]) -> Mapping[str, Commit]:
        """Return what commits say, those that are there."""
        ...

    async def brought_by(self, commit: str) -> str | None:
        """Return the merge that brought a commit to what is checked out; None if none did."""
        ...

    async def author(self, path: str, *, commit: str) -> str | None:
        """Return who last changed a file, as of a commit; None where history does not tell."""
        ...

    async def contains(self, commit: str, *, tip: str) -> bool:
        """Return whether a commit is a tip, or came before it; False where either is missing."""
        ...

    async def same(self, path: str, one: str, other: str) -> bool:
        """Return whether a file is the same in two commits; False where either is missing."""
        ...
