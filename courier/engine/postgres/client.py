"""Looking at the runs in a database and asking things of them, from any machine."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TypeVar

from courier.engine.inflight import Json, RunState
from courier.engine.journal import rows
from courier.engine.journal.rows import Submission
from courier.engine.journal.schema import to_micros, to_text
from courier.engine.journal.tables import TableReader, forget_each, look_until_ended
from courier.engine.journal.writer import Transaction, Write
from courier.engine.postgres.claims import ALL
from courier.engine.postgres.groups import notify
from courier.engine.postgres.schema import Database, find_session, open_session, unavailable
from courier.engine.postgres.session import Busy, InDoubt, Lost, Session
from courier.engine.postgres.writer import LOCKING
from courier.ports.clock import Clock

T = TypeVar("T")


class PostgresReader(TableReader):
    """The `RunReader` of a database; works with and without workers."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._session: Session | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="courier-reader")

    async def workers(self) -> Sequence[str]:
        """Return the workers that are alive, the oldest first."""
        return await self._read(_workers) or ()

    def other(self) -> str | None:
        """Return who runs the runs, in words; None if nobody does. Blocks for one query."""
        count = len(self._thread.submit(self._query, _workers).result() or ())
        return None if not count else f"{count} worker{'' if count == 1 else 's'}"

    async def ask(self, query: Callable[[Session], T]) -> T | None:
        """Return the answer to a query; None if there are no tables yet.

        Raises:
            Unavailable: If the database cannot be reached now.
        """
        return await self._read(query)

    async def close(self) -> None:
        """Close the connection; it is opened again when needed."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)

    async def _read(self, query: Callable[[Session], T]) -> T | None:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._query, query)

    def _query(self, query: Callable[[Session], T]) -> T | None:
        """Ask; a connection that went since the last time is made anew once."""
        for fresh in (self._session is None, True):
            session = self._session = self._session or find_session(
                self._database, name="courier reader"
            )
            if session is None:
                return None
            try:
                return query(session)
            except (Lost, Busy) as fault:
                self._disconnect()
                if fresh:
                    raise unavailable(self._database, fault) from fault
        return None

    def _disconnect(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


class Asker(PostgresReader, ABC):
    """The part of `RunClient` that clients and workers have in common."""

    @abstractmethod
    async def _write(self, write: Write[T]) -> T:
        """Commit a write in a transaction of its own."""

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
        run = Submission(
            run_id, flow, to_text(input), queue, priority, self._clock.now(), not_before
        )
        return await self._write(lambda tx: _submit(tx, run))

    async def cancel(self, run_id: str, *, by: str, reason: str) -> bool:
        """Ask a run to stop."""
        now = self._clock.now()
        came = await self._write(lambda tx: rows.cancel(tx, run_id, by=by, reason=reason, now=now))
        return came is not rows.Cancelled.VAIN

    async def send(self, run_id: str, signal: str, value: Json) -> None:
        """Send a signal."""
        text = to_text(value)
        await self._write(lambda tx: rows.send(tx, run_id, signal=signal, value=text))

    async def forget_some(self, runs: Collection[str], *, before: datetime) -> int:
        """Delete all that is known of those of some runs that ended before a moment."""
        return await forget_each(
            runs, lambda some: self._write(partial(forget_some, runs=some, before=before))
        )


class PostgresClient(Asker):
    """The `RunClient` of a database: asks from outside any worker."""

    def limit(self, queue: str | None, *, concurrency: int | None) -> None:
        """Let at most that many runs of a queue, or with None of all, run at once."""
        self._thread.submit(self._commit, lambda tx: limit(tx, queue, concurrency))

    async def wait(self, run_id: str) -> RunState:
        """Return the run once it has ended; looks a few times a second."""
        return await look_until_ended(self, run_id, self._clock)

    async def commit(self, write: Write[T]) -> T:
        """Carry a write out in a transaction of its own and return its answer.

        Raises:
            Unavailable: If the database cannot be reached now.
        """
        return await self._write(write)

    async def _write(self, write: Write[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, write)

    def _commit(self, write: Write[T]) -> T:
        """Commit in one transaction; a connection that went since the last time is made anew."""
        session, number = self._begun()
        try:
            transaction = Transaction(session, locking=LOCKING)
            answer = write(transaction)
            notify(session, self._database.schema, transaction.facts)
            self._finish(session, number)
        except (Lost, Busy) as fault:
            self._disconnect()
            raise unavailable(self._database, fault) from fault
        except BaseException:
            session.roll_back()
            raise
        return answer

    def _begun(self) -> tuple[Session, str]:
        for fresh in (self._session is None, True):
            session = self._session = self._session or open_session(
                self._database, name="courier client", upgrade=False
            )
            try:
                return session, session.begin()
            except (Lost, Busy) as fault:
                self._disconnect()
                if fresh:
                    raise unavailable(self._database, fault) from fault
        raise AssertionError("Twice fresh.")

    def _finish(self, session: Session, number: str) -> None:
        """Commit; where the answer got lost, ask what became of it."""
        try:
            session.commit(number)
        except InDoubt as doubt:
            again = open_session(self._database, name="courier client", upgrade=False)
            try:
                if not again.became_of(doubt.transaction):
                    raise
            finally:
                again.close()


def limit(write: Transaction, queue: str | None, concurrency: int | None) -> None:
    """Set how many runs of a queue, or with None of all, may run at once."""
    name = ALL if queue is None else queue
    write.execute(
        "INSERT INTO queues (name, concurrency) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET concurrency = excluded.concurrency",
        (name, concurrency),
    )
    write.note("", "rested")


def _submit(write: Transaction, run: Submission) -> bool:
    if rows.submit(write, run) is None:
        return False
    write.execute("INSERT INTO queues (name) VALUES (?) ON CONFLICT DO NOTHING", (run.queue,))
    return True


def _workers(session: Session) -> Sequence[str]:
    found = session.execute(
        "SELECT id FROM workers WHERE beat_at > clock_timestamp() - interval '10 s' ORDER BY since"
    )
    return [str(row[0]) for row in found.fetchall()]


def forget(write: Transaction, *, before: datetime, most: int) -> int:
    """Delete runs that ended before a moment, at most so many; return how many."""
    ended = write.execute(
        "SELECT id FROM runs WHERE ended_at < ? ORDER BY ended_at LIMIT ?",
        (to_micros(before), most),
    ).fetchall()
    return forget_some(write, [str(run) for (run,) in ended], before=before)


def forget_some(write: Transaction, runs: Sequence[str], *, before: datetime) -> int:
    """Delete those of some runs that ended before a moment, with what they said.

    They are taken in the order of their names, so that two who forget the same never wait for each
    other in a circle.
    """
    for run in sorted(runs):
        write.execute(
            "DELETE FROM transcripts WHERE run = ? AND EXISTS"
            " (SELECT 1 FROM runs WHERE id = ? AND ended_at < ?)",
            (run, run, to_micros(before)),
        )
    return rows.forget_some(write, sorted(runs), before=before)
