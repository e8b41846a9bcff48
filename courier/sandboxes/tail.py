"""One `tail` in a sandbox, streamed: exact for as long as the stream holds."""

import asyncio
import inspect
import shlex
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from courier.errors import NotFound, Unavailable
from courier.sandboxes.faults import completed, is_fault
from courier.sandboxes.lines import LineSplitter

if TYPE_CHECKING:
    from e2b import AsyncCommandHandle, AsyncSandbox

SILENCE_SECONDS = 120.0
"""A stream this quiet is given up: a half-open connection looks like a thinking agent."""

_NO_SUCH_FILE = 44
_CHUNKS_AHEAD = 64
_KILL_SECONDS = 5.0


class Tail:
    """One stream.

    Attributes:
        ended: Whether the file was read to its end and nobody writes to it any more; False after
            the lines stopped means that the stream was given up.
    """

    def __init__(
        self, link: "AsyncSandbox", path: str, *, pid: int | None, silence: float = SILENCE_SECONDS
    ) -> None:
        self.ended = False
        self._link = link
        self._path = path
        self._pid = pid
        self._silence = silence
        self._silent = False
        self._chunks: asyncio.Queue[str | None] = asyncio.Queue(_CHUNKS_AHEAD)

    async def lines(self, *, skip: int) -> AsyncGenerator[str, None]:
        """Yield the lines after the first ``skip`` ones.

        Raises:
            NotFound: If there is no such file.
            Exception: The SDK's own, if the stream is cut.
        """
        handle = await self._open(skip)
        watcher = asyncio.create_task(self._watch(handle))
        splitter = LineSplitter()
        try:
            while (chunk := await self._heard()) is not None:
                for line in splitter.feed(chunk):
                    yield line
            if self._silent:
                return
            await watcher
            self.ended = True
            if (last := splitter.rest()) is not None:
                yield last
        finally:
            await self._leave(handle, watcher)

    async def _open(self, skip: int) -> "AsyncCommandHandle":
        # Older versions of the SDK always keep all output in memory.
        run = self._link.commands.run
        lean: Any = (
            {"retain_output": False} if "retain_output" in inspect.signature(run).parameters else {}
        )
        handle: AsyncCommandHandle = await run(
            self._command(skip), background=True, timeout=0, on_stdout=self._chunks.put, **lean
        )
        return handle

    def _command(self, skip: int) -> str:
        path = shlex.quote(self._path)
        growing = "" if self._pid is None else f"-f -s 0.1 --pid={self._pid} "
        return (
            f"test -f {path} || exit {_NO_SUCH_FILE}; "
            f"exec tail -n +{skip + 1} {growing}-- {path} 2>/dev/null"
        )

    async def _heard(self) -> str | None:
        try:
            async with asyncio.timeout(self._silence):
                return await self._chunks.get()
        except TimeoutError:
            self._silent = True
            return None

    async def _watch(self, handle: "AsyncCommandHandle") -> None:
        try:
            await handle.wait()
        except Exception as error:
            exited = completed(error)
            if exited is None:
                raise
            if exited.exit_code == _NO_SUCH_FILE:
                raise NotFound("There is no such file in the sandbox.", detail=self._path) from None
            raise Unavailable(f"tail ended with {exited.exit_code} in the sandbox.") from None
        finally:
            await self._chunks.put(None)

    async def _leave(self, handle: "AsyncCommandHandle", watcher: "asyncio.Task[None]") -> None:
        running = not watcher.done()
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        await handle.disconnect()
        if not running:
            return
        # Leaving a stream does not end the command behind it.
        try:
            await self._link.commands.kill(handle.pid, request_timeout=_KILL_SECONDS)
        except Exception as error:
            if not is_fault(error):
                raise
