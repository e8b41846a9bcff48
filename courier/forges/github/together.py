"""Questions about single numbers that are asked at about the same time, put as one."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, Generic, TypeVar

WINDOW: Final = 0.5
"""Seconds that are hardly noticed by whoever waits for minutes."""

Answer = TypeVar("Answer")


class Together(Generic[Answer]):
    """Gathers numbers for a moment, asks about all of them at once, and gives everybody theirs.

    Args:
        ask: Answers for many; those there is nothing of are missing.
        window: Seconds for which a first question waits for others.
    """

    def __init__(
        self,
        ask: Callable[[Collection[int]], Awaitable[Mapping[int, Answer]]],
        *,
        window: float = WINDOW,
    ) -> None:
        self._ask = ask
        self._window = window
        self._numbers: set[int] = set()
        self._asking: asyncio.Task[Mapping[int, Answer]] | None = None

    async def of(self, number: int) -> Answer | None:
        """Return what is known of a number; raises what asking raises."""
        self._numbers.add(number)
        if self._asking is None:
            self._asking = asyncio.create_task(self._put())
            # Everybody may have gone by the time it fails.
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return (await asyncio.shield(self._asking)).get(number)

    async def _put(self) -> Mapping[int, Answer]:
        await asyncio.sleep(self._window)
        numbers, self._numbers, self._asking = self._numbers, set(), None
        return await self._ask(numbers)
