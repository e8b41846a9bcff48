"""One repository's part of a database: its engine, its client, its transcripts."""

import os
import socket
from typing import TYPE_CHECKING

from courier import __version__
from courier.engine.journal.writer import Observer
from courier.engine.postgres.client import PostgresClient
from courier.engine.postgres.engine import PostgresEngine
from courier.engine.postgres.schema import Database, schema_of
from courier.engine.postgres.tending import Worker
from courier.engine.postgres.transcripts import Disk, SharedTranscripts
from courier.ports.clock import Clock

if TYPE_CHECKING:
    from courier.engine.engines import Share


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

    def engine(self, observer: Observer | None, share: "Share") -> PostgresEngine:
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
