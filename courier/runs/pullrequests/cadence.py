"""How often something on a forge is looked at: often while it is new or moves, seldom later."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

LOOKS: Final = (
    (timedelta(minutes=1), timedelta(seconds=15)),
    (timedelta(minutes=5), timedelta(seconds=30)),
    (timedelta(hours=1), timedelta(minutes=1)),
    (timedelta(days=1), timedelta(minutes=5)),
)
"""The pause after a look at what has been still for less than so long."""

SELDOM: Final = timedelta(minutes=15)
"""The pause after a look at what has been still for longer than any of these."""

BUSY: Final = timedelta(minutes=1)
"""The longest pause, for a day, while something is known to be under way, such as a check."""

QUICKEST: Final = LOOKS[0][1]
"""The shortest pause there is."""

SPREAD: Final = 0.2
"""How far pauses of different things lie apart, as a share of the pause."""

_DAY: Final = LOOKS[-1][0]
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


def pause_after(
    still: timedelta, *, is_busy: bool = False, pace: timedelta = QUICKEST
) -> timedelta:
    """Return how long to wait before the next look.

    Args:
        still: For how long nothing has changed on it: no push, no word, no result.
        is_busy: Whether something on it is under way and will end by itself.
        pace: The shortest pause instead of the usual one; all others grow and shrink with it,
            the ages after which they hold do not.
    """
    pause = next((pause for until, pause in LOOKS if still < until), SELDOM)
    if is_busy and still < _DAY:
        pause = min(pause, BUSY)
    return pause * (pace / QUICKEST)


def apart(pause: timedelta, key: str) -> timedelta:
    """Return a thing's own share of a pause, so that not all are due at the same moment.

    Args:
        pause: What all of its kind wait.
        key: What sets it apart; the same one always gives the same.
    """
    share = sha256(key.encode()).digest()[0] / 255
    return pause * (1 - SPREAD + 2 * SPREAD * share)


def on_beat(at: datetime, pause: timedelta) -> datetime:
    """Return the first moment from then on that all who pause as long share."""
    return at + (_EPOCH - at) % pause if pause else at
