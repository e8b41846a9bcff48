"""Who waits for the end of which run."""

import asyncio


class Waiters:
    """Futures by the name of the run they wait for."""

    def __init__(self) -> None:
        self._of: dict[str, set[asyncio.Future[None]]] = {}

    def of(self, run_id: str) -> "asyncio.Future[None]":
        """Return a future that is done when the run's end is told."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._of.setdefault(run_id, set()).add(waiter)
        return waiter

    def tell(self, run_id: str) -> None:
        """Wake those who wait for a run."""
        for waiter in self._of.pop(run_id, ()):
            if not waiter.done():
                waiter.set_result(None)

    def forget(self, run_id: str, waiter: "asyncio.Future[None]") -> None:
        """Nobody awaits that future any more."""
        waiters = self._of.get(run_id)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                del self._of[run_id]

    def break_off(self) -> None:
        """Cancel all waiting."""
        for waiters in list(self._of.values()):
            for waiter in waiters:
                waiter.cancel()
