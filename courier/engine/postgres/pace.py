"""How fast all workers of a database together may do something a provider limits."""

from courier.engine.postgres.client import PostgresReader
from courier.engine.postgres.schema import COMMON
from courier.engine.postgres.session import Session
from courier.ports.clock import Clock

_TURN = f"""
INSERT INTO {COMMON}.paces AS p (name, next_at)
VALUES (?, clock_timestamp() + make_interval(secs => ?))
ON CONFLICT (name) DO UPDATE SET
  next_at = greatest(p.next_at, clock_timestamp()) + make_interval(secs => ?)
RETURNING extract(epoch FROM next_at - clock_timestamp())::float8
"""  # noqa: S608 - a constant


class Pace:
    """Turns, evenly spaced over all repositories and workers of one database.

    Args:
        reader: Asks the database.
        clock: Waits.
        name: What is paced.
        rate: How many turns there are in a second.
    """

    def __init__(self, reader: PostgresReader, clock: Clock, *, name: str, rate: float) -> None:
        self._reader = reader
        self._clock = clock
        self._name = name
        self._spacing = 1 / rate

    async def turn(self) -> None:
        """Return when it is this caller's turn.

        Raises:
            Unavailable: If the database cannot be reached now.
        """

        def take(session: Session) -> float:
            (left,) = session.execute(_TURN, (self._name, self._spacing, self._spacing)).fetchone()
            return float(left)

        left = await self._reader.ask(take)
        await self._clock.sleep((left or 0.0) - self._spacing)
