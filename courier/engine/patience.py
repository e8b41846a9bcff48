"""Waiting out passing faults of the outside."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from courier.errors import RateLimited, Unavailable
from courier.ports.clock import Clock

T = TypeVar("T")

FIRST_PAUSE = 0.25
"""Seconds before the second try; doubled for each further one."""

LONGEST_PAUSE = 30.0
"""Seconds no pause exceeds, unless a service asked for more."""


async def patiently(
    clock: Clock, action: Callable[[], Awaitable[T]], *, give_up_after: timedelta | None = None
) -> T:
    """Return what the action returns, trying again while the outside is `Unavailable`.

    Args:
        clock: Measures and waits.
        action: Safe to repeat.
        give_up_after: How long to go on; None for ever, for what must not be lost.

    Raises:
        Unavailable: The last one, when the time is up.
    """
    start = clock.monotonic()
    pause = FIRST_PAUSE
    while True:
        try:
            return await action()
        except Unavailable as fault:
            waited = clock.monotonic() - start
            if give_up_after is not None and waited >= give_up_after.total_seconds():
                raise
            await clock.sleep(max(pause, _asked(clock, fault)))
            pause = min(pause * 2, LONGEST_PAUSE)


def _asked(clock: Clock, fault: Unavailable) -> float:
    if isinstance(fault, RateLimited) and fault.retry_at is not None:
        return (fault.retry_at - clock.now()).total_seconds()
    return 0.0
