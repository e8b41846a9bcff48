"""One run, folded from its facts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from courier.runs.events import (
    AttemptEnded,
    CancelAsked,
    Phase,
    RunEnded,
    RunEvent,
    RunParked,
    RunStarted,
    WorkDelivered,
)
from courier.runs.usage import Usage


@dataclass(frozen=True, slots=True)
class Run:
    """What is true of a run after the facts so far.

    Attributes:
        work: The newest commit that passed the gate; None before there is any.
        parked: Why it waits, while it waits; cleared by the next attempt.
    """

    phase: Phase = "pending"
    reason: str = "Pending"
    message: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    transcript: str | None = None
    journal: str | None = None
    attempts: tuple[AttemptEnded, ...] = ()
    work: str | None = None
    parked: RunParked | None = None
    times_parked: int = 0
    cancelled: CancelAsked | None = None
    delivered: WorkDelivered | None = None

    @property
    def last(self) -> AttemptEnded | None:
        """Return the newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def usage(self) -> Usage:
        """Return what all attempts used."""
        return sum((attempt.usage for attempt in self.attempts), Usage())


def fold(events: Iterable[RunEvent]) -> Run:
    """Return the run after these facts, which must be in the order they happened."""
    run = Run()
    for event in events:
        run = after(run, event)
    return run


def after(run: Run, event: RunEvent) -> Run:
    """Return the run after one more fact."""
    match event:
        case RunStarted(at=at):
            return replace(run, phase="running", reason="Running", started_at=at)
        case AttemptEnded():
            return replace(
                run,
                phase="running",
                reason="Running",
                parked=None,
                attempts=(*run.attempts, event),
                work=event.commit or run.work,
            )
        case RunParked():
            return replace(
                run,
                phase="parked",
                reason=event.reason,
                message=event.message,
                parked=event,
                times_parked=run.times_parked + 1,
            )
        case CancelAsked():
            return replace(run, cancelled=event, parked=None)
        case WorkDelivered():
            return replace(run, delivered=event)
        case RunEnded():
            return replace(
                run,
                phase=event.phase,
                reason=event.reason,
                message=event.message,
                parked=None,
                ended_at=event.at,
                transcript=event.transcript,
                journal=event.journal,
            )
        case _:
            assert_never(event)
