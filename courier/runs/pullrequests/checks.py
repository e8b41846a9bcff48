"""What continuous integration says of one commit, as every forge tells it."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final, Literal, get_args

from courier.resources.model import Model

CheckStatus = Literal["pending", "success", "failure", "neutral", "skipped", "cancelled"]
"""How one check stands; what a forge tells in finer words is failure unless it is cancelled."""

CHECK_STATUSES: Final[tuple[CheckStatus, ...]] = get_args(CheckStatus)

Overall = Literal["none", "pending", "success", "failure"]
"""How all checks of a commit stand together; none where there are none."""

_RED: Final[frozenset[CheckStatus]] = frozenset({"failure", "cancelled"})


class Check(Model):
    """One check of one commit; of several with one name, the newest."""

    name: str
    status: CheckStatus
    required: bool | None = None
    """Whether the forge merges nothing without it; null where it does not tell."""
    url: str | None = None
    """Where people see what it did."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    id: str | None = None
    """What the forge calls it, to ask for its log; null where its name is enough."""

    @property
    def is_red(self) -> bool:
        """Whether it says no: it failed, or was broken off."""
        return self.status in _RED


class Checks(Model):
    """Every check of one commit, as last looked at."""

    head: str
    """The commit they are of."""
    checks: tuple[Check, ...] = ()
    """Each name once, in alphabetical order."""
    last_polled: datetime

    def overall(self, required: Collection[str] = ()) -> Overall:
        """Return how those that matter stand together.

        Failure if any says no, else pending if any has not ended; neutral and skipped ones are
        content. One that matters and is not there has not begun.

        Args:
            required: The names of those that matter; all where there are none.
        """
        mattering = tuple(self.mattering(required))
        if any(one.is_red for one in mattering):
            return "failure"
        missing = set(required) - {one.name for one in mattering}
        if missing or any(one.status == "pending" for one in mattering):
            return "pending"
        return "success" if mattering else "none"

    def lets_merge(self, after: Collection[str] | None) -> bool:
        """Return whether what merges by itself may do so now.

        Args:
            after: What it waits for besides what the forge requires: these, or where none are
                named every one there is, and at least one. None for nothing.
        """
        required = {one.name for one in self.checks if one.required}.union(after or ())
        overall = self.overall(required)
        return overall == "success" or (overall == "none" and after is None)

    def mattering(self, required: Collection[str] = ()) -> Iterator[Check]:
        """Yield those that matter: the named ones, or all where none are named."""
        return (one for one in self.checks if not required or one.name in required)

    def red(self, required: Collection[str] = ()) -> tuple[Check, ...]:
        """Return those that matter and say no."""
        return tuple(one for one in self.mattering(required) if one.is_red)

    def awaited(self, required: Collection[str] = ()) -> tuple[str, ...]:
        """Return the names of those that matter and have not ended, or have not begun."""
        mattering = tuple(self.mattering(required))
        missing = set(required) - {one.name for one in mattering}
        return tuple(sorted(missing | {one.name for one in mattering if one.status == "pending"}))

    def says_the_same(self, other: "Checks | None") -> bool:
        """Return whether another look found the same, whenever it was."""
        return other is not None and (self.head, self.checks) == (other.head, other.checks)


def newest(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return each name once, the one that comes last in the order given, by name."""
    found = {one.name: one for one in checks}
    return tuple(found[name] for name in sorted(found))
