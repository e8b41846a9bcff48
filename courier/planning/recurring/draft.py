"""A diary while it is being written."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from courier.planning.observed.diary import MOST_ENTRIES, Diary, Entry, Rest

Ended = Callable[[str], str | None]
"""Gives the phase a run ended in; None while it has not."""


@dataclass(slots=True)
class Draft:
    """What a diary will say; the fields are those of `Diary`.

    Attributes:
        recent: The newest first.
    """

    decided: datetime
    failures: int
    rest: Rest | None
    waiting: list[datetime]
    under_way: list[Entry]
    recent: list[Entry]

    @classmethod
    def of(cls, diary: Diary) -> "Draft":
        """Return what it says so far."""
        return cls(
            diary.decided,
            diary.failures,
            diary.rest,
            list(diary.waiting),
            list(diary.under_way),
            list(diary.recent),
        )

    def settle(self, ended: Ended) -> None:
        """Look which runs have ended, and how; cancelled ones are no failures."""
        still = []
        for entry in self.under_way:
            phase = ended(entry.run or "")
            if phase is None:
                still.append(entry)
                continue
            self.recent.insert(0, entry.model_copy(update={"phase": phase}))
            if phase == "failed":
                self.failures += 1
            elif phase == "completed":
                self.failures = 0
        self.under_way = still

    def start(self, run: str, at: datetime, *, by: str = "") -> None:
        """Note that a run starts."""
        self.under_way.append(Entry(at=at, how="started", run=run, by=by))

    def skip(
        self, reason: str, at: datetime, *, last: datetime | None = None, count: int = 1
    ) -> None:
        """Note that an occurrence, or several, are left out; those of one reason join."""
        newest = self.recent[0] if self.recent else None
        if newest is not None and newest.how == "skipped" and newest.reason == reason:
            joined = {"last": last or at, "count": newest.count + count}
            self.recent[0] = newest.model_copy(update=joined)
            return
        entry = Entry(at=at, last=last, count=count, how="skipped", reason=reason)
        self.recent.insert(0, entry)

    def knows(self, run: str) -> bool:
        """Return whether the diary has a run."""
        return any(entry.run == run for entry in (*self.under_way, *self.recent))

    def written(self, diary: Diary, **changes: object) -> Diary:
        """Return the diary as it is now; equal to the former one where nothing changed.

        Args:
            diary: What it said before.
            changes: Other fields of it.
        """
        return diary.model_copy(
            update={
                "decided": self.decided,
                "failures": self.failures,
                "rest": self.rest,
                "waiting": tuple(self.waiting),
                "under_way": tuple(self.under_way),
                "recent": tuple(self.recent[:MOST_ENTRIES]),
                **changes,
            }
        )
