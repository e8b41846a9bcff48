"""One repository's part of a database: its engine, its client, its transcripts."""

import os
import socket
from collections.abc import Awaitable, Callable

from courier import __version__
from courier.engine.journal.writer import Observer
from courier.engine.postgres.client import PostgresClient
from courier.engine.postgres.engine import PostgresEngine
from courier.engine.postgres.pace import Pace
from courier.engine.postgres.pool import SharedPool
from courier.engine.postgres.schema import Database, schema_of
from courier.engine.postgres.tending import Worker
from courier.engine.postgres.transcripts import Disk, SharedTranscripts
from courier.engine.share import Share
from courier.ports.clock import Clock


class Shared:
    """What several workers share.

    Args:
        home: The repository's id.
        url: The database, secrets included.
        clock: Measures and waits.
        disk: Where live transcripts are on this machine.
    """

    def __init__(self, home: str, url: str, clock: Clock, disk: Disk) -> None:
        self._database = Database(url, schema_of(home))
        self._clock = clock
        self.client = PostgresClient(self._database, clock=clock)
        self.transcripts = SharedTranscripts(disk, self.client)
        self.pool = SharedPool(self._database, clock)

    async def learn(self) -> str | None:
        """Return the id by which the sandboxes of runs are labelled, if it is not the home's."""
        rows = await self.client.ask(
            lambda session: session.execute(
                "SELECT value FROM facts WHERE name = 'label'"
            ).fetchall()
        )
        return str(rows[0][0]) if rows else None

    def pace(self, name: str, rate: float | None) -> Callable[[], Awaitable[None]] | None:
        """Return what waits for a turn of all workers together; None where nothing is limited."""
        return None if rate is None else Pace(self.client, self._clock, name=name, rate=rate).turn

    async def close(self) -> None:
        """Close what is open; it is opened again when needed."""
        await self.pool.close()
        await self.client.close()

    def engine(self, observer: Observer | None, share: Share) -> PostgresEngine:
        """Return a worker that knows no flows yet."""
        worker = Worker(
            host=f"{socket.gethostname()}:{os.getpid()}",
            version=__version__,
            capacity=share.concurrency,
            queues=share.queues,
        )
        return PostgresEngine(
            self._database,
            clock=self._clock,
            worker=worker,
            observer=observer,
            recover=self._recover,
        )

    async def _recover(self, run_id: str) -> None:
        # What a candidate says is kept with its run.
        await self.transcripts.recover(run_id.partition(".")[0])
