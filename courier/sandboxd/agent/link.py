"""One call from the server: a connection that carries a request in and an answer out."""

import socket
from collections import deque
from collections.abc import Callable

from courier.sandboxd.agent.envelopes import (
    END,
    Fault,
    Message,
    Unpacker,
    pack_end,
    pack_json,
    parse,
)
from courier.sandboxd.agent.loop import READ, WRITE, Loop

CHUNK_BYTES = 256 * 1024
FULL_BYTES = 64 * 1024
Opener = Callable[["Link", "Call"], None]


class Call:
    """What is asked: a method, its message, and how long the asker waits.

    Attributes:
        method: Such as ``process.Process/Start``.
        message: The request as proto3 JSON.
        timeout: Seconds, or zero for none.
        keepalive: Seconds of silence after which a stream says that it is alive, zero for never.
    """

    def __init__(self, payload: bytes) -> None:
        fields = self.fields = parse(payload)
        self.method = str(fields["method"])
        self.message: Message = fields.get("message") or {}
        self.timeout = float(fields.get("timeout") or 0)
        self.keepalive = float(fields.get("keepalive") or 0)


class Link:
    """The agent's end of one connection; everything sent is queued, never blocking."""

    def __init__(self, loop: Loop, connection: socket.socket, open_call: Opener) -> None:
        self._loop = loop
        self._socket = connection
        self._fd = connection.fileno()
        self._open_call: Opener | None = open_call
        self._unpacker = Unpacker()
        self._queue: deque[memoryview] = deque()
        self._queued = 0
        self._sent = 0
        self._ending = False
        self.closed = False
        self.on_input: Callable[[bytes], None] | None = None
        self.on_input_end: Callable[[], None] | None = None
        self.on_room: Callable[[], None] | None = None
        self.on_close: Callable[[], None] | None = None
        connection.settimeout(0)
        loop.watch(self._fd, READ, self._read)

    @property
    def full(self) -> bool:
        """Whether the reader is so far behind that the writer ought to wait."""
        return self._queued > FULL_BYTES

    def send(self, data: bytes) -> None:
        """Queue bytes; does nothing once closed."""
        if self.closed or self._ending:
            return
        self._queue.append(memoryview(data))
        self._queued += len(data)
        self._sent += 1
        if len(self._queue) == 1:
            self._flush()

    def answer(self, message: Message) -> None:
        """Send the only message of a unary call and end it."""
        self.send(pack_json(message))
        self.end()

    def end(self, fault: Fault | None = None) -> None:
        """Say that nothing follows, well or with a fault, and close once that is sent."""
        if self._ending:
            return
        self.send(pack_end(fault))
        self._ending = True
        self._flush()

    def finish(self) -> None:
        """Close once everything is sent, without saying how it ended."""
        if not self._ending:
            self._ending = True
            self._flush()

    def limit(self, call: Call, *, alive: bytes) -> None:
        """End the stream at the call's timeout, and send ``alive`` whenever it was silent."""
        if call.timeout:
            late = Fault("deadline_exceeded", "The stream reached its timeout.")
            self._loop.after(call.timeout, lambda: self.end(late))
        if call.keepalive:
            self._keep_alive(call.keepalive, alive)

    def _keep_alive(self, seconds: float, alive: bytes) -> None:
        sent = self._sent

        def check() -> None:
            if self.closed:
                return
            if self._sent == sent and not self._queue:
                self.send(alive)
            self._keep_alive(seconds, alive)

        self._loop.after(seconds, check)

    def pause_input(self) -> None:
        """Read nothing more until `resume_input`."""
        if not self.closed:
            self._loop.watch(self._fd, READ, None)

    def resume_input(self) -> None:
        """Go on reading."""
        if not self.closed:
            self._loop.watch(self._fd, READ, self._read)

    def close(self) -> None:
        """Drop the connection and tell whoever serves it."""
        if self.closed:
            return
        self.closed = True
        self._queue.clear()
        self._loop.forget(self._fd)
        self._socket.close()
        if self.on_close is not None:
            self.on_close()

    def _read(self) -> None:
        try:
            data = self._socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        try:
            for flag, payload in self._unpacker.feed(data):
                self._take(flag, payload)
        except Fault as fault:
            self.end(fault)

    def _take(self, flag: int, payload: bytes) -> None:
        if self._open_call is not None:
            open_call, self._open_call = self._open_call, None
            open_call(self, Call(payload))
        elif flag & END:
            if self.on_input_end is not None:
                self.on_input_end()
        elif self.on_input is not None:
            self.on_input(payload)

    def _flush(self) -> None:
        if self.closed:
            return
        was_full = self.full
        try:
            while self._queue:
                sent = self._socket.send(self._queue[0])
                self._queued -= sent
                if sent == len(self._queue[0]):
                    self._queue.popleft()
                else:
                    self._queue[0] = self._queue[0][sent:]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if self._ending and not self._queue:
            self.close()
            return
        self._loop.watch(self._fd, WRITE, self._flush if self._queue else None)
        if was_full and not self.full and self.on_room is not None:
            self.on_room()
