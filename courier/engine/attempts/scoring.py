"""Scoring one step's change: one question to a model, as one durable step."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from courier.engine.money.purse import Account, Purse
from courier.engine.patience import patiently
from courier.engine.seam import Json, StepIO
from courier.engine.world import World
from courier.ports.models import Question
from courier.resources.model import Model
from courier.runs.replies.score import SCHEMA, SYSTEM, Score, to_score
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.run.rating import scoring_prompt
from courier.runs.texts.answer import Unreadable
from courier.runs.usage.pricing import charge_for, priced
from courier.runs.usage.usage import Usage

PATIENCE = timedelta(minutes=2)
"""How long a provider may be out of reach before a step stays without a score."""


class Scored(Model):
    """What came of asking: a score or why there is none, and what asking used."""

    score: Score | None = None
    why: str | None = None
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Scoring:
    """The change of one step that is to be scored.

    Attributes:
        said: The last words of whoever made it.
        base: The commit before it.
        commit: The commit after it.
        account: What asking is entered as.
    """

    world: World
    plan: FrozenPlan
    step: FrozenStep
    said: str
    base: str
    commit: str
    account: Account

    async def carry_out(self, _io: StepIO) -> Json:
        """Return a `Scored` as JSON.

        Raises:
            MissingSecret: If the provider's key has no value here.
            Misconfigured: If the provider does not know the model or the key, or the model does
                not answer in the form asked for.
            Unavailable: If the provider stays out of reach.
        """
        purse = Purse(self.world.ledger, self.world.clock, self.account)
        if (short := purse.enter(Decimal(0))) is not None:
            return Scored(why=short.message).model_dump_json(by_alias=True)
        diff = await self.world.repository.diff(self.base, self.commit)
        question = Question(
            model=self.plan.quality.model or "",
            system=SYSTEM,
            prompt=scoring_prompt(self.plan, self.step, said=self.said, diff=diff),
            name="score",
            schema=SCHEMA,
        )
        answer = await patiently(
            self.world.clock,
            lambda: self.world.models.ask(question),
            give_up_after=PATIENCE,
        )
        usage = self._priced(answer.usage)
        purse.enter(usage.spent)
        try:
            score = to_score(
                answer.value, quality=self.plan.quality, scored_by=self.plan.quality.model or ""
            )
        except Unreadable as unreadable:
            why = f"The score cannot be read. {unreadable}"
            return Scored(why=why, usage=usage).model_dump_json(by_alias=True)
        return Scored(score=score, usage=usage).model_dump_json(by_alias=True)

    def _priced(self, usage: Usage) -> Usage:
        model = self.plan.quality.model or ""
        charge = charge_for("scoring", model, at=self.world.clock.now())
        return priced(usage, self.plan.rates, charge)
