"""The one writer of a worker: a thread that commits in groups, and hears what others did."""

import asyncio
import contextlib
import json
import logging
import selectors
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from courier.engine.journal.writer import Asked, Fact, Observer, Transaction, Write, deliver
from courier.engine.postgres.groups import Done, Line, notify
from courier.engine.postgres.schema import Database, open_session
from courier.engine.postgres.session import Busy, InDoubt, Lost, Session
from courier.errors import CourierError

T = TypeVar("T")
log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
RETRY_SECONDS = 0.2
LOCKING = " FOR UPDATE"


@dataclass(frozen=True, slots=True)
class Ears:
    """Whom the writer tells, on the loop.

    Attributes:
        facts: Called with what this and other workers put on record.
        reconnected: Called when facts may have been missed.
    """

    facts: Callable[[Sequence[Fact]], None]
    reconnected: Callable[[], None]


class Writer:
    """Serves one event loop. Answers arrive on it in the order of commits.

    While the database is out of reach everything waits; what was being committed when it went is
    looked up afterwards, so that nothing is done twice.
    """

    def __init__(self, database: Database, *, name: str, observer: Observer | None = None) -> None:
        self._database = database
        self.name = name
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._ears: Ears | None = None
        self._line = Line()
        self._ours, self._theirs = socket.socketpair()
        self._ours.settimeout(0)
        self._theirs.settimeout(0)
        self._stopping = threading.Event()
        self._ending = False
        self._session: Session | None = None
        self._thread = threading.Thread(target=self._serve, name="courier-postgres", daemon=True)

    @property
    def connected(self) -> bool:
        """Whether the database was within reach a moment ago."""
        return self._session is not None

    def open(self) -> None:
        """Connect for the first time; blocks.

        Raises:
            Unavailable: If the server cannot be reached.
            Misconfigured: If a newer courier made the tables.
        """
        self._session = self._connect()

    def start(self, ears: Ears) -> None:
        """Begin to serve."""
        self._ears = ears
        self._thread.start()

    async def write(
        self, write: Write[T], *, then: Callable[[T], None] | None = None, alone: bool = False
    ) -> T:
        """Commit a write, perhaps together with others, and return its answer.

        Args:
            write: What to write; may run more than once, of which one counts.
            then: Called with the answer on the loop even if nobody awaits it any more.
            alone: Whether it touches what others write: it then has a transaction of its own, so
                that two workers never wait for each other.

        Raises:
            CourierError: What the write itself raised; it must do so before its first change.
        """
        return await self.ask(write, then=then, alone=alone)

    def ask(
        self, write: Write[T], *, then: Callable[[T], None] | None = None, alone: bool = False
    ) -> "asyncio.Future[T]":
        """Put a write in line and return the future of its answer."""
        future: asyncio.Future[T] = self._loop.create_future()
        if self._ending:
            future.cancel()
            return future
        asked: Asked[object] = Asked(write, then, future)  # type: ignore[arg-type]  # answers are typed by T
        self._line.waiting.append((asked, alone))
        self._wake()
        return future

    def hurry(self) -> None:
        """Hold nothing from now on: what cannot be committed at once is given up."""
        self._stopping.set()
        self._wake()

    async def stop(self) -> None:
        """Commit what was asked for so far, then end the thread and close the connection."""
        self._ending = True
        self.hurry()
        await self._loop.run_in_executor(None, self._thread.join)
        self._ours.close()
        self._theirs.close()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._ours.send(b".")

    def _serve(self) -> None:
        while not (self._ending and not self._line.waiting):
            self._rest()
            while group := self._line.next_group():
                self._carry_out(group)
            self._listen()
        if self._session is not None:
            self._session.close()

    def _rest(self) -> None:
        """Wait until something is asked for or told."""
        if self._line.waiting:
            return
        with selectors.DefaultSelector() as looking:
            looking.register(self._theirs, selectors.EVENT_READ)
            if self._session is not None:
                with contextlib.suppress(Lost):
                    looking.register(self._session.fileno(), selectors.EVENT_READ)
            looking.select(IDLE_SECONDS)
        with contextlib.suppress(BlockingIOError):
            self._theirs.recv(4096)

    def _carry_out(self, group: "list[Asked[object]]") -> None:
        while (done := self._try(group)) is Done.NOT:
            pass
        if done is Done.APART:
            for asked in group:
                self._carry_out([asked])
            return
        if done is Done.NEVER:
            for asked in group:
                asked.given_up = True
        self._tell(deliver, group)

    def _try(self, group: "list[Asked[object]]") -> "Done":
        session = self._session or self._reconnect()
        if session is None:
            return Done.NEVER
        try:
            self._commit(session, group)
        except InDoubt as doubt:
            return Done.YES if self._settled(doubt.transaction) else Done.NOT
        except Lost as lost:
            log.warning("The database is out of reach (%s); everything waits.", lost)
            self._drop()
            return Done.NOT
        except Busy as busy:
            log.info("A write is tried again: %s", busy)
            self._roll_back()
            return Done.NOT
        except Exception as fault:  # noqa: BLE001 - one broken write must not end the writer of all
            self._roll_back()
            if len(group) > 1:
                return Done.APART
            group[0].error = fault
        return Done.YES

    def _commit(self, session: Session, group: "Sequence[Asked[object]]") -> None:
        number = session.begin()
        transaction = Transaction(session, locking=LOCKING)
        for asked in group:
            asked.error = None
            asked.run(transaction)
        self._observe("before", transaction.facts)
        notify(session, self._database.schema, transaction.facts)
        session.commit(number)
        self._observe("after", transaction.facts)

    def _settled(self, transaction: str) -> bool:
        """Return whether a transaction whose commit was broken off was committed all the same."""
        self._drop()
        while (session := self._session or self._reconnect()) is not None:
            try:
                became = session.became_of(transaction)
            except (Lost, Busy):
                self._drop()
                continue
            if became is not None:
                return became
            self._stopping.wait(RETRY_SECONDS)
        return False

    def _listen(self) -> None:
        if self._session is None:
            if not self._ending:
                self._reconnect(once=True)
            return
        try:
            told = self._session.hear()
        except Lost as lost:
            log.warning("The database is out of reach (%s).", lost)
            self._drop()
            return
        if told and self._ears is not None:
            self._tell(self._ears.facts, [Fact(*json.loads(text)) for text in told])

    def _connect(self) -> Session:
        session = open_session(self._database, name=self.name)
        session.run(f'LISTEN "{self._database.schema}"')
        return session

    def _reconnect(self, *, once: bool = False) -> Session | None:
        """Return a new connection, however long that takes; None if nobody waits any more."""
        while True:
            try:
                self._session = self._connect()
            except CourierError as refused:
                log.debug("%s", refused)
            except (Lost, Busy) as lost:
                log.debug("%s", lost)
            else:
                log.warning("The database is within reach again.")
                if self._ears is not None:
                    self._loop_call(self._ears.reconnected)
                return self._session
            if self._stopping.wait(RETRY_SECONDS) or once:
                return None

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _roll_back(self) -> None:
        if self._session is not None:
            self._session.roll_back()

    def _observe(self, when: Literal["before", "after"], facts: Sequence[Fact]) -> None:
        if self._observer is not None and facts:
            self._observer(when, facts)

    def _tell(self, function: Callable[[Sequence[T]], None], values: Sequence[T]) -> None:
        self._loop_call(lambda: function(values))

    def _loop_call(self, function: Callable[[], None]) -> None:
        # A loop that is closed has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function)
