"""Parting: what becomes of an attempt's sandbox once the attempt is over."""

import logging
from dataclasses import dataclass
from typing import Final, Literal

from courier.engine.attempts.conversation import Conversation
from courier.engine.attempts.station import Station
from courier.engine.seam import Context, RunCancelled
from courier.errors import CourierError
from courier.runs.run.paused import Paused
from courier.runs.steps.acts import StartAttempt

log = logging.getLogger(__name__)

Way = Literal["close", "wait", "rest"]
"""Let it go; pause it for the next attempt of the same step; pause it for work to be mended in."""

_STEPS: Final[dict[Way, str]] = {"wait": "pause", "rest": "rest"}


@dataclass(frozen=True, slots=True)
class Parted:
    """What came of it.

    Attributes:
        paused: What waits for the next attempt.
        resting: What rests in case the work has to be mended.
        cancelled: That the run was told to stop meanwhile.
    """

    paused: Paused | None = None
    resting: Paused | None = None
    cancelled: RunCancelled | None = None


@dataclass(frozen=True, slots=True)
class Parting:
    """Leaves the sandbox of one attempt."""

    context: Context
    station: Station
    talk: Conversation
    start: StartAttempt

    async def leave(self, sandbox: str | None, way: Way) -> Parted:
        """Leave it in that way; where it cannot be paused, let it go."""
        cancelled, left = None, None
        if way != "close" and sandbox is not None:
            try:
                left = await self._pause(sandbox, way)
            except RunCancelled as asked:
                cancelled = asked
        if left is not None:
            return Parted(paused=left) if way == "wait" else Parted(resting=left)
        return Parted(cancelled=await self._let_go() or cancelled)

    async def _pause(self, sandbox: str, way: Way) -> Paused | None:
        last = self.talk.last
        if last is None or last.session is None:
            return None
        try:
            await self.context.step(f"{self.start.name}/{_STEPS[way]}", self.station.pause)
        except CourierError as error:
            log.warning("run %s could not pause a sandbox: %s", self.context.run_id, error)
            return None
        used = self.talk.used(last.session)
        attempt = self.start.lodging
        return Paused(sandbox=sandbox, attempt=attempt, session=last.session, used=used)

    async def _let_go(self) -> RunCancelled | None:
        try:
            await self.context.step(f"{self.start.name}/close", self.station.close)
        except RunCancelled as asked:
            return asked
        except CourierError as error:
            # The run tries again at its end, and the sandbox has a time-out of its own.
            log.warning("run %s could not close a sandbox: %s", self.context.run_id, error)
        return None
