"""What all workers of a database spend, in one of its tables."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from courier.engine.journal.writer import Transaction
from courier.engine.money.pool import Entry
from courier.engine.postgres.client import PostgresClient
from courier.engine.postgres.schema import Database
from courier.errors import Unavailable
from courier.ports.clock import Clock

_SECONDS: Final = 5.0
_KEPT_DAYS: Final = 62
"""Both months a day can be asked of, with a day to spare."""

_PUT: Final = """
INSERT INTO spending AS s (key, project, run, day, usd) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
  day = excluded.day, usd = excluded.usd, number = nextval('spending_numbers')
  WHERE excluded.usd > s.usd
"""
_NEWS: Final = """
SELECT number, key, project, run, day, usd FROM spending WHERE number > ? ORDER BY number
"""


class SharedPool:
    """The `Pool` of one database, on a connection of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._client = PostgresClient(database, clock=clock)
        self._schema = database.schema
        self._seen = 0
        self._tidied = ""

    async def exchange(self, entries: Sequence[Entry], *, now: datetime) -> Sequence[Entry]:
        """Put entries in and return what anybody put in since the last time.

        Raises:
            Unavailable: If the database does not answer within seconds.
        """
        try:
            async with asyncio.timeout(_SECONDS):
                rows = await self._client.commit(partial(self._exchange, entries=entries, now=now))
        except TimeoutError as silent:
            raise Unavailable("The database does not answer.") from silent
        self._seen = max([self._seen, *(row[0] for row in rows)])
        return [Entry(*row[1:]) for row in rows]

    async def close(self) -> None:
        """Close the connection; it is opened again when needed."""
        await self._client.close()

    def _exchange(
        self, write: Transaction, *, entries: Sequence[Entry], now: datetime
    ) -> list[tuple[Any, ...]]:
        # One after the other: whoever comes later has a higher number and sees all lower ones.
        write.execute("SELECT pg_advisory_xact_lock(hashtext(?), 1)", (self._schema,))
        for one in entries:
            write.execute(_PUT, (one.key, one.project, one.run, one.day, one.usd))
        if self._tidied != (today := f"{now:%Y-%m-%d}"):
            oldest = f"{now - timedelta(days=_KEPT_DAYS):%Y-%m-%d}"
            write.execute("DELETE FROM spending WHERE day < ?", (oldest,))
            self._tidied = today
        return write.execute(_NEWS, (self._seen,)).fetchall()
