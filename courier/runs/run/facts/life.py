"""Facts of a run as a whole: its beginning, its end, and being stopped."""

from datetime import datetime
from typing import Literal

from courier.resources.model import Model

Phase = Literal["pending", "running", "parked", "completed", "failed", "cancelled"]
"""Where a run is in its life."""

ENDED: frozenset[Phase] = frozenset({"completed", "failed", "cancelled"})
"""The phases nothing follows."""


class RunStarted(Model):
    """The run's flow began."""

    kind: Literal["runStarted"] = "runStarted"
    at: datetime


class CancelAsked(Model):
    """Somebody asked for the run to stop, and it stopped."""

    kind: Literal["cancelAsked"] = "cancelAsked"
    at: datetime
    by: str
    reason: str


class RunEnded(Model):
    """The run is over."""

    kind: Literal["runEnded"] = "runEnded"
    at: datetime
    phase: Phase
    reason: str
    message: str = ""
    transcript: str | None = None
    """Blob id of the run's transcript; null where none was kept."""
    journal: str | None = None
    """Blob id of what the run was answered, from which it is replayed; null where not kept."""
