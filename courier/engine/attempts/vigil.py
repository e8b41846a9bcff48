"""What ends a turn from outside: its time, its silence, its staying on after its final event."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courier.engine.attempts import process
from courier.engine.attempts.lease import Lease
from courier.engine.money.purse import Purse
from courier.ports.clock import Clock

LINGERING = "Lingering"
"""Why a process is stopped that went on running after the final event of its turn."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a turn from outside.

    Attributes:
        deadline: When the agent is stopped.
        purse: What it may spend; None for what spends nothing.
        idle_seconds: How long it may write nothing; None for ever.
        linger_seconds: How long it may go on running after its final event.
    """

    deadline: datetime
    purse: Purse | None = None
    idle_seconds: float | None = None
    linger_seconds: float = 30.0


class Vigil:
    """Watches one process from its last words known; keeps its sandbox alive meanwhile."""

    def __init__(self, clock: Clock, lease: Lease, limits: Limits, *, key: str) -> None:
        self._clock = clock
        self._lease = lease
        self._limits = limits
        self._key = key
        self._heard = clock.now()
        self._finished = asyncio.Event()
        self._takes = 0

    def hear(self, *, finished: bool) -> None:
        """Take in that a line came, and whether the turn's final event is among the lines."""
        self._heard = self._clock.now()
        if finished and not self._finished.is_set():
            self._finished.set()
        elif not finished and self._finished.is_set():
            self._finished.clear()
            self._takes += 1

    async def over(self) -> str:
        """Wait until the process has to be stopped; return why: TimedOut, Idle or `LINGERING`."""
        watches: list[Coroutine[Any, Any, str]] = [self._deadline(), self._lingering()]
        if self._limits.idle_seconds is not None:
            watches.append(self._idle(self._limits.idle_seconds))
        tasks = [asyncio.create_task(watch) for watch in watches]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task for task in tasks if task in done).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _deadline(self) -> str:
        clock, seconds = self._clock, self._lease.seconds
        while (left := (self._limits.deadline - clock.now()).total_seconds()) > 0:
            await clock.sleep(min(left, seconds / 3))
            await self._lease.use(lambda sandbox: sandbox.extend(seconds))
        return "TimedOut"

    async def _idle(self, patience: float) -> str:
        while True:
            quiet = (self._clock.now() - self._heard).total_seconds()
            if quiet >= patience:
                # The sandbox has the last word: we may have been cut off from it.
                quiet = await self._lease.use(lambda sandbox: process.quiet(sandbox, self._key))
            if quiet >= patience:
                return "Idle"
            await self._clock.sleep(max(patience - quiet, 0.1))

    async def _lingering(self) -> str:
        while True:
            await self._finished.wait()
            take = self._takes
            await self._clock.sleep(self._limits.linger_seconds)
            if self._finished.is_set() and take == self._takes:
                return LINGERING
