"""A network cable between a process and a server, which can be cut."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE = 1 << 16


class Cable:
    """Passes bytes on both ways between a port of its own and a server's.

    While it is cut nothing comes through and nobody is told, as with a real one.
    """

    def __init__(self, port: int) -> None:
        self._far = port
        self._near = socket.create_server(("127.0.0.1", 0))
        self._whole = threading.Event()
        self._whole.set()
        self._is_gone = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._near.getsockname()[1])

    @property
    def is_cut(self) -> bool:
        return not self._whole.is_set()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def close(self) -> None:
        self._is_gone = True
        self._whole.set()
        self._near.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._near.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(caller,), daemon=True).start()

    def _join(self, caller: socket.socket) -> None:
        self._whole.wait()
        there = ("127.0.0.1", self._far)
        with caller, suppress(OSError), socket.create_connection(there) as called:
            self._carry(caller, called)

    def _carry(self, caller: socket.socket, called: socket.socket) -> None:
        ends = {caller: called, called: caller}
        with selectors.DefaultSelector() as both:
            for end in ends:
                both.register(end, selectors.EVENT_READ, end)
            while not self._is_gone:
                for key, _ in both.select(timeout=0.5):
                    piece = key.data.recv(_PIECE)
                    self._whole.wait()
                    if not piece:
                        return
                    ends[key.data].sendall(piece)


@contextmanager
def cable(port: int) -> Iterator[Cable]:
    """Lay a cable to a port of this machine."""
    made = Cable(port)
    try:
        yield made
    finally:
        made.close()
