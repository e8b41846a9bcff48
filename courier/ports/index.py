"""The index: every record of a repository in one place that is fast to look into."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from courier.planning.observed.listed import ListedRun
from courier.planning.observed.observed import Records


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which records are wanted, the last started first.

    Attributes:
        limit: Most of them; None for all.
        after: The run to go on behind; from the first when None.
        phase: Only these, where given.
        project: Likewise.
        workflow: Likewise.
        since: Only those that started then or later.
    """

    limit: int | None = None
    after: str | None = None
    phase: str | None = None
    project: str | None = None
    workflow: str | None = None
    since: datetime | None = None


class RunIndex(Protocol):
    """A projection of the state branch: it may be deleted at any time, and is made again.

    What is read is as of the last `follow`, in this process or another that shares it.
    """

    async def follow(self) -> None:
        """Take in what the remote's records say now; costs what differs, not what there is.

        Raises:
            Unavailable: If the remote cannot be reached, or the disk cannot be written.
        """
        ...

    def page(self, wanted: RunQuery) -> Sequence[ListedRun]:
        """Return records; how long that takes does not depend on how many there are.

        Raises:
            NotFound: If the run to go on behind is not on record.
        """
        ...

    def figures(self, wanted: RunQuery) -> Sequence[Mapping[str, Any]]:
        """Return what statistics are made of, of all records that are wanted, in their order."""
        ...

    def named(self, runs: Collection[str]) -> Mapping[str, ListedRun]:
        """Return the records of some runs; those without one are missing."""
        ...

    def on_branches(self, branches: Collection[str]) -> Sequence[ListedRun]:
        """Return the records of runs whose work is on some branches."""
        ...

    def beginning(self, prefix: str) -> Sequence[str]:
        """Return the names on record that begin so."""
        ...

    def observed(self) -> Records:
        """Return all records for planning: each is read when it is asked for."""
        ...

    def of_commits(self, commits: Collection[str]) -> Sequence[ListedRun]:
        """Return those whose work, or whose merge, is one of some commits, the newest first."""
        ...

    def of_pull_request(self, number: int) -> Sequence[ListedRun]:
        """Return those whose pull request has a number, the newest first."""
        ...

    def unproposed(self) -> Sequence[ListedRun]:
        """Return those whose pull request could not be opened."""
        ...

    def proposed(self) -> Sequence[ListedRun]:
        """Return those with a pull request that a forge may still change."""
        ...

    def merging(self) -> Sequence[ListedRun]:
        """Return those that were merged, and whose checks after that have not all ended."""
        ...
