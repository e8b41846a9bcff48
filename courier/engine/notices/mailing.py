"""The flow of one letter: tries with growing pauses, until it is taken or given up."""

import json
import logging
from datetime import timedelta
from hashlib import sha256
from typing import Final

from courier.engine.inflight import MOMENTARY
from courier.engine.seam import Context, Json, StepIO
from courier.engine.world import World
from courier.errors import CourierError, MissingSecret, RateLimited, Unavailable
from courier.runs.notices.notice import Letter

log = logging.getLogger(__name__)

FLOW: Final = "notice"
"""The name of the flow."""

QUEUE: Final = "notices"
"""Letters take nobody's place: they have a queue of their own."""

COMMENTS: Final = "notices.comments"
"""Those that are said on pull requests: one at a time, for each is said in place of another."""

PRIORITY: Final = MOMENTARY
"""They go before runs that wait, and also where all places are taken."""

PAUSES: Final = (5, 20, 80, 300, 1_200, 3_600, 3_600)
"""Seconds after each try that failed; one more try follows the last."""

KEPT: Final = timedelta(days=30)
"""How long a letter is known after its end: so long nothing is told twice."""

SENT: Final = "sent"
DEAD: Final = "dead"


class Mailing:
    """Brings one letter to its receiver; at least once, and told apart by its id.

    Args:
        world: Has the notifier.
        context: The letter's durable steps.
    """

    def __init__(self, world: World, context: Context) -> None:
        self._world = world
        self._context = context
        self._letter = Letter.model_validate_json(json.dumps(context.input))

    async def go(self) -> Json:
        """Return what became of it: ``state`` sent or dead, ``tries`` and ``why``."""
        if self._letter.overflows:
            return _ended(DEAD, 0, "Too many letters wait for this receiver.")
        why = ""
        for number, pause in enumerate((*PAUSES, None), start=1):
            told = await self._context.step(f"send-{number}", self._try)
            assert isinstance(told, dict)  # noqa: S101 - it is ours
            why = str(told["why"])
            if told["outcome"] != "again":
                return _ended(str(told["outcome"]), number, why)
            if pause is not None:
                await self._pause(number, max(pause, float(str(told["after"]))))
        return _ended(DEAD, len(PAUSES) + 1, why)

    async def _pause(self, number: int, seconds: float) -> None:
        # Many letters that failed together must not come back together.
        share = sha256(f"{self._context.run_id}/{number}".encode()).digest()[0] / 255
        now = await self._context.now(f"failed-{number}")
        await self._context.sleep(
            f"wait-{number}", now + timedelta(seconds=seconds * (1 + share / 4))
        )

    async def _try(self, _io: StepIO) -> Json:
        try:
            notice = self._letter.notice.redacted(self._world.secrets.redact)
            await self._world.notifier.send(self._letter.model_copy(update={"notice": notice}))
        except (Unavailable, MissingSecret) as fault:
            return {"outcome": "again", "why": self._told(fault), "after": self._asked(fault)}
        except CourierError as fault:
            log.warning("letter %s is given up: %s", self._context.run_id, self._told(fault))
            return {"outcome": DEAD, "why": self._told(fault)}
        return {"outcome": SENT, "why": ""}

    def _told(self, fault: CourierError) -> str:
        return self._world.secrets.redact(str(fault))

    def _asked(self, fault: CourierError) -> float:
        if isinstance(fault, RateLimited) and fault.retry_at is not None:
            return max(0.0, (fault.retry_at - self._world.clock.now()).total_seconds())
        return 0.0


def _ended(state: str, tries: int, why: str) -> Json:
    return {"state": state, "tries": tries, "why": why}
