"""The pulse of one daemon: its passes, counted and timed, for whoever looks after daemons."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Sort = Literal["whole", "idle", "broken"]
"""What became of a pass; an idle one found that nothing had moved."""


@dataclass(slots=True)
class Pulse:
    """Told by a daemon of every pass; times are seconds of its monotonic clock.

    Attributes:
        pause: Seconds between passes when nothing wakes it.
        born: When it began.
        began: When the pass under way began; None between passes.
        good: When the last pass that was not broken off ended.
        fault: Why the last pass was broken off; empty if it was not.
        passes: How many there were of each sort.
        seconds: How long all of them took together.
        queued: Runs that waited for a place after the last pass.
        in_flight: Runs that had not ended then, those that waited included.
    """

    pause: float
    born: float
    began: float | None = None
    good: float | None = None
    fault: str = ""
    passes: Counter[Sort] = field(default_factory=Counter)
    seconds: float = 0.0
    queued: int = 0
    in_flight: int = 0

    def begin(self, now: float) -> None:
        """Take it that a pass begins."""
        self.began = now

    def end(self, now: float, *, is_idle: bool, fault: str) -> None:
        """Take it that the pass under way ended."""
        self.passes["broken" if fault else "idle" if is_idle else "whole"] += 1
        self.seconds += now - (now if self.began is None else self.began)
        self.began, self.fault = None, fault
        if not fault:
            self.good = now
