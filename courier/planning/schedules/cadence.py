"""How often an open pull request is looked at: often while something may happen, seldom later."""

from datetime import timedelta
from hashlib import sha256
from typing import Final

SPREAD: Final = 0.2
"""How far pauses of different pull requests lie apart, as a share of the pause."""

_STEPS: Final = (
    (timedelta(minutes=1), timedelta(seconds=15)),
    (timedelta(minutes=5), timedelta(seconds=30)),
    (timedelta(minutes=30), timedelta(seconds=60)),
    (timedelta(days=1), timedelta(minutes=5)),
)
_SELDOM: Final = timedelta(minutes=15)


def pause_after(still: timedelta, *, key: str = "") -> timedelta:
    """Return how long to wait before the next look.

    Args:
        still: For how long nothing has changed on it: no push, no word, no review.
        key: What sets it apart from others, so that not all are due at the same moment.
    """
    pause = next((pause for until, pause in _STEPS if still < until), _SELDOM)
    share = sha256(key.encode()).digest()[0] / 255 if key else 0.5
    return pause * (1 - SPREAD + 2 * SPREAD * share)
