"""Pushes of several refs at the same moment, done by one command; each has its own outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from courier.errors import Conflict, CourierError
from courier.storage.failures import PushedRef, failure, push_failure, pushed_refs
from courier.storage.git import Answer

_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Push:
    """One remote ref to make point at a commit, if it points at what is expected."""

    commit: str
    ref: str
    expected: str | None

    @property
    def lease(self) -> str:
        """Return what git is told of the expectation."""
        return f"--force-with-lease={self.ref}:{self.expected or ''}"

    @property
    def spec(self) -> str:
        """Return what git is told to push."""
        return f"{self.commit}:{self.ref}"


PushOne = Callable[[Push], Awaitable[None]]
"""Pushes one ref by itself; raises what is the matter with it."""

PushMany = Callable[[Sequence[Push]], Awaitable[frozenset[str]]]
"""Pushes refs in one command; returns those that are as wanted."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    push: Push
    done: asyncio.Future[None]


class Pushes:
    """Gathers what is to be pushed while another push is under way."""

    def __init__(self, one: PushOne, many: PushMany) -> None:
        self._one = one
        self._many = many
        self._waiting: list[_Waiting] = []
        self._working: asyncio.Task[None] | None = None

    async def push(self, push: Push) -> None:
        """Push a ref, together with others that are to be pushed now.

        Raises:
            CourierError: What `PushOne` raises for this ref.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(push, done))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        await done

    async def close(self) -> None:
        """Wait for what is being pushed."""
        if self._working is not None:
            await asyncio.wait([self._working])

    async def _work(self) -> None:
        while batch := self._next():
            try:
                settled = await self._together(batch)
                for each in batch:
                    if each.push.ref not in settled:
                        await self._alone(each)
                    elif not each.done.done():
                        each.done.set_result(None)
            finally:
                # Only a bug or a cancelled loop leaves somebody waiting here.
                for each in batch:
                    if not each.done.done():
                        each.done.cancel()

    def _next(self) -> list[_Waiting]:
        """Return those that go into one command: each ref at most once."""
        batch: dict[str, _Waiting] = {}
        left: list[_Waiting] = []
        for each in self._waiting:
            if each.done.done():
                continue
            if each.push.ref in batch or len(batch) == _AT_ONCE:
                left.append(each)
            else:
                batch[each.push.ref] = each
        self._waiting = left
        return list(batch.values())

    async def _together(self, batch: Sequence[_Waiting]) -> frozenset[str]:
        if len(batch) == 1:
            return frozenset()
        try:
            return await self._many([each.push for each in batch])
        except CourierError:
            # Whose fault it is, each learns by itself.
            return frozenset()

    async def _alone(self, waiting: _Waiting) -> None:
        try:
            await self._one(waiting.push)
        except CourierError as failed:
            if not waiting.done.done():
                waiting.done.set_exception(failed)
        else:
            if not waiting.done.done():
                waiting.done.set_result(None)


def settle(answer: Answer) -> bool:
    """Raise what was refused; return whether a ref that was to go was not there."""
    if answer.code == 0:
        return False
    if "remote ref does not exist" in answer.err + answer.text:
        return True
    refused = [pushed for pushed in pushed_refs(answer.text) if not pushed.accepted]
    if not refused:
        raise failure("push", answer.err)
    raise _weightiest(refused, answer.err)


def _weightiest(refused: list[PushedRef], stderr: str) -> Exception:
    errors = [push_failure(pushed, stderr) for pushed in refused]
    declined = [error for error in errors if not isinstance(error, Conflict)]
    return (declined or errors)[0]
