"""The purse of one turn: what it may still spend, by its run's budget and its project's."""

from dataclasses import dataclass
from decimal import Decimal

from courier.engine.money.ledger import Ledger
from courier.ports.clock import Clock
from courier.runs.run.frozen import FrozenPlan
from courier.runs.usage.budget import RUN, Shortage, dollars


@dataclass(frozen=True, slots=True)
class Account:
    """What a turn's spending is entered as.

    Attributes:
        key: The key of the line of usage that will tell of it.
        plan: Of the run it is for, with what that may cost by now.
        before: US dollars the run spent before this attempt.
        earlier: US dollars earlier turns of this attempt spent.
    """

    key: str
    plan: FrozenPlan
    before: Decimal = Decimal(0)
    earlier: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Purse:
    """What one turn may spend; the ledger knows what everybody else spends."""

    ledger: Ledger
    clock: Clock
    account: Account

    async def settle(self, usd: Decimal) -> Shortage | None:
        """Enter what the turn has spent so far and tell others; return what is used up by now."""
        short = self.enter(usd)
        if not self._shares:
            return short
        await self.ledger.exchange(self.clock.now())
        return self.enter(usd)

    def enter(self, usd: Decimal) -> Shortage | None:
        """Enter what the turn has spent so far; return what is used up by now, if anything is."""
        now, account = self.clock.now(), self.account
        plan, spent = account.plan, account.earlier + usd
        self.ledger.host(plan.run)
        self.ledger.note(account.key, project=plan.project, run=plan.run, at=now, usd=spent)
        total, budget = account.before + spent, plan.budget_usd
        if budget is not None and total >= budget:
            told = f"The run has cost {dollars(total)} of its budget of {dollars(budget)}."
            return Shortage(RUN, told)
        return self.ledger.short(plan.project, now, frozen=plan.caps)

    @property
    def _shares(self) -> bool:
        """Return whether others' spending counts against the same budget."""
        plan = self.account.plan
        return self.ledger.caps_of(plan.project, frozen=plan.caps).any

    @property
    def left(self) -> Decimal | None:
        """Return the US dollars the turn may spend as things are now; None for no limit."""
        account = self.account
        plan = account.plan
        project = self.ledger.left(plan.project, self.clock.now(), frozen=plan.caps)
        budget = plan.budget_usd
        own = None if budget is None else budget - account.before - account.earlier
        found = [max(each, Decimal(0)) for each in (project, own) if each is not None]
        return min(found) if found else None
