"""Hints that something changed on a forge: followed at once, unless they come in floods."""

from datetime import datetime, timedelta
from typing import Final

from courier.ports.clock import Clock

BURST: Final = 60
"""So many hints are followed at once after a quiet time."""

REFILL: Final = timedelta(seconds=12)
"""How soon another one is followed at once; a busy CI would use up an hour's requests else."""


class Hints:
    """Counts what is followed; many hints before one is taken are one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._given = False
        self._left = float(BURST)
        self._since = clock.now()

    def give(self) -> None:
        """Take it that something changed."""
        self._given = True

    def take(self) -> bool:
        """Return whether there is a hint that is to be followed now; it is used up then."""
        if not self._given or self._filled(self._clock.now()) < 1:
            return False
        self._given = False
        self._left -= 1
        return True

    @property
    def wait(self) -> float | None:
        """Return the seconds until a hint that was given is followed; None where there is none."""
        if not self._given:
            return None
        missing = 1 - self._filled(self._clock.now())
        return max(0.0, missing * REFILL.total_seconds())

    def _filled(self, now: datetime) -> float:
        self._left = min(float(BURST), self._left + max(0.0, (now - self._since) / REFILL))
        self._since = now
        return self._left
