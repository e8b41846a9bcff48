"""The journal's one writer: a thread that commits what many ask for in groups."""

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, Literal, Protocol, TypeVar

from courier.errors import CourierError

T = TypeVar("T")
log = logging.getLogger(__name__)

GROUP_SIZE = 1_000
POLL_SECONDS = 0.1
RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a commit put on record.

    Attributes:
        run: The run's name.
        kind: submitted, started, opened, saved, closed, cancelAsked, sent or ended.
        name: The step or signal it is about, else empty.
    """

    run: str
    kind: str
    name: str = ""


Observer = Callable[[Literal["before", "after"], Sequence[Fact]], None]
"""Called in the writer's thread just before and just after a commit that holds facts."""


class Answer(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Statements(Protocol):
    """A connection as writes see it; values stand as ``?``."""

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Answer:
        """Carry one statement out."""
        ...


class Transaction:
    """One open transaction: statements, and the facts they put on record.

    Args:
        connection: Carries the statements out.
        locking: What a SELECT ends with to keep others from its row until the commit, where
            several may write at once.
    """

    __slots__ = ("execute", "facts", "locking")

    def __init__(self, connection: Statements, *, locking: str = "") -> None:
        self.execute = connection.execute
        self.locking = locking
        self.facts: list[Fact] = []

    def note(self, run: str, kind: str, name: str = "") -> None:
        """Say that this commit holds a fact."""
        self.facts.append(Fact(run, kind, name))


Write = Callable[[Transaction], T]
"""What to write: runs statements, returns an answer. Must be repeatable: it may run twice."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Another process did something to a run; ``signal`` names the signal it sent."""

    run_id: str
    signal: str | None


class Asked(Generic[T]):
    """One write on its way, and its answer."""

    __slots__ = ("answer", "error", "future", "given_up", "then", "write")

    def __init__(
        self, write: Write[T], then: Callable[[T], None] | None, future: asyncio.Future[T]
    ) -> None:
        self.write = write
        self.then = then
        self.future = future
        self.answer: T | None = None
        self.error: Exception | None = None
        self.given_up = False

    def run(self, transaction: Transaction) -> None:
        """Carry the write out; what it refuses is its answer."""
        try:
            self.answer = self.write(transaction)
        except CourierError as refused:
            self.error = refused

    def deliver(self) -> None:
        """Give the answer to whoever asked, on the loop."""
        if self.then is not None and self.error is None and not self.given_up:
            self.then(self.answer)  # type: ignore[arg-type]  # set by run
        if self.future.done():
            return
        if self.given_up:
            self.future.cancel()
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.answer)  # type: ignore[arg-type]  # set by run


class Writer:
    """Serves one event loop. Answers arrive on it in the order of commits."""

    def __init__(self, connection: sqlite3.Connection, *, observer: Observer | None) -> None:
        self._connection = connection
        self._observer = observer
        self._on_notices: Callable[[Sequence[Notice]], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._asked: SimpleQueue[Asked[object] | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._closed = False
        self._seen_version = -1
        self._thread = threading.Thread(target=self._serve, name="courier-journal", daemon=True)

    def start(self, on_notices: Callable[[Sequence[Notice]], None]) -> None:
        """Begin to serve; notices are told on the loop."""
        self._on_notices = on_notices
        self._thread.start()

    async def write(self, write: Write[T], *, then: Callable[[T], None] | None = None) -> T:
        """Commit a write, together with others, and return its answer once it is durable.

        Args:
            write: What to write.
            then: Called with the answer on the loop even if nobody awaits it any more.

        Raises:
            CourierError: What the write itself raised; it must do so before its first change.
        """
        if self._closed:
            raise asyncio.CancelledError("The journal is closed.")
        future: asyncio.Future[T] = self._loop.create_future()
        self._asked.put(Asked(write, then, future))  # type: ignore[arg-type]  # answers are typed by T
        return await future

    def hurry(self) -> None:
        """Hold nothing from now on: what cannot be committed at once is given up."""
        self._stopping.set()

    async def stop(self) -> None:
        """Commit what was asked for so far, then end the thread and close the connection."""
        self.hurry()
        self._closed = True
        self._asked.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _serve(self) -> None:
        going_on = True
        while going_on:
            group, going_on = self._next_group()
            if group:
                self._commit(group)
            self._look_for_notices()
        self._connection.close()

    def _next_group(self) -> tuple[list[Asked[object]], bool]:
        group: list[Asked[object]] = []
        try:
            asked = self._asked.get(timeout=POLL_SECONDS)
            while asked is not None and len(group) < GROUP_SIZE:
                group.append(asked)
                asked = self._asked.get_nowait()
        except Empty:
            return group, True
        if asked is not None:
            group.append(asked)
        return group, asked is not None

    def _commit(self, group: list[Asked[object]]) -> None:
        try:
            self._commit_together(group)
        except Exception as fault:  # noqa: BLE001 - one broken write must not end the writer of all
            if _passes(fault):
                self._commit_later(group, fault)
            elif len(group) == 1:
                group[0].error = fault
            else:
                for asked in group:
                    self._commit([asked])
                return
        self._tell(deliver, group)

    def _commit_together(self, group: Sequence[Asked[object]]) -> None:
        transaction = Transaction(self._connection)
        transaction.execute("BEGIN IMMEDIATE")
        try:
            for asked in group:
                asked.run(transaction)
            self._observe("before", transaction.facts)
            transaction.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                transaction.execute("ROLLBACK")
            raise
        self._observe("after", transaction.facts)

    def _commit_later(self, group: list[Asked[object]], fault: Exception) -> None:
        """Hold everything until the file can be written; the runs wait meanwhile."""
        log.warning("The journal cannot be written (%s); everything waits until it can.", fault)
        while not self._stopping.wait(RETRY_SECONDS):
            try:
                self._commit_together(group)
            except sqlite3.OperationalError:
                continue
            log.warning("The journal can be written again.")
            return
        for asked in group:
            asked.given_up = True

    def _observe(self, when: Literal["before", "after"], facts: Sequence[Fact]) -> None:
        if self._observer is not None and facts:
            self._observer(when, facts)

    def _look_for_notices(self) -> None:
        # The number moves only when another connection has committed.
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version == self._seen_version:
            return
        try:
            notices = self._take_notices()
        except sqlite3.OperationalError as fault:
            log.warning("The journal's notices cannot be read now (%s).", fault)
            return
        self._seen_version = version
        if notices and self._on_notices is not None:
            self._tell(self._on_notices, notices)

    def _take_notices(self) -> list[Notice]:
        rows = self._connection.execute("SELECT id, run_id, signal FROM notices").fetchall()
        if rows:
            self._connection.execute("DELETE FROM notices WHERE id <= ?", (max(rows)[0],))
        return [Notice(run_id, signal) for _, run_id, signal in rows]

    def _tell(self, function: Callable[[Sequence[T]], None], values: Sequence[T]) -> None:
        # A loop that is closed has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, values)


def _passes(fault: Exception) -> bool:
    """Whether a fault of the file may pass: busy, locked, disk full, no memory, input or output."""
    code = getattr(fault, "sqlite_errorcode", None)
    return (
        isinstance(fault, sqlite3.OperationalError)
        and code is not None
        and code & 0xFF
        in (
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
            sqlite3.SQLITE_NOMEM,
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_CANTOPEN,
        )
    )


def deliver(group: Sequence[Asked[object]]) -> None:
    """Give all answers, in order."""
    for asked in group:
        asked.deliver()
