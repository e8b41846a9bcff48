"""A login shell on a terminal in a sandbox, through the SDK."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from courier.errors import NotFound, SandboxGone, Unavailable
from courier.ports.sandboxes import TerminalSize
from courier.sandboxes.faults import completed, is_fault

if TYPE_CHECKING:
    from e2b import AsyncCommandHandle, AsyncSandbox
    from e2b.sandbox.commands.command_handle import PtySize

Guard = Callable[[], AbstractAsyncContextManager[None]]

_CHUNKS_AHEAD = 64
_KILL_SECONDS = 5.0


class LinkedTerminal:
    """One shell; it is killed when the link to it is closed."""

    def __init__(self, link: "AsyncSandbox", *, guard: Guard) -> None:
        self._link = link
        self._guard = guard
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(_CHUNKS_AHEAD)
        self._handle: AsyncCommandHandle[str] | None = None
        self._watching: asyncio.Task[int] | None = None

    async def open(self, size: TerminalSize, *, cwd: str, env: Mapping[str, str]) -> None:
        """Start the shell."""
        async with self._guard():
            handle = await self._link.pty.create(
                _pty_size(size), self._chunks.put, cwd=cwd, envs=dict(env), timeout=0
            )
        self._handle = handle
        self._watching = asyncio.create_task(self._watch(handle))

    async def output(self) -> AsyncGenerator[bytes, None]:
        """Yield what the terminal shows, as it comes, until the shell has ended."""
        while (chunk := await self._chunks.get()) is not None:
            yield chunk
        if self._watching is not None:
            await self._watching

    async def send(self, data: bytes) -> None:
        """Type."""
        if self._handle is None or self._is_over:
            return
        # It may have ended without our having heard of it yet.
        with suppress(NotFound):
            async with self._guard():
                await self._link.pty.send_stdin(self._handle.pid, data)

    async def resize(self, size: TerminalSize) -> None:
        """Tell the programs in it that it is another size now."""
        if self._handle is None or self._is_over:
            return
        with suppress(NotFound):
            async with self._guard():
                await self._link.pty.resize(self._handle.pid, _pty_size(size))

    async def ended(self) -> int | None:
        """Return the shell's exit code once it has ended; None if the link was cut before."""
        if self._watching is None:
            return None
        try:
            return await self._watching
        except (Unavailable, SandboxGone):
            return None

    async def close(self) -> None:
        """End the shell if it still runs, and release the link."""
        watching, handle = self._watching, self._handle
        if watching is None or handle is None:
            return
        running = not watching.done()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await handle.disconnect()
        if not running:
            return
        try:
            await self._link.pty.kill(handle.pid, request_timeout=_KILL_SECONDS)
        except Exception as error:
            if not is_fault(error):
                raise

    @property
    def _is_over(self) -> bool:
        return self._watching is None or self._watching.done()

    async def _watch(self, handle: "AsyncCommandHandle[str]") -> int:
        try:
            async with self._guard():
                try:
                    return (await handle.wait()).exit_code
                except Exception as error:
                    exited = completed(error)
                    if exited is None:
                        raise
                    return exited.exit_code
        finally:
            await self._chunks.put(None)


@dataclass(frozen=True, slots=True)
class _Size:
    """A size as the SDK names its parts; the SDK's own class is not imported for that."""

    rows: int
    cols: int


def _pty_size(size: TerminalSize) -> "PtySize":
    return cast("PtySize", _Size(size.rows, size.columns))
