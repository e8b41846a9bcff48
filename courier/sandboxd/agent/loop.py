"""The agent's event loop: readiness callbacks, timers and child deaths, in one thread."""

import contextlib
import heapq
import itertools
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE
Callback = Callable[[], object]


class Timer:
    """A callback that happens once, unless cancelled."""

    def __init__(self, callback: Callback) -> None:
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """Make sure that the callback does not happen any more."""
        self.callback = None


class Loop:
    """Waits for file descriptors, timers and children."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._watched: dict[int, dict[int, Callback]] = {}
        self._running = True
        self._wake_ends: tuple[socket.socket, ...] = ()

    def watch(self, fd: int, event: int, callback: Callback | None) -> None:
        """Call back whenever the descriptor is ready; ``None`` stops watching that event."""
        callbacks = self._watched.setdefault(fd, {})
        before = bool(callbacks)
        if callback is None:
            callbacks.pop(event, None)
        else:
            callbacks[event] = callback
        events = sum(callbacks)
        if not events:
            self._watched.pop(fd)
            if before:
                self._selector.unregister(fd)
        elif before:
            self._selector.modify(fd, events, callbacks)
        else:
            self._selector.register(fd, events, callbacks)

    def forget(self, fd: int) -> None:
        """Stop watching a descriptor, which is about to be closed."""
        callbacks = self._watched.pop(fd, None)
        if callbacks:
            self._selector.unregister(fd)
            # Readiness that was already reported must not reach whoever gets this number next.
            callbacks.clear()

    def after(self, seconds: float, callback: Callback) -> Timer:
        """Call back once, that many seconds from now."""
        timer = Timer(callback)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), timer))
        return timer

    def on_child_death(self, callback: Callback) -> None:
        """Call back soon after any child has died."""
        woken, wake = self._wake_ends = socket.socketpair()
        for end in self._wake_ends:
            end.settimeout(0)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)

        def drain() -> None:
            with contextlib.suppress(BlockingIOError):
                woken.recv(4096)
            callback()

        self.watch(woken.fileno(), READ, drain)

    def stop(self) -> None:
        """Let `run` return after the present callbacks."""
        self._running = False

    def run(self) -> None:
        """Serve until stopped."""
        while self._running:
            self.step()

    def step(self) -> None:
        """Wait until something happens and serve that."""
        for key, ready in self._selector.select(self._until_next_timer()):
            for event in (READ, WRITE):
                callback = key.data.get(event) if ready & event else None
                if callback is not None:
                    _attempt(callback)
        self._fire_timers()

    def _until_next_timer(self) -> float | None:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return None
        return max(0.0, self._timers[0][0] - time.monotonic())

    def _fire_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            callback = heapq.heappop(self._timers)[2].callback
            if callback is not None:
                _attempt(callback)


def _attempt(callback: Callback) -> None:
    try:
        callback()
    except Exception:  # noqa: BLE001 - one bad call must not end the whole sandbox
        sys.excepthook(*sys.exc_info())
