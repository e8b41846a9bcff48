"""Looking at the journal and asking things of it, from the engine's process or another."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from courier.engine.inflight import Json, RunState
from courier.engine.journal import rows
from courier.engine.journal.schema import Durability, open_reader, open_writer, to_text
from courier.engine.journal.tables import TableReader, forget_each, look_until_ended
from courier.engine.journal.writer import Transaction, Write
from courier.errors import Unavailable
from courier.ports.clock import Clock

T = TypeVar("T")


class JournalReader(TableReader):
    """The `RunReader` of a data folder; needs no lock, works while an engine runs and without."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="courier-reader")

    async def close(self) -> None:
        """Close the connection; it is opened again when needed."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T | None:
        def read() -> T | None:
            if self._connection is None:
                self._connection = open_reader(self._folder)
            return None if self._connection is None else query(self._connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class JournalClient(JournalReader):
    """The `RunClient` of a data folder: asks from outside the engine's process.

    A running engine notices within a fraction of a second, another at its start.
    """

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        super().__init__(folder)
        self._clock = clock

    async def submit(  # noqa: PLR0913 - the seam's signature
        self,
        run_id: str,
        *,
        flow: str,
        input: Json,
        queue: str = "default",
        priority: int = 0,
        not_before: datetime | None = None,
    ) -> bool:
        """Queue a run unless one of that name is known."""
        run = rows.Submission(
            run_id, flow, to_text(input), queue, priority, self._clock.now(), not_before
        )

        def write(tx: Transaction) -> bool:
            rows.leave_notice(tx, run_id)
            return rows.submit(tx, run) is not None

        return await self._write(write)

    async def cancel(self, run_id: str, *, by: str, reason: str) -> bool:
        """Ask a run to stop."""
        now = self._clock.now()

        def write(tx: Transaction) -> bool:
            rows.leave_notice(tx, run_id)
            came = rows.cancel(tx, run_id, by=by, reason=reason, now=now)
            return came is not rows.Cancelled.VAIN

        return await self._write(write)

    async def send(self, run_id: str, signal: str, value: Json) -> None:
        """Send a signal."""
        text = to_text(value)

        def write(tx: Transaction) -> None:
            rows.leave_notice(tx, run_id, signal=signal)
            rows.send(tx, run_id, signal=signal, value=text)

        await self._write(write)

    async def wait(self, run_id: str) -> RunState:
        """Return the run once it has ended; looks a few times a second."""
        return await look_until_ended(self, run_id, self._clock)

    async def forget_some(self, runs: Collection[str], *, before: datetime) -> int:
        """Delete all that is known of those of some runs that ended before a moment."""
        return await forget_each(
            runs, lambda some: self._write(partial(rows.forget_some, runs=some, before=before))
        )

    async def _write(self, write: Write[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, write)

    def _commit(self, write: Write[T]) -> T:
        self._folder.mkdir(parents=True, exist_ok=True)
        connection = open_writer(self._folder, durability=Durability.PROCESS, upgrade=False)
        try:
            connection.execute("BEGIN IMMEDIATE")
            answer = write(Transaction(connection))
            connection.execute("COMMIT")
        except sqlite3.OperationalError as busy:
            raise Unavailable(
                "The journal cannot be written now.",
                detail=f"{self._folder}: {busy}.",
                next_step="Try again; check the disk if it goes on.",
            ) from busy
        finally:
            connection.close()
        return answer
