"""Locks that git commands meet in courier's own repository: waited out, or taken away when dead."""

import asyncio
import contextlib
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HELD: Final = re.compile(r"unable to create '(?P<path>[^'\n]+\.lock)'", re.IGNORECASE)
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0

_Sight = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Patience:
    """How a command waits for locks of other commands.

    Attributes:
        own: The folder whose locks only courier's commands hold; no others are waited for here.
        seconds: How long it tries again, at most.
        stale_seconds: A lock seen unchanged for so long belongs to a command that was killed: git
            holds each for moments. It is taken away.
    """

    own: Path
    seconds: float = 90
    stale_seconds: float = 30


def held(stderr: str) -> Path | None:
    """Return the lock that kept a git command from its work; None if it was something else."""
    found = _HELD.search(stderr)
    return Path(found["path"]) if found else None


async def again(attempt: Callable[[], Awaitable[str]], first: str, patience: Patience) -> None:
    """Repeat a command for as long as a lock of ours keeps it from its work.

    Args:
        attempt: Runs it once more; returns why it failed, empty for a success.
        first: Why it failed the first time.
        patience: How long, and in which folder.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    seen: dict[tuple[Path, _Sight], float] = {}
    pause, told = _FIRST_PAUSE, first
    while (lock := held(told)) and lock.is_relative_to(patience.own):
        if loop.time() - begun > patience.seconds:
            return
        sight = _sight(lock)
        if sight is not None:
            since = seen.setdefault((lock, sight), loop.time())
            if loop.time() - since >= patience.stale_seconds:
                _take_away(lock, sight)
        # Who meets at a lock shall not meet there again.
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        told = await attempt()


def _sight(lock: Path) -> _Sight | None:
    try:
        found = lock.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _take_away(lock: Path, sight: _Sight) -> None:
    """Remove a lock if it is still the one that was seen, and no newer one."""
    if _sight(lock) == sight:
        with contextlib.suppress(OSError):
            lock.unlink()
