"""A clock that stands still until it is told to move."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

SETTLE_TURNS = 20
"""Turns of the event loop given to whoever was woken before time moves on."""


class FakeClock:
    """Keeps the promises of `courier.ports.clock.Clock`; time passes only in `advance`."""

    def __init__(self, *, at: str = "2026-01-02T03:00:00Z") -> None:
        self._now = datetime.fromisoformat(at).astimezone(UTC)
        self._start = self._now
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self._now + timedelta(seconds=seconds)
        heapq.heappush(self._sleepers, (due, next(self._numbers), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking sleepers one after the other, each at its own moment."""
        goal = self._now + timedelta(seconds=seconds)
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= goal:
            due, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._now = due
            woken.set_result(None)
            await self._settle()
        self._now = goal

    async def is_waited_for(self) -> None:
        """Return once somebody waits for time to pass, whatever they do until then."""
        while all(woken.done() for _, _, woken in self._sleepers):
            await asyncio.sleep(0)

    async def _settle(self) -> None:
        for _ in range(SETTLE_TURNS):
            await asyncio.sleep(0)
