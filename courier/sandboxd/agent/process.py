"""One process started for the asker: its pipes or terminal, who listens, and how it ended.

Output goes to whoever is subscribed at that moment and is discarded when nobody is. A subscriber
that reads too slowly stops the reading, and so in the end the process. The end is told when the
output is closed, or when the process was killed on request.
"""

import base64
import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from courier.sandboxd.agent.envelopes import Fault, Message, pack_json
from courier.sandboxd.agent.link import Link
from courier.sandboxd.agent.loop import READ, WRITE, Loop

PIPE_CHUNK_BYTES = 32 * 1024
TERMINAL_CHUNK_BYTES = 16 * 1024
FULL_INPUT_BYTES = 1024 * 1024


class Spawn(NamedTuple):
    """How to start a process; a terminal has rows and columns, else there are pipes."""

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    stdin: bool = True
    terminal: tuple[int, int] | None = None


class Ending(NamedTuple):
    """What `Process` tells about its end, in envd's words."""

    code: int

    def to_json(self) -> Message:
        """Return the event: a death by signal has code -1 and the signal's name as status."""
        if self.code >= 0:
            status = f"exit status {self.code}"
        else:
            status = f"signal: {(signal.strsignal(-self.code) or str(-self.code)).lower()}"
        event: Message = {
            "exitCode": self.code if self.code >= 0 else -1,
            "exited": self.code >= 0,
            "status": status,
        }
        if self.code:
            event["error"] = status
        return event


class _Input:
    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.queue = bytearray()
        self.closing = False


def set_size(fd: int, size: tuple[int, int]) -> None:
    """Tell a terminal its rows and columns."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))


class Process:
    """A started process; `on_end` is called once, after every subscriber was told."""

    def __init__(self, loop: Loop, spawn: Spawn, on_end: Callable[["Process"], None]) -> None:
        self._loop = loop
        self._on_end = on_end
        self._subscribers: list[Link] = []
        self._outputs: dict[int, str] = {}
        self._input: _Input | None = None
        self._master: int | None = None
        self._cancelled = False
        self._code: int | None = None
        self.ending: Ending | None = None
        self._popen = self._open_terminal(spawn) if spawn.terminal else self._open_pipes(spawn)
        self.pid = self._popen.pid
        for fd in self._outputs:
            os.set_blocking(fd, False)
        self._read_on()

    @property
    def has_terminal(self) -> bool:
        """Whether it runs on a terminal."""
        return self._master is not None

    def subscribe(self, link: Link) -> None:
        """Send all further output, and the end, to the link."""
        self._subscribers.append(link)
        link.on_room = self._read_on

        def leave() -> None:
            if link in self._subscribers:
                self._subscribers.remove(link)
            self._read_on()

        link.on_close = leave

    def write(self, data: bytes) -> None:
        """Queue input for the terminal or the pipe."""
        if self._input is None or self._input.closing:
            raise Fault("internal", "stdin not enabled or closed")
        if len(self._input.queue) + len(data) > FULL_INPUT_BYTES * 16:
            raise Fault("resource_exhausted", "The process does not read its input.")
        self._input.queue += data
        self._write_on()

    @property
    def input_full(self) -> bool:
        """Whether the process is far behind in reading its input."""
        return self._input is not None and len(self._input.queue) > FULL_INPUT_BYTES

    def close_input(self) -> None:
        """Let the process read the end of its input once it has read the rest."""
        if self._input is not None:
            self._input.closing = True
            self._write_on()

    def resize(self, size: tuple[int, int]) -> None:
        """Give the terminal new rows and columns."""
        if self._master is None:
            raise Fault("internal", "tty not assigned to process")
        set_size(self._master, size)

    def signal(self, number: int) -> None:
        """Signal this one process, not its children; its end is then told at its death."""
        if self._code is not None:
            return
        self._cancelled = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def reaped(self, code: int) -> None:
        """Take note of its death, with a negative code for a signal."""
        self._code = self._popen.returncode = code
        if self._cancelled:
            for fd in list(self._outputs):
                self._drain(fd)
        self._end_if_done()

    def _open_pipes(self, spawn: Spawn) -> subprocess.Popen[bytes]:
        stdin = subprocess.PIPE if spawn.stdin else subprocess.DEVNULL
        popen = subprocess.Popen(
            spawn.argv,
            cwd=spawn.cwd,
            env=spawn.env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            close_fds=False,
            start_new_session=True,
        )
        for stream, name in ((popen.stdout, "stdout"), (popen.stderr, "stderr")):
            if stream is not None:
                self._outputs[stream.fileno()] = name
        if popen.stdin is not None:
            self._input = _Input(popen.stdin.fileno())
            os.set_blocking(self._input.fd, False)
        return popen

    def _open_terminal(self, spawn: Spawn) -> subprocess.Popen[bytes]:
        master, slave = os.openpty()
        try:
            set_size(master, spawn.terminal or (24, 80))
            popen = subprocess.Popen(
                spawn.argv,
                cwd=spawn.cwd,
                env=spawn.env,
                close_fds=False,
                preexec_fn=partial(os.login_tty, slave),
            )
        except BaseException:
            os.close(master)
            raise
        finally:
            os.close(slave)
        self._master = master
        self._outputs[master] = "pty"
        self._input = _Input(master)
        return popen

    def _read_on(self) -> None:
        waiting = any(link.full for link in self._subscribers)
        for fd in self._outputs:
            self._loop.watch(fd, READ, None if waiting else partial(self._read, fd))

    def _read(self, fd: int) -> bool:
        size = TERMINAL_CHUNK_BYTES if fd == self._master else PIPE_CHUNK_BYTES
        try:
            data = os.read(fd, size)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._close_output(fd)
            self._end_if_done()
            return False
        self._publish({"data": {self._outputs[fd]: base64.b64encode(data).decode()}})
        if any(link.full for link in self._subscribers):
            self._read_on()
        return True

    def _drain(self, fd: int) -> None:
        while fd in self._outputs and self._read(fd):
            pass

    def _publish(self, event: Message) -> None:
        if self._subscribers:
            envelope = pack_json({"event": event})
            for link in tuple(self._subscribers):
                link.send(envelope)

    def _write_on(self) -> None:
        pending = self._input
        if pending is None:
            return
        try:
            while pending.queue:
                del pending.queue[: os.write(pending.fd, pending.queue[:PIPE_CHUNK_BYTES])]
        except BlockingIOError:
            pass
        except OSError:
            pending.queue.clear()
            pending.closing = True
        if pending.closing and not pending.queue:
            self._close_input()
            return
        self._loop.watch(pending.fd, WRITE, self._write_on if pending.queue else None)

    def _close_input(self) -> None:
        pending, self._input = self._input, None
        if pending is not None and pending.fd != self._master:
            self._loop.forget(pending.fd)
            if self._popen.stdin is not None:
                with contextlib.suppress(OSError):
                    self._popen.stdin.close()

    def _close_output(self, fd: int) -> None:
        name = self._outputs.pop(fd)
        self._loop.forget(fd)
        stream = {"stdout": self._popen.stdout, "stderr": self._popen.stderr}.get(name)
        if stream is not None:
            stream.close()
        elif fd == self._master:
            self._input = None
            os.close(fd)

    def _end_if_done(self) -> None:
        if self._code is None or self.ending is not None:
            return
        if self._outputs and not self._cancelled:
            return
        self.ending = Ending(self._code)
        for fd in list(self._outputs):
            self._close_output(fd)
        self._close_input()
        self._publish({"end": self.ending.to_json()})
        for link in tuple(self._subscribers):
            link.end()
        self._subscribers.clear()
        self._on_end(self)
