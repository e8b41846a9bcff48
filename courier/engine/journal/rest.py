"""A run at rest: it holds no place and costs no work until something wakes it."""

import asyncio
from datetime import datetime

from courier.engine.journal.places import Claim
from courier.engine.journal.run import Host, LiveRun


async def rest(host: Host, run: LiveRun, until: datetime | None) -> None:
    """Give the place back, wait for the moment or to be woken, and take a place again.

    May return early; whoever rests looks again at what it waited for.
    """
    if run.placed:
        run.placed = False
        host.places.give_back(run.queue)
    timer = None if until is None else host.timers.at(until, run.wake.set)
    try:
        if run.cancellation is None:
            await run.wake.wait()
    finally:
        run.wake.clear()
        if timer is not None:
            host.timers.drop(timer)
    await _line_up(host, run)


def take_place(host: Host, run: LiveRun) -> None:
    """Take a place whatever the limits say; holding one already is fine."""
    if not run.placed:
        run.placed = True
        host.places.take(run.queue)


async def _line_up(host: Host, run: LiveRun) -> None:
    granted = asyncio.Event()

    def grant() -> None:
        run.placed = True
        granted.set()

    claim = Claim(run.priority, run.seq, run.queue, grant)
    if run.cancellation is None:
        run.interrupt = granted.set
        host.places.line_up(claim)
        try:
            await granted.wait()
        finally:
            claim.withdrawn = True
            run.interrupt = None
    # Somebody asked to stop cleans up at once.
    take_place(host, run)
