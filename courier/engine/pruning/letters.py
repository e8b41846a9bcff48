"""Letters that ended long ago."""

from collections.abc import Sequence

from courier.engine.notices.mailing import FLOW, KEPT
from courier.engine.pruning.leftovers import Leftover, Past
from courier.engine.seam import RunClient


class OldLetters:
    """The engine's rows of letters."""

    def __init__(self, engine: RunClient) -> None:
        self._engine = engine

    async def find(self, past: Past) -> Sequence[Leftover]:
        """Return the letters that may be forgotten."""
        ended = [one for one in await self._engine.list(live=False) if one.flow == FLOW]
        return [
            Leftover("letter", one.run_id, one.run_id, f"older than {KEPT.days} days")
            for one in ended
            if one.ended_at is not None and one.ended_at + KEPT <= past.now
        ]

    async def remove(self, found: Sequence[Leftover], past: Past) -> None:
        """Have the engine forget them."""
        await self._engine.forget_some([one.name for one in found], before=past.now - KEPT)
