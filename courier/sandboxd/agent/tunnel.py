"""Connections from outside to ports that processes of the sandbox listen on."""

import errno
import os
import socket

from courier.sandboxd.agent.envelopes import Fault, pack_json
from courier.sandboxd.agent.link import Call, Link
from courier.sandboxd.agent.loop import READ, WRITE, Loop

CHUNK_BYTES = 64 * 1024
FULL_BYTES = 1024 * 1024


class Tunnels:
    """Carries bytes between a call and a port on the sandbox's loopback interface."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.streams = {"agent/Tunnel": self._open}

    def _open(self, link: Link, call: Call) -> None:
        _Tunnel(self._loop, link, int(call.message["port"]))


class _Tunnel:
    def __init__(self, loop: Loop, link: Link, port: int) -> None:
        self._loop = loop
        self._link = link
        self._port = port
        self._waiting = bytearray()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.settimeout(0)
        self._fd = self._socket.fileno()
        link.on_close = self._close
        link.on_input = self._take
        link.on_room = self._read_on
        problem = self._socket.connect_ex(("127.0.0.1", port))
        if problem not in (0, errno.EINPROGRESS):
            self._refuse(problem)
            return
        loop.watch(self._fd, WRITE, self._connected)

    def _connected(self) -> None:
        problem = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            self._refuse(problem)
            return
        self._link.send(pack_json({}))
        self._loop.watch(self._fd, READ, self._read)
        self._write()

    def _refuse(self, problem: int) -> None:
        self._link.end(Fault("unavailable", f"port {self._port}: {os.strerror(problem)}"))

    def _take(self, data: bytes) -> None:
        self._waiting += data
        self._write()
        if len(self._waiting) > FULL_BYTES:
            self._link.pause_input()

    def _write(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: self._socket.send(self._waiting[:CHUNK_BYTES])]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._link.close()
            return
        if self._link.closed:
            return
        if len(self._waiting) <= FULL_BYTES:
            self._link.resume_input()
        self._loop.watch(self._fd, WRITE, self._write if self._waiting else None)

    def _read(self) -> None:
        try:
            data = self._socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.forget(self._fd)
            self._link.finish()
            return
        self._link.send(data)
        if self._link.full:
            self._loop.watch(self._fd, READ, None)

    def _read_on(self) -> None:
        self._loop.watch(self._fd, READ, self._read)

    def _close(self) -> None:
        self._loop.forget(self._fd)
        self._socket.close()
