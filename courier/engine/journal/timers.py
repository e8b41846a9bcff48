"""Timers: any number of moments waited for by one task."""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from courier.ports.clock import Clock

LONGEST_NAP = timedelta(seconds=60)
"""A wall clock set forward is noticed within this time."""
COMPACT_FROM = 64


@dataclass(order=True, slots=True)
class Timer:
    """One moment waited for."""

    moment: datetime
    number: int
    wake: Callable[[], None] | None = field(compare=False)


class Timers:
    """Calls functions at moments of the clock, never early, in order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[Timer] = []
        self._numbers = count()
        self._idle = 0
        self._nap: asyncio.Future[None] | None = None

    def at(self, moment: datetime, wake: Callable[[], None]) -> Timer:
        """Call a function once the moment has come."""
        timer = Timer(moment, next(self._numbers), wake)
        heapq.heappush(self._heap, timer)
        if self._heap[0] is timer and self._nap is not None:
            self._nap.cancel()
        return timer

    def drop(self, timer: Timer) -> None:
        """Forget a timer; one that has rung is fine."""
        if timer.wake is None:
            return
        timer.wake = None
        self._idle += 1
        if self._idle >= COMPACT_FROM and self._idle * 2 > len(self._heap):
            self._heap = [kept for kept in self._heap if kept.wake is not None]
            heapq.heapify(self._heap)
            self._idle = 0

    async def run(self) -> None:
        """Ring timers until cancelled."""
        while True:
            self._ring(self._clock.now())
            nap = LONGEST_NAP
            if self._heap:
                nap = min(nap, self._heap[0].moment - self._clock.now())
            self._nap = asyncio.ensure_future(self._clock.sleep(nap.total_seconds()))
            try:
                await asyncio.wait({self._nap})
            finally:
                self._nap.cancel()

    def _ring(self, now: datetime) -> None:
        while self._heap and self._heap[0].moment <= now:
            timer = heapq.heappop(self._heap)
            wake, timer.wake = timer.wake, None
            if wake is None:
                self._idle -= 1
            else:
                wake()
