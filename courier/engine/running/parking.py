"""Parking: a run lets go of everything and waits, for a provider, money, a secret or a person."""

from dataclasses import dataclass

from courier.engine.running.chronicle import Chronicle
from courier.engine.running.question import Question
from courier.engine.running.wallet import Wallet
from courier.runs.run.events import RunParked, SecretFound
from courier.runs.steps.approvals import AskApproval, AwaitApproval
from courier.runs.steps.ending import funded
from courier.runs.steps.parking import REASON, AwaitSecret, Park
from courier.runs.steps.parking import SIGNAL as SECRET
from courier.runs.steps.shortage import AwaitBudget


@dataclass(frozen=True, slots=True)
class Parking:
    """Waits on behalf of one run, and notes what it waited for."""

    chronicle: Chronicle

    @property
    def wallet(self) -> Wallet:
        """Return what the run may spend as it is now."""
        told = self.chronicle
        return Wallet(told.world, told.context, funded(told.plan, told.run))

    async def park(self, decision: Park | AwaitBudget | AwaitSecret) -> None:
        """Let go of everything, and wait for money or secrets here; sleep before the next try."""
        told = self.chronicle
        if isinstance(decision, AwaitSecret):
            await self.await_secret(decision.message)
            return
        at, message = await told.now("parked"), decision.message
        reason, until = decision.reason, decision.until
        told.add(RunParked(at=at, reason=reason, message=message, until=until))
        if isinstance(decision, AwaitBudget):
            await told.if_possible("let-go", told.close_sandboxes)
            await told.publish("short")
            told.add(await self.wallet.wait(told.unique("freed"), until=until))
            await told.publish("freed")
        else:
            await told.if_possible("limited", told.announce)

    async def await_secret(self, message: str) -> None:
        """Let go of everything, and wait until secrets have values here.

        Args:
            message: Which ones, in a sentence.
        """
        told = self.chronicle
        at = await told.now("parked")
        told.add(RunParked(at=at, reason=REASON, message=message, until=None))
        await told.if_possible("let-go", told.close_sandboxes)
        await told.publish("keyless")
        await told.context.signal(SECRET)
        told.add(SecretFound(at=await told.now("found")))

    async def ask(self, decision: AskApproval) -> None:
        """Ask a person, unless the same was approved before."""
        told = self.chronicle
        question = self._question(f"approval-{decision.approval.name}")
        told.add(await question.ask(told.run, decision))

    async def wait(self, decision: AwaitApproval) -> None:
        """Let go of everything, say on record what is waited for, and wait."""
        told = self.chronicle
        await told.if_possible("let-go", told.close_sandboxes)
        await told.publish("parked")
        question = self._question(f"answer-{decision.asked.approval}")
        told.add(await question.wait(decision.asked))
        await told.publish("answered")

    def _question(self, stage: str) -> Question:
        told = self.chronicle
        stage = told.unique(stage)
        return Question(told.world, told.context, told.plan, stage, self.await_secret)
