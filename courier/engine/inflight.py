"""Runs and steps in flight, as values, and the exceptions a flow meets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from courier.errors import CourierError

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
"""A value as JSON knows it; what comes back is made of dict, list and plain values."""


MOMENTARY = -10
"""The priority from which on a run takes a moment and no worker's place, only one of its queue."""


class Phase(StrEnum):
    """Where a run is; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to the run any more."""
        return self in (Phase.COMPLETED, Phase.FAILED, Phase.CANCELLED)


class StepPhase(StrEnum):
    """Where a step is: open, or ended in one of three ways."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepKind(StrEnum):
    """What a flow asked for."""

    STEP = "step"
    NOW = "now"
    SLEEP = "sleep"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception on record; `type` is the name of its class."""

    type: str
    message: str

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Who asked for a run to stop, and why."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunState:
    """One run as the engine knows it.

    Attributes:
        run_id: Its name.
        flow: The name of its flow.
        queue: The queue it was submitted to.
        priority: Lower goes first.
        phase: Where it is.
        submitted_at: When it was submitted.
        not_before: Earliest start, where one was asked for.
        started_at: When the flow was first entered.
        ended_at: When it ended.
        step: The name of the step that is open now, sleeps and signals included.
        result: What the flow returned.
        error: Why it failed.
        cancellation: Set from the moment somebody asked it to stop, whatever came of it.
    """

    run_id: str
    flow: str
    queue: str
    priority: int
    phase: Phase
    submitted_at: datetime
    not_before: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    step: str | None = None
    result: Json = None
    error: Failure | None = None
    cancellation: Cancellation | None = None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One thing a flow asked for.

    Attributes:
        name: Its name.
        kind: What was asked.
        phase: Where it is.
        tries: How often it was begun; more than one means earlier tries were interrupted.
        checkpoint: What its tries saved last.
        result: What it gave; for `now` an ISO moment, for `signal` the value.
        error: Why it failed.
        until: The moment a sleep or signal waits for.
        started_at: When its first try began.
        ended_at: When it ended.
    """

    name: str
    kind: StepKind
    phase: StepPhase
    tries: int
    started_at: datetime
    ended_at: datetime | None = None
    checkpoint: Json = None
    result: Json = None
    error: Failure | None = None
    until: datetime | None = None


class RunCancelled(Exception):
    """Somebody asked this run to stop; raised into the flow once.

    Not a `CourierError`, so that code which retries after those lets it pass.
    """

    def __init__(self, *, by: str, reason: str) -> None:
        super().__init__(f"Cancelled by {by}: {reason}" if reason else f"Cancelled by {by}")
        self.by = by
        self.reason = reason


class StepFailed(CourierError):
    """A step raised something that is no `CourierError`; `type` names its class."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(f"{type}: {message}" if message else type)
        self.type = type
        self.message = message


class StepRepeated(CourierError):
    """A flow gave two steps of one run the same name."""


class StepsOverlap(CourierError):
    """A flow asked for a step while another was open, or broke one off by itself."""


class DivergedReplay(CourierError):
    """A flow asked for something else than the journal holds at this place."""
