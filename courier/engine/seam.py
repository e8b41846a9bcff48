"""The durable seam: what a flow may ask of an engine, and what every engine promises.

A *flow* is an async function of one `Context`. It is run again from its start after every
interruption; what it asked of its context before is answered from the journal, so it must ask
the same things in the same order, and must do everything that touches the world inside a step.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from courier.engine.inflight import (
    Cancellation,
    DivergedReplay,
    Failure,
    Json,
    Phase,
    RunCancelled,
    RunState,
    StepFailed,
    StepKind,
    StepPhase,
    StepRecord,
    StepRepeated,
    StepsOverlap,
)

__all__ = [
    "Action",
    "Cancellation",
    "Context",
    "DivergedReplay",
    "Engine",
    "Failure",
    "Flow",
    "Json",
    "Phase",
    "RunCancelled",
    "RunClient",
    "RunReader",
    "RunState",
    "StepFailed",
    "StepIO",
    "StepKind",
    "StepPhase",
    "StepRecord",
    "StepRepeated",
    "StepsOverlap",
]


class StepIO(Protocol):
    """What one try of a step may know and keep."""

    @property
    def checkpoint(self) -> Json:
        """What an earlier, interrupted try of this step saved last; None if nothing."""
        ...

    @property
    def tries(self) -> int:
        """Which try this is: 1, or one more for every interruption so far."""
        ...

    async def save(self, value: Json) -> None:
        """Keep a checkpoint; it is durable when this returns and replaces the one before.

        Raises:
            Conflict: If the step has ended.
        """
        ...

    async def heard(self, signal: str) -> None:
        """Return once a signal of that name waits for the run, which is at once if one does.

        It is not consumed: a step that has to give way to what it was told ends, and its flow
        asks for the signal.
        """
        ...


Action: TypeAlias = Callable[[StepIO], Awaitable[Json]]
"""What a step does."""


class Context(Protocol):
    """One run, seen from its flow. Ask for one thing at a time, always in the same order.

    Names of steps, sleeps and clock readings are unique within the run; a signal may be waited
    for any number of times. Do not put a time-out around these calls: put it inside the action.

    When the run is cancelled, whatever is open (its task is cancelled and awaited first; sleeps
    and waits wake at once), else the next thing asked for, raises `RunCancelled`. That happens
    once, is recorded, and a replay raises it at the same place. A flow may catch it and ask for
    more steps, to clean up; those work as always.

    Every method may raise `RunCancelled`, `StepRepeated`, `StepsOverlap` or `DivergedReplay`.
    """

    @property
    def run_id(self) -> str:
        """The run's name."""
        ...

    @property
    def input(self) -> Json:
        """What was submitted: the frozen plan."""
        ...

    async def step(self, name: str, action: Action) -> Json:
        """Do something in the world and return its result, as JSON gives it back.

        The action runs at least once; interrupted, it is begun again with its checkpoint. A
        result on record is never made twice. An action that raises is not begun again: the same
        exception is raised by every replay, a `CourierError` as its own class with its plain
        attributes (text, numbers, moments), anything else as `StepFailed`.
        """
        ...

    async def now(self, name: str) -> datetime:
        """Return the moment, in UTC; a replay gets the same one."""
        ...

    async def sleep(self, name: str, until: datetime) -> None:
        """Wait for a moment, however often the process is restarted meanwhile.

        The run gives its place in the queue back and takes one again before this returns.
        """
        ...

    async def signal(self, name: str, *, until: datetime | None = None) -> Json:
        """Return the value of the oldest signal of that name nobody has consumed yet.

        Waits for one to be sent, like `sleep`; returns None if ``until`` passes first.
        """
        ...


Flow: TypeAlias = Callable[[Context], Awaitable[Json]]
"""What a run does: returning completes it, raising fails it."""


class RunReader(Protocol):
    """Looks at runs; needs no running engine."""

    async def status(self, run_id: str) -> RunState | None:
        """Return one run, or None if the engine does not know it."""
        ...

    async def list(
        self, *, live: bool | None = None, limit: int | None = None
    ) -> Sequence[RunState]:
        """Return runs, the last submitted first.

        Args:
            live: True for those that have not ended, False for those that have; None for all.
            limit: At most that many.
        """
        ...

    async def steps(self, run_id: str) -> Sequence[StepRecord]:
        """Return what the run asked for so far, in order; empty for an unknown run."""
        ...

    async def submitted(self, run_id: str) -> Json:
        """Return what the run was submitted with; None for an unknown run."""
        ...


class RunClient(RunReader, Protocol):
    """Asks for things to happen to runs; a running engine hears of it soon, another at its start.

    What these return or raise is decided and durable at once, in both cases.
    """

    async def submit(  # noqa: PLR0913 - a run has that many facts
        self,
        run_id: str,
        *,
        flow: str,
        input: Json,
        queue: str = "default",
        priority: int = 0,
        not_before: datetime | None = None,
    ) -> bool:
        """Queue a run unless one of that name is known; return whether it is new.

        Args:
            run_id: Its name.
            flow: The name of a registered flow.
            input: The frozen plan; stored with the run.
            queue: Whose limit it counts against.
            priority: Lower goes first, across all queues. Of equals, those of the queue that runs
                least go first, queues taking turns; within one queue, in the order of submission.
            not_before: Earliest start.

        Raises:
            NotFound: If the engine runs here and has no such flow.
        """
        ...

    async def cancel(self, run_id: str, *, by: str, reason: str) -> bool:
        """Ask a run to stop; return whether this was the first time it was asked and it lives.

        A run that never started ends here, its flow is not entered. A run that asks for nothing
        more before its end completes all the same. A run that got its `RunCancelled` ends
        ``cancelled``, whatever its flow returned afterwards.

        Raises:
            NotFound: If there is no such run.
        """
        ...

    async def send(self, run_id: str, signal: str, value: Json) -> None:
        """Send a signal; it waits for the run to ask for it.

        Raises:
            NotFound: If there is no such run.
            Conflict: If the run has ended.
        """
        ...

    async def wait(self, run_id: str) -> RunState:
        """Return the run once it has ended; broken off when the engine stops.

        Raises:
            NotFound: If there is no such run.
        """
        ...

    async def forget_some(self, runs: Collection[str], *, before: datetime) -> int:
        """Delete all that is known of those of some runs that ended before a moment.

        What has not ended stays, whatever is asked. A forgotten run's name may be submitted again.
        Returns how many there were.
        """
        ...


class Engine(RunClient, Protocol):
    """Runs flows durably: a kill at any point loses no run, no result, no signal, no timer."""

    def register(self, flow: str, function: Flow) -> None:
        """Name a flow; before `start`. A run whose flow has no function stays as it is."""
        ...

    def limit(self, queue: str | None, *, concurrency: int | None) -> None:
        """Let at most that many runs of a queue run at once; None for no limit.

        ``queue=None`` means all queues together; 0 holds everything new back. May change at any
        time; nothing running is stopped. Sleeping and waiting runs do not count. Runs that were
        running when the engine stopped go on at its start without waiting for a place.
        """
        ...

    async def start(self) -> None:
        """Take the data folder and go on with every run that has not ended.

        Raises:
            Misconfigured: If another engine holds it, or a newer courier wrote it.
        """
        ...

    async def stop(self) -> None:
        """Leave every run as it is, for the next `start`; stopped already is fine.

        Steps and flows get `asyncio.CancelledError`, which records nothing.
        """
        ...

    async def forget(self, before: datetime) -> int:
        """Delete all that is known of runs that ended before a moment; return how many.

        A forgotten run's name may be submitted again.
        """
        ...
