"""The witness: told what becomes of runs, for whoever watches over courier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run


@dataclass(frozen=True, slots=True)
class Stage:
    """One durable step of a run.

    Attributes:
        name: E.g. ``work-1.1/sandbox``.
        began: When its first try began.
        ended: When it ended.
        fault: The class of what it raised; empty if nothing.
        told: What it gave, as JSON.
    """

    name: str
    began: datetime
    ended: datetime
    fault: str = ""
    told: Any = None


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended.

    Attributes:
        plan: What it did.
        run: What became of it.
        submitted_at: When it was queued.
        started_at: When it first got a place.
        stages: What it asked for, in order.
    """

    plan: FrozenPlan
    run: Run
    submitted_at: datetime
    started_at: datetime
    stages: Sequence[Stage] = ()


class Witness(Protocol):
    """Is told of runs, and must not fail because of it: nothing here raises.

    Every run is told to have started, and to have ended, once; after a kill at just that moment
    once more, by the process that takes it up.
    """

    def started(self, plan: FrozenPlan) -> None:
        """A run began for the first time."""
        ...

    def stands(self, plan: FrozenPlan, run: Run) -> None:
        """A run that is carried out here is so now."""
        ...

    def left(self, plan: FrozenPlan) -> None:
        """A run is not carried out here any more: it ended, or goes on elsewhere."""
        ...

    async def ended(self, told: EndedRun) -> None:
        """A run is over, and on record."""
        ...


class Unwatched:
    """Takes no notice of anything."""

    def started(self, plan: FrozenPlan) -> None:
        """Do nothing."""

    def stands(self, plan: FrozenPlan, run: Run) -> None:
        """Do nothing."""

    def left(self, plan: FrozenPlan) -> None:
        """Do nothing."""

    async def ended(self, told: EndedRun) -> None:
        """Do nothing."""


class Witnesses:
    """Tells several.

    Args:
        all_of_them: In the order in which they are told.
    """

    def __init__(self, *all_of_them: Witness) -> None:
        self._all = all_of_them

    def started(self, plan: FrozenPlan) -> None:
        """Tell all."""
        for one in self._all:
            one.started(plan)

    def stands(self, plan: FrozenPlan, run: Run) -> None:
        """Tell all."""
        for one in self._all:
            one.stands(plan, run)

    def left(self, plan: FrozenPlan) -> None:
        """Tell all."""
        for one in self._all:
            one.left(plan)

    async def ended(self, told: EndedRun) -> None:
        """Tell all."""
        for one in self._all:
            await one.ended(told)
