"""Waiting out passing faults of the outside."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from courier.errors import CourierError, RateLimited, Unavailable
from courier.ports.clock import Clock

T = TypeVar("T")
log = logging.getLogger(__name__)

FIRST_PAUSE = 0.25
"""Seconds before the second try; doubled for each further one."""

LONGEST_PAUSE = 30.0
"""Seconds no pause exceeds, unless a service asked for more."""


async def patiently(
    clock: Clock,
    action: Callable[[], Awaitable[T]],
    *,
    give_up_after: timedelta | None = None,
    waits_for: type[CourierError] | tuple[type[CourierError], ...] = Unavailable,
) -> T:
    """Return what the action returns, trying again while the outside is `Unavailable`.

    Args:
        clock: Measures and waits.
        action: Safe to repeat.
        give_up_after: How long to go on; None for ever, for what must not be lost.
        waits_for: The faults to wait out; more than `Unavailable` where a person may mend it.

    Raises:
        CourierError: The last fault, when the time is up.
    """
    start = clock.monotonic()
    pause = FIRST_PAUSE
    while True:
        try:
            return await action()
        except waits_for as fault:
            waited = clock.monotonic() - start
            if give_up_after is not None and waited >= give_up_after.total_seconds():
                raise
            if pause >= LONGEST_PAUSE:
                log.warning("still waiting after %.0f s: %s", waited, fault)
            await clock.sleep(max(pause, _asked(clock, fault)))
            pause = min(pause * 2, LONGEST_PAUSE)


def _asked(clock: Clock, fault: CourierError) -> float:
    if isinstance(fault, RateLimited) and fault.retry_at is not None:
        return (fault.retry_at - clock.now()).total_seconds()
    return 0.0
