"""The wallet of one run: whether its project has anything left to spend, and waiting for it."""

import logging
from dataclasses import dataclass
from datetime import datetime

from courier.engine.seam import Context, Json, StepIO
from courier.engine.world import World
from courier.errors import Unavailable
from courier.runs.run.events import BudgetFreed, BudgetShort
from courier.runs.run.frozen import FrozenPlan
from courier.runs.usage.budget import SIGNAL, Grant

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wallet:
    """Looks at what the project of a run has left, before an attempt and while it waits."""

    world: World
    context: Context
    plan: FrozenPlan

    async def short(self, step: str) -> BudgetShort | None:
        """Return what the project has nothing left of; ``step`` names the durable step."""
        if not self.plan.caps.any:
            return None
        told = await self.context.step(step, self._look)
        return BudgetShort.model_validate_json(str(told)) if told is not None else None

    async def wait(self, step: str, *, until: datetime | None) -> BudgetFreed:
        """Return that there may be something left: time passed, or a budget was raised."""
        given = await self.context.signal(SIGNAL, until=until)
        grant = Grant.model_validate_json(str(given)) if given is not None else Grant()
        return BudgetFreed(at=await self.context.now(step), per_run=grant.per_run, caps=grant.caps)

    async def _look(self, _io: StepIO) -> Json:
        now, ledger, state = self.world.clock.now(), self.world.ledger, self.world.state
        try:
            await state.refresh()
            await ledger.follow(state, now)
        except Unavailable as unreached:
            # What this machine knows still holds; what others spent is counted when it is told.
            log.warning("run %s: what others spent is not known now: %s", self.plan.run, unreached)
        await ledger.exchange(now)
        short = ledger.short(self.plan.project, now, frozen=self.plan.caps)
        if short is None:
            return None
        told = BudgetShort(at=now, reason=short.reason, message=short.message, until=short.until)
        return told.model_dump_json(by_alias=True)
