"""An inquiry: one attempt at a step that a model answers by itself, without agent and sandbox."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from courier.engine.attempts.breakage import failure
from courier.engine.attempts.scoring import PATIENCE
from courier.engine.attempts.station import Request
from courier.engine.money.purse import Account, Purse
from courier.engine.patience import patiently
from courier.engine.seam import Context, Json, RunCancelled, StepIO
from courier.engine.world import World
from courier.errors import CourierError
from courier.ports.models import Question
from courier.runs.harvest.contracts import gather
from courier.runs.harvest.learnings import SCHEMA
from courier.runs.records.charges import key_of
from courier.runs.run.events import AttemptEnded, CancelAsked, RunEvent
from courier.runs.steps.prompts import digest_of
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.pricing import charge_for, priced
from courier.runs.usage.usage import Usage

AGENT = "model"
"""What stands in the place of an agent's name where there is none."""

_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One question to a model, as durable steps of a run."""

    world: World
    context: Context
    request: Request

    async def carry_out(self) -> tuple[RunEvent, ...]:
        """Return the facts that came of it."""
        name = self.request.start.name
        started = await self.context.now(f"{name}/started")
        try:
            told = await self.context.step(f"{name}/ask", self._ask)
            outcome = Outcome.model_validate_json(str(told))
        except RunCancelled as asked:
            at = await self.context.now(f"{name}/ended-late")
            stopped = Outcome(status="failed", reason="Stopped", message="The run was cancelled.")
            return (
                self._ended(stopped, started, at),
                CancelAsked(at=at, by=asked.by, reason=asked.reason),
            )
        except CourierError as error:
            outcome = failure(error)
        return (self._ended(outcome, started, await self.context.now(f"{name}/ended")),)

    async def _ask(self, _io: StepIO) -> Json:
        """Return an `Outcome` as JSON, whose words end with the answer."""
        plan, step = self.request.plan, self.request.start.step
        key = key_of(plan, self.request.start.name)
        account = Account(key, plan, before=self.request.spent.spent)
        purse = Purse(self.world.ledger, self.world.clock, account)
        if (short := purse.enter(Usage().spent)) is not None:
            told: dict[str, Any] = {"reason": short.reason, "message": short.message}
            return Outcome(status="failed", retry_at=short.until, **told).model_dump_json(
                by_alias=True
            )
        question = Question(
            model=step.model or "",
            system=step.instructions,
            prompt=self._prompt,
            name=step.harvests or "answer",
            schema=SCHEMA,
            max_tokens=_LONGEST,
        )
        ask = partial(self.world.models.ask, question)
        answer = await patiently(self.world.clock, ask, give_up_after=PATIENCE)
        charge = charge_for(AGENT, step.model, at=self.world.clock.now())
        usage = priced(answer.usage, plan.rates, charge)
        purse.enter(usage.spent)
        redact = self.world.secrets.redact
        text = f"```json\n{json.dumps(answer.value, indent=2, ensure_ascii=False)}\n```\n"
        outcome = Outcome(
            status="completed",
            reason="Completed",
            text=redact(text),
            usage=usage,
            model=(step.model or "").partition("/")[2],
        )
        return outcome.model_dump_json(by_alias=True)

    @property
    def _prompt(self) -> str:
        plan, step = self.request.plan, self.request.start.step
        contexts = (f"# {each.name}\n\n{each.content.strip()}" for each in step.contexts)
        return "\n\n".join([*contexts, plan.task])

    def _ended(self, outcome: Outcome, started: datetime, ended: datetime) -> AttemptEnded:
        start, harvest = self.request.start, self.request.plan.harvest
        return AttemptEnded(
            step=start.step.name,
            iteration=start.iteration,
            attempt=start.attempt,
            started_at=started,
            ended_at=ended,
            outcome=outcome,
            answer=gather(outcome, harvest) if harvest is not None else None,
            base=start.base,
            prompt_digest=digest_of(self._prompt),
            usage=outcome.usage,
        )
