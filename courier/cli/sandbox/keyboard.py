"""What a person types, byte by byte, and the size of the terminal it is typed at."""

import asyncio
import os
import select
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from shutil import get_terminal_size

from courier.ports.sandboxes import TerminalSize

_CHUNK = 4096


@contextmanager
def raw(fd: int) -> Iterator[None]:
    """Hand every key on as it is, Ctrl-C included; the terminal is as it was at the end."""
    if not os.isatty(fd):
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(fd)
    try:
        # Not flushed: what was typed ahead is meant for the sandbox.
        tty.setraw(fd, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def size() -> TerminalSize:
    """Return the size of the terminal, or the usual one where there is none."""
    columns, rows = get_terminal_size()
    return TerminalSize(rows=rows, columns=columns)


class Keyboard:
    """Reads a file descriptor in a thread of its own: terminals, pipes and files alike."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._woken, self._wake = os.pipe()
        # A daemon: nobody can be made to end a read that waits for a person.
        self._thread = threading.Thread(target=self._read, name="keyboard", daemon=True)
        self._thread.start()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what is typed; ends at its end."""
        while chunk := await self._chunks.get():
            yield chunk

    async def lines(self) -> AsyncIterator[str]:
        """Yield whole lines, and what is left at the end."""
        rest = b""
        async for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")
        if rest:
            yield rest.decode("utf-8", "replace")

    def close(self) -> None:
        """Stop reading; what is typed after that is left for others."""
        os.close(self._wake)
        self._thread.join(timeout=1)
        os.close(self._woken)

    def _read(self) -> None:
        chunk = b" "
        while chunk:
            ready, _, _ = select.select([self._fd, self._woken], [], [])
            if self._woken in ready:
                return
            try:
                chunk = os.read(self._fd, _CHUNK)
            except OSError:
                chunk = b""
            try:
                self._loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)
            except RuntimeError:
                return
