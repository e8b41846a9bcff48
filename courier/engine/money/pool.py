"""The pool: what all workers of one database spend, where several share a project's budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """What one attempt, or another thing that costs, has spent so far.

    Attributes:
        key: The key of the line of usage that will tell of it.
        project: Whose budgets it counts against.
        run: What it is for.
        day: The day it counts on, in UTC, as ``2026-11-22``.
        usd: US dollars.
    """

    key: str
    project: str
    run: str
    day: str
    usd: Decimal


class Pool(Protocol):
    """Entries of many workers; one key counts once, with the most anybody said of it.

    Only what was spent is in it and nothing is set aside, so that a worker that dies leaves nothing
    behind that would have to be given back.
    """

    async def exchange(self, entries: Sequence[Entry], *, now: datetime) -> Sequence[Entry]:
        """Put entries in and return what anybody put in since the last time, in one transaction.

        Of two exchanges one comes after the other and returns what the first one put in; so of
        those that share a budget one is the first to see it used up.

        Raises:
            Unavailable: If the others cannot be reached now; nothing was put in, or all of it.
        """
        ...
