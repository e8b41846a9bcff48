"""Leftovers: things that may go, and how they are found and taken away."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from courier.engine.inflight import RunState
from courier.planning.observed.listed import ListedRun
from courier.ports.index import RunIndex

Sort = Literal[
    "branch", "transcript", "checkpoint", "journal", "live transcript", "sandbox", "letter"
]


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that may go.

    Attributes:
        sort: What it is.
        run: The run it is of.
        name: What tells it from others of its sort: a path, a ref or an id.
        why: Why it may go, in a few words.
        size: Bytes it takes; None where nobody knows.
    """

    sort: Sort
    run: str
    name: str
    why: str
    size: int | None = None


class Keeps(Protocol):
    """How long projects keep things."""

    def __call__(self, project: str, field: str) -> timedelta:
        """Return how long after a run's end a project keeps what a field of its retention says."""
        ...

    def least(self, field: str) -> timedelta:
        """Return the shortest time any project keeps it."""
        ...


class Sweep(Protocol):
    """Finds and takes away one sort of thing."""

    async def find(self, past: "Past") -> Sequence[Leftover]:
        """Return what may go now."""
        ...

    async def remove(self, found: Sequence[Leftover], past: "Past") -> None:
        """Take it away; what is not there any more is fine."""
        ...


@dataclass(frozen=True, slots=True)
class Past:
    """What is known to be over.

    Attributes:
        now: The moment.
        keeps: How long things are kept.
        live: The engine's names of what has not ended, taken before records were read.
        index: The records, level with the remote.
    """

    now: datetime
    keeps: Keeps
    live: Mapping[str, RunState]
    index: RunIndex

    def settled(self, runs: Collection[str]) -> Mapping[str, ListedRun]:
        """Return those of some runs of which nothing will happen any more, by their records.

        That is those that have ended according to a record that can be read, are not in flight
        here, and have no pull request that is still open.
        """
        found = self.index.named([run for run in runs if run not in self.live])
        return {
            run: one
            for run, one in found.items()
            if one.observed.ended and one.ended_at is not None and not one.observed.is_proposed
        }

    def is_over(self, run: ListedRun, field: str) -> bool:
        """Return whether the time a settled run's things of a sort are kept has passed."""
        kept = self.keeps(run.observed.project, field)
        return run.ended_at is not None and run.ended_at + kept <= self.now
