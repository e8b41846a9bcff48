"""Which engine has the runs of one repository: the journal here, or a database many share."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from courier.engine.journal import JournalClient, JournalEngine
from courier.engine.journal.writer import Observer
from courier.engine.money.pool import Pool
from courier.engine.notices.mailing import COMMENTS
from courier.engine.notices.mailing import QUEUE as LETTERS
from courier.engine.passes.dispatcher import KeepTo
from courier.engine.passes.reconciler import Result
from courier.engine.seam import Engine, RunClient
from courier.engine.serving.daemon import Reconciles
from courier.engine.serving.presence import FolderPresence, Presence
from courier.engine.share import EVERYTHING, Share
from courier.errors import Misconfigured
from courier.planning.plan import Limit
from courier.ports.clock import Clock
from courier.ports.transcripts import Transcripts

if TYPE_CHECKING:
    from courier.engine.postgres.sharing import Shared
    from courier.engine.postgres.transcripts import Disk as LiveDisk

BEFORE_THE_FIRST_PASS = 4
"""Runs an engine starts before it was told the projects' limits: the built-in limit of one."""

LETTERS_AT_ONCE = 4
"""Letters under way at once; a receiver that is slow keeps the others waiting, and no run."""

FOLLOW_SECONDS = 3.0
"""How often a daemon that does not lead looks whether it should."""


Turn = Callable[[], Awaitable[None]]
"""Returns when it is the caller's turn."""


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


class Engines:
    """Makes what runs one repository's runs, or asks whoever does.

    Args:
        home: The repository's id.
        folder: The journal's folder.
        database_url: The database many share, secrets included; None for the journal.
        clock: Their clock.
        disk: Where live transcripts are on this machine.

    Attributes:
        label: The id by which the sandboxes of runs are labelled.
        pool: What all that share the runs spend; None for the journal, which nobody shares.
    """

    def __init__(
        self, home: str, folder: Path, database_url: str | None, clock: Clock, disk: "LiveDisk"
    ) -> None:
        self._folder = folder
        self._clock = clock
        self.label = home
        self._shared = None if database_url is None else _shared(home, database_url, clock, disk)
        self._alone = JournalClient(folder, clock=clock)
        self.pool: Pool | None = None if self._shared is None else self._shared.pool
        self.transcripts: Transcripts = disk if self._shared is None else self._shared.transcripts

    def engine(self, observer: Observer | None = None, *, share: Share = EVERYTHING) -> Engine:
        """Return an engine that knows no flows yet."""
        if self._shared is not None:
            return self._shared.engine(observer, share)
        engine = JournalEngine(self._folder, clock=self._clock, observer=observer)
        # What was queued before a restart waits for the first pass to say how many may run.
        engine.limit(None, concurrency=BEFORE_THE_FIRST_PASS)
        return engine

    async def learn(self) -> None:
        """Learn by which id the sandboxes of runs are labelled."""
        if self._shared is not None:
            self.label = await self._shared.learn() or self.label

    def pace(self, name: str, rate: float | None) -> Turn | None:
        """Return what waits for a turn of all workers together; None where nothing is limited."""
        return None if self._shared is None else self._shared.pace(name, rate)

    def client(self) -> Client:
        """Return the client of whatever engine runs, or will run, the runs."""
        return self._alone if self._shared is None else self._shared.client

    async def close(self) -> None:
        """Close what clients have open."""
        await (self._alone if self._shared is None else self._shared).close()

    def presence(self) -> Presence:
        """Return what knows whether somebody else runs the runs."""
        return FolderPresence(self._folder) if self._shared is None else self._shared.client


def _shared(home: str, url: str, clock: Clock, disk: "LiveDisk") -> "Shared":
    # Only here: its library is an extra, and slow to import.
    try:
        from courier.engine.postgres.sharing import Shared
    except ModuleNotFoundError as missing:
        raise Misconfigured(
            "This courier cannot use PostgreSQL.",
            detail=f"COURIER_DATABASE_URL is set, and the library {missing.name} is not here.",
            next_step="Install it beside courier: `pip install 'psycopg[binary]'`.",
        ) from missing

    return Shared(home, url, clock, disk)


def keep_to(engine: RunClient) -> KeepTo:
    """Return what tells whoever runs the runs the projects' limits."""
    if not isinstance(engine, Limited):
        return lambda _limits: None

    def tell(limits: Sequence[Limit]) -> None:
        for limit in limits:
            engine.limit(limit.project, concurrency=limit.runs)
        engine.limit(LETTERS, concurrency=LETTERS_AT_ONCE)
        engine.limit(COMMENTS, concurrency=1)
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
