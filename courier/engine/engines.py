"""Which engine has the runs of one repository: the journal here, or a database many share."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from courier import __version__
from courier.engine.daemon import Reconciles
from courier.engine.dispatcher import KeepTo
from courier.engine.journal import JournalClient, JournalEngine
from courier.engine.journal.writer import Observer
from courier.engine.presence import FolderPresence, Presence
from courier.engine.reconciler import Result
from courier.engine.seam import Engine, RunClient
from courier.planning.plan import Limit
from courier.ports.clock import Clock

if TYPE_CHECKING:
    from courier.engine.postgres import Database, PostgresClient

BEFORE_THE_FIRST_PASS = 4
"""Runs an engine starts before it was told the projects' limits: the built-in limit of one."""

FOLLOW_SECONDS = 3.0
"""How often a daemon that does not lead looks whether it should."""


@runtime_checkable
class Limited(Protocol):
    """An engine, or a client of one, that can be told how many runs may run."""

    def limit(self, queue: str | None, *, concurrency: int | None) -> None:
        """Let at most that many runs of a queue, or with None of all, run at once."""
        ...


@runtime_checkable
class Led(Protocol):
    """An engine of several, one of which leads."""

    async def lead(self) -> bool:
        """Return whether this one does."""
        ...


class Client(RunClient, Protocol):
    """A client that holds on to something until it is closed; used again, it takes it again."""

    async def close(self) -> None:
        """Let go of what is open."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the work a process takes, where others take the rest.

    Attributes:
        concurrency: How many runs it runs at once; None for any number.
        queues: The projects it serves; None for all.
    """

    concurrency: int | None = None
    queues: tuple[str, ...] | None = None


EVERYTHING = Share()


@dataclass(frozen=True, slots=True)
class Engines:
    """Makes engines and clients of one repository's runs.

    Attributes:
        home: The repository's id.
        folder: The journal's folder.
        database_url: The database many share, secrets included; None for the journal.
        clock: Their clock.
    """

    home: str
    folder: Path
    database_url: str | None = field(repr=False)
    clock: Clock

    def engine(self, observer: Observer | None = None, *, share: Share = EVERYTHING) -> Engine:
        """Return an engine that knows no flows yet."""
        if self.database_url is not None:
            from courier.engine.postgres import PostgresEngine, Worker

            worker = Worker(
                host=f"{socket.gethostname()}:{os.getpid()}",
                version=__version__,
                capacity=share.concurrency,
                queues=share.queues,
            )
            return PostgresEngine(
                self._database(self.database_url),
                clock=self.clock,
                worker=worker,
                observer=observer,
            )
        engine = JournalEngine(self.folder, clock=self.clock, observer=observer)
        # What was queued before a restart waits for the first pass to say how many may run.
        engine.limit(None, concurrency=BEFORE_THE_FIRST_PASS)
        return engine

    def client(self) -> Client:
        """Return a client of whatever engine runs, or will run, the runs."""
        return self._shared() or JournalClient(self.folder, clock=self.clock)

    def presence(self) -> Presence:
        """Return what knows whether somebody else runs the runs."""
        return self._shared() or FolderPresence(self.folder)

    def _shared(self) -> "PostgresClient | None":
        if self.database_url is None:
            return None
        from courier.engine.postgres import PostgresClient

        return PostgresClient(self._database(self.database_url), clock=self.clock)

    def _database(self, url: str) -> "Database":
        from courier.engine.postgres import Database, schema_of

        return Database(url, schema_of(self.home))


def keep_to(engine: RunClient) -> KeepTo:
    """Return what tells whoever runs the runs the projects' limits."""
    if not isinstance(engine, Limited):
        return lambda _limits: None

    def tell(limits: Sequence[Limit]) -> None:
        for limit in limits:
            engine.limit(limit.project, concurrency=limit.runs)
        engine.limit(None, concurrency=None)

    return tell


def led(reconciler: Reconciles, engine: RunClient) -> Reconciles:
    """Return a reconciler that only passes while its engine leads, where several share the runs."""
    return Follower(reconciler, engine) if isinstance(engine, Led) else reconciler


class Follower:
    """Does the passes while it leads, and stands by otherwise."""

    def __init__(self, reconciler: Reconciles, engine: Led) -> None:
        self._reconciler = reconciler
        self._engine = engine

    async def reconcile(self) -> Result:
        """Do one pass, if it is for this one to do."""
        if await self._engine.lead():
            return await self._reconciler.reconcile()
        return Result(None, requeue_after=FOLLOW_SECONDS, was_idle=True)
