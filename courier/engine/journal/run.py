"""One run that is live in this process, and what its context needs of the engine."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from courier.engine.inflight import Cancellation, Json, StepKind, StepPhase
from courier.engine.journal.places import Claim
from courier.engine.journal.timers import Timer, Timers
from courier.engine.journal.writer import Write
from courier.ports.clock import Clock

T = TypeVar("T")


class Writing(Protocol):
    """Puts facts on record."""

    async def write(self, write: Write[T], *, then: Callable[[T], None] | None = None) -> T:
        """Commit a write and return its answer once it is durable."""
        ...


class Seating(Protocol):
    """Hands out the places in which runs may run."""

    def line_up(self, claim: Claim) -> None:
        """Put a claim in line; it may be granted at once."""
        ...

    def take(self, queue: str) -> None:
        """Take a place whatever the limits say."""
        ...

    def give_back(self, queue: str) -> None:
        """Free a place."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """One step as an earlier life of the run left it; values are JSON text."""

    kind: StepKind
    name: str
    phase: StepPhase
    checkpoint: str | None
    result: str | None
    error: str | None
    until: datetime | None


@dataclass(slots=True)
class Host:
    """What a live run needs of its engine."""

    clock: Clock
    writer: Writing
    places: Seating
    timers: Timers
    stopping: bool = False


@dataclass(slots=True)
class LiveRun:
    """A run the engine has taken up: in line, running or waiting.

    Attributes:
        seq: Its number in the journal.
        run_id: Its name.
        flow: The name of its flow.
        queue: Whose limit it counts against.
        priority: Lower goes first.
        input: The frozen plan.
        recorded: What earlier lives did, by position.
        cancellation: Set from the moment it is asked to stop until that is raised.
        raised: The cancellation once it was raised.
        claim: Its claim while it is in line to begin.
        timer: Its timer while it must not begin yet.
        placed: Whether it holds a place.
        awaiting: The signal it waits for.
        ears: What open steps listen for, and whom to tell.
        interrupt: Breaks off what is open now.
        wake: Ends the wait that is open now.
        task: Its flow.
    """

    seq: int
    run_id: str
    flow: str
    queue: str
    priority: int
    input: Json = None
    recorded: Mapping[int, Recorded] = field(default_factory=dict)
    cancellation: Cancellation | None = None
    raised: Cancellation | None = None
    claim: Claim | None = None
    timer: Timer | None = None
    placed: bool = False
    awaiting: str | None = None
    ears: list[tuple[str, asyncio.Event]] = field(default_factory=list)
    interrupt: Callable[[], object] | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Future[Json] | None" = None

    def ask_to_stop(self, cancellation: Cancellation) -> None:
        """Raise `RunCancelled` at what is open or comes next; asked already is fine."""
        if self.cancellation is not None or self.raised is not None:
            return
        self.cancellation = cancellation
        self.wake.set()
        if self.interrupt is not None:
            self.interrupt()

    def hear(self, signal: str) -> None:
        """Wake the run if it waits for that signal, and tell the steps that listen for it."""
        for name, ear in self.ears:
            if name == signal:
                ear.set()
        if self.awaiting == signal:
            self.wake.set()
