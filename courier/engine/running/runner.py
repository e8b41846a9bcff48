"""The runner: obeys the next step of one run until it has ended and is on record."""

from typing import assert_never

from courier.engine.attempts.attempt import Attempt
from courier.engine.attempts.inquiry import AGENT as MODEL
from courier.engine.attempts.inquiry import Inquiry
from courier.engine.attempts.station import Request
from courier.engine.commits.merging import Merging
from courier.engine.running.candidates import Candidates, keep_branches
from courier.engine.running.checking import Checking
from courier.engine.running.chronicle import Chronicle
from courier.engine.running.conclusion import Conclusion
from courier.engine.running.delivery import Delivery
from courier.engine.running.harvesting import Harvesting
from courier.engine.running.parking import Parking
from courier.engine.running.settlement import settle
from courier.engine.seam import Context, Json, RunCancelled, RunClient, RunReader
from courier.engine.world import World
from courier.runs.records.charges import charges_of
from courier.runs.run.events import CancelAsked, RunEvent, WorkDelivered
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.merging import MergeBranches
from courier.runs.steps.approvals import AskApproval, AwaitApproval
from courier.runs.steps.checking import keeps_resting
from courier.runs.steps.ending import Ending, funded
from courier.runs.steps.handoff import situation
from courier.runs.steps.parking import AwaitSecret, Park
from courier.runs.steps.progress import (
    Act,
    AskForHelp,
    AwaitChecks,
    Conclude,
    Deliver,
    Finish,
    GatherRed,
    Harvest,
    KeepCandidates,
    PushRepair,
    RunCandidates,
    StartAttempt,
    next_step,
)
from courier.runs.steps.shortage import AwaitBudget

FLOW = "run"
"""The name of the flow that interprets a frozen plan."""


class Runner:
    """The flow of one run: facts in, next step out, until nothing is left to do.

    Args:
        world: Where it runs.
        context: Its durable steps.
        journal: Where these are on record.
        runs: The engine, for a run with candidates; None where the flow is only told again.
    """

    def __init__(
        self, world: World, context: Context, journal: RunReader, runs: RunClient | None = None
    ) -> None:
        self._world = world
        self._context = context
        self._runs = runs
        self._chronicle = Chronicle(world, context, journal, is_told_again=runs is None)
        self._plan = self._chronicle.plan
        self._parking = Parking(self._chronicle)
        self._checking = Checking(self._chronicle)

    async def go(self) -> Json:
        """Run to the end; return the run's phase and reason."""
        try:
            return await self._go()
        finally:
            self._chronicle.witness.left(self._plan)

    async def _go(self) -> Json:
        while True:
            try:
                return await self._advance()
            except RunCancelled as asked:
                at = await self._chronicle.now("cancelled")
                run = self._chronicle.run
                # Work that was delivered cannot be called back, only not be followed any more.
                if run.delivered is None or not isinstance(next_step(self._plan, run), Finish):
                    self._chronicle.add(CancelAsked(at=at, by=asked.by, reason=asked.reason))

    @property
    def plan(self) -> FrozenPlan:
        """Return what the run does."""
        return self._plan

    @property
    def facts(self) -> tuple[RunEvent, ...]:
        """Return the facts so far."""
        return self._chronicle.facts

    async def _advance(self) -> Json:
        told = self._chronicle
        if not told.has_begun:
            told.begin(await told.now("started"))
            await told.publish("announce")
        while not isinstance(decision := next_step(self._plan, told.run), Finish):
            await self._obey(decision)
            told.stand()
            self._world.ledger.note_charges(charges_of(self._plan, told.run))
            await self._world.ledger.tell(self._world.clock.now())
        return await self._settle(decision.ending)

    async def _obey(self, decision: Act) -> None:
        match decision:
            case StartAttempt():
                await self._attempt(decision)
            case RunCandidates() | KeepCandidates():
                await self._compare(decision)
            case Park() | AwaitBudget() | AwaitSecret():
                await self._parking.park(decision)
            case AskApproval():
                await self._parking.ask(decision)
            case AwaitApproval():
                await self._parking.wait(decision)
            case MergeBranches() | Harvest() | Conclude():
                await self._complete(decision)
            case Deliver():
                self._chronicle.add(await self._deliver(decision))
            case _:
                await self._check(decision)

    async def _check(self, decision: AwaitChecks | GatherRed | PushRepair | AskForHelp) -> None:
        match decision:
            case AwaitChecks():
                await self._checking.wait(decision)
            case GatherRed():
                await self._checking.gather(decision)
            case PushRepair():
                await self._checking.push(decision)
            case AskForHelp():
                await self._checking.ask_for_help(decision)
            case _:
                assert_never(decision)

    async def _complete(self, decision: MergeBranches | Harvest | Conclude) -> None:
        told = self._chronicle
        if isinstance(decision, MergeBranches):
            merging = Merging(self._world, self._context, self._plan)
            told.add(await merging.carry_out(told.run, decision, stage=told.unique("merge")))
        elif isinstance(decision, Harvest):
            harvesting = Harvesting(self._world, self._context, self._plan)
            told.add(await harvesting.carry_out(decision, stage=told.unique("harvest")))
        else:
            conclusion = Conclusion(self._world, self._context, self._plan)
            told.add(await conclusion.carry_out(decision))

    async def _deliver(self, decision: Deliver) -> WorkDelivered:
        stage = self._chronicle.unique("deliver")
        is_good = decision.ending.phase == "completed"
        plan = self._plan if is_good else self._plan.put_aside
        run = self._chronicle.run
        # Who called it off waits for nothing more.
        await_key = self._parking.await_secret if run.cancelled is None else None
        delivery = Delivery(self._world, self._context, plan, stage, await_key=await_key)
        return await delivery.carry_out(run, decision)

    async def _compare(self, decision: RunCandidates | KeepCandidates) -> None:
        told = self._chronicle
        if isinstance(decision, RunCandidates):
            candidates = Candidates(self._world, self._context, self._runs, self._plan)
            told.add(*await candidates.carry_out(told.run))
        else:
            kept = (told.unique("candidates/keep"), decision)
            told.add(await keep_branches(self._world, self._context, self._plan, kept))

    async def _attempt(self, start: StartAttempt) -> None:
        told = self._chronicle
        if start.not_before is not None:
            await self._context.sleep(f"{start.name}/wait", start.not_before)
        if (short := await self._parking.wallet.short(told.unique("headroom"))) is not None:
            told.add(short)
            return
        plan, run = self._plan, told.run
        known, rests = situation(plan, run, start), keeps_resting(plan, run)
        request = Request(funded(plan, run), start, known, run.usage, rests)
        if start.step.agent == MODEL:
            told.add(*await Inquiry(self._world, self._context, request).carry_out())
        else:
            told.add(*await Attempt(self._world, self._context, request).carry_out())

    async def _settle(self, ending: Ending) -> Json:
        return await settle(self._chronicle, ending)
