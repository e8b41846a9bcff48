"""Checkpoints: where work saved out of live sandboxes is kept on the remote."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from courier.ports.repository import Identity
from courier.runs.run.events import Checkpoint


@dataclass(frozen=True, slots=True)
class Line:
    """The checkpoints of one attempt, one behind the other.

    Attributes:
        run: The run.
        attempt: The attempt, unique in its run, e.g. ``check-1.1`` or ``c2/design-1.1``.
        base: The commit the attempt started from, which the first one follows.
        author: Who the commits are by.
    """

    run: str
    attempt: str
    base: str
    author: Identity


@dataclass(frozen=True, slots=True)
class Hidden:
    """What courier keeps on the remote beside its branches.

    Attributes:
        saved: Run to the refs of its checkpoints, and of what workers handed each other.
        waiting: Run to the refs of its work that waits, or waited, for a person.
    """

    saved: Mapping[str, Sequence[str]]
    waiting: Mapping[str, Sequence[str]]


class Checkpoints(Protocol):
    """Refs of the remote that no clone fetches; any machine can go on from them.

    Every method that talks to the remote may raise `Unavailable` or `Misconfigured`.
    """

    async def add(self, commit: str, *, line: Line, at: datetime) -> Checkpoint:
        """Put the tree of a commit behind the last checkpoint of an attempt, on the remote.

        The tree that is the last one already is not put there twice.

        Args:
            commit: A commit of the mirror, past the gate.
            line: Whose.
            at: The moment the checkpoint is of.

        Raises:
            Conflict: If somebody else saves for the same attempt just now.
        """
        ...

    async def newest(self, run: str, attempt: str) -> Checkpoint | None:
        """Return the last checkpoint of an attempt, brought here; None if there is none."""
        ...

    async def of(self, run: str) -> Sequence[Checkpoint]:
        """Return all checkpoints of a run, brought here, in the order they were made."""
        ...

    async def base_of(self, checkpoint: Checkpoint) -> str:
        """Return the commit its attempt started from.

        Raises:
            NotFound: If the checkpoint is not here.
        """
        ...

    async def hidden(self) -> Hidden:
        """Return what is kept on the remote, by name, fetching none of it."""
        ...

    async def drop(self, refs: Collection[str]) -> None:
        """Delete such refs on the remote, and what the mirror keeps for them."""
        ...
