"""The runner: obeys the next step of one run until it has ended and is on record."""

import json
import logging
from collections.abc import Mapping
from typing import assert_never

from courier.engine.archive import keep_transcripts
from courier.engine.attempt import Attempt
from courier.engine.candidates import Candidates, keep_branches
from courier.engine.conclusion import Conclusion
from courier.engine.delivery import Delivery
from courier.engine.lease import close_sandboxes, labels_of
from courier.engine.patience import patiently
from courier.engine.question import Question
from courier.engine.seam import (
    Action,
    Context,
    Json,
    RunCancelled,
    RunClient,
    RunReader,
    StepIO,
)
from courier.engine.station import Request
from courier.engine.testimony import tell, witness_of
from courier.engine.wallet import Wallet
from courier.engine.world import World
from courier.errors import CourierError, Misconfigured, Unavailable
from courier.ports.state import AppendLine, Change, WriteFile
from courier.runs.approvals import AskApproval, AwaitApproval
from courier.runs.charges import charges_of
from courier.runs.ending import Ending, funded
from courier.runs.events import (
    CancelAsked,
    RunEnded,
    RunEvent,
    RunParked,
    RunStarted,
    SecretFound,
    WorkDelivered,
)
from courier.runs.frozen import FrozenPlan
from courier.runs.handoff import situation
from courier.runs.parking import REASON, AwaitSecret, Park
from courier.runs.parking import SIGNAL as SECRET
from courier.runs.progress import (
    Act,
    Conclude,
    Deliver,
    Finish,
    KeepCandidates,
    RunCandidates,
    StartAttempt,
    next_step,
)
from courier.runs.run import Run, fold
from courier.runs.shortage import AwaitBudget
from courier.runs.writeback import record_files

log = logging.getLogger(__name__)

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
        self._journal = journal
        self._world = world
        self._context = context
        self._runs = runs
        self._plan = FrozenPlan.model_validate_json(json.dumps(context.input))
        self._witness = witness_of(world, self._plan, is_told_again=runs is None)
        self._carried = self._plan.retry.facts if self._plan.retry else ()
        self._facts: list[RunEvent] = []
        self._asked: dict[str, int] = {}

    async def go(self) -> Json:
        """Run to the end; return the run's phase and reason."""
        try:
            return await self._go()
        finally:
            self._witness.left(self._plan)

    async def _go(self) -> Json:
        while True:
            try:
                return await self._advance()
            except RunCancelled as asked:
                at = await self._context.now(self._unique("cancelled"))
                # Work that was delivered cannot be called back: then it came too late.
                if self._run.delivered is None:
                    self._facts.append(CancelAsked(at=at, by=asked.by, reason=asked.reason))

    @property
    def plan(self) -> FrozenPlan:
        """Return what the run does."""
        return self._plan

    @property
    def facts(self) -> tuple[RunEvent, ...]:
        """Return the facts so far."""
        return tuple(self._facts)

    async def _advance(self) -> Json:
        if not self._facts or not isinstance(self._facts[0], RunStarted):
            at = await self._context.now(self._unique("started"))
            self._facts[:0] = [RunStarted(at=at), *self._carried]
            await self._began()
        while not isinstance(decision := next_step(self._plan, self._run), Finish):
            await self._obey(decision)
            self._witness.stands(self._plan, self._run)
            self._world.ledger.note_charges(charges_of(self._plan, self._run))
        return await self._settle(decision.ending)

    async def _began(self) -> None:
        await self._publish("announce")

    async def _publish(self, name: str) -> None:
        """Say on record how far the run is, and what it used."""
        self._witness.stands(self._plan, self._run)
        await self._context.step(self._unique(name), self._announce)

    async def _deliver(self, decision: Deliver) -> WorkDelivered:
        delivery = Delivery(self._world, self._context, self._plan, self._unique("deliver"))
        return await delivery.carry_out(self._run, decision)

    async def _obey(self, decision: Act) -> None:
        match decision:
            case StartAttempt():
                await self._attempt(decision)
            case RunCandidates() | KeepCandidates():
                await self._compare(decision)
            case Park() | AwaitBudget() | AwaitSecret():
                await self._park(decision)
            case AskApproval():
                question = self._question(f"approval-{decision.approval.name}")
                self._facts.append(await question.ask(self._run, decision))
            case AwaitApproval():
                await self._wait(decision)
            case Conclude():
                conclusion = Conclusion(self._world, self._context, self._plan)
                self._facts.append(await conclusion.carry_out(decision))
            case Deliver():
                self._facts.append(await self._deliver(decision))
            case _:
                assert_never(decision)

    async def _compare(self, decision: RunCandidates | KeepCandidates) -> None:
        if isinstance(decision, RunCandidates):
            candidates = Candidates(self._world, self._context, self._runs, self._plan)
            self._facts.extend(await candidates.carry_out(self._run))
        else:
            kept = (self._unique("candidates/keep"), decision)
            self._facts.append(await keep_branches(self._world, self._context, self._plan, kept))

    async def _attempt(self, start: StartAttempt) -> None:
        if start.not_before is not None:
            await self._context.sleep(f"{start.name}/wait", start.not_before)
        if (short := await self._wallet.short(self._unique("headroom"))) is not None:
            self._facts.append(short)
            return
        plan, run = self._plan, self._run
        request = Request(funded(plan, run), start, situation(plan, run, start), run.usage)
        self._facts.extend(await Attempt(self._world, self._context, request).carry_out())

    async def _park(self, decision: Park | AwaitBudget | AwaitSecret) -> None:
        """Let go of everything, and wait for money or secrets here; sleep before the next try."""
        at, message = await self._context.now(self._unique("parked")), decision.message
        if isinstance(decision, AwaitSecret):
            self._facts.append(RunParked(at=at, reason=REASON, message=message, until=None))
            await self._if_possible("let-go", self._close_sandboxes)
            await self._publish("keyless")
            await self._context.signal(SECRET)
            self._facts.append(SecretFound(at=await self._context.now(self._unique("found"))))
            return
        reason, until = decision.reason, decision.until
        self._facts.append(RunParked(at=at, reason=reason, message=message, until=until))
        if isinstance(decision, AwaitBudget):
            await self._if_possible("let-go", self._close_sandboxes)
            await self._publish("short")
            self._facts.append(await self._wallet.wait(self._unique("freed"), until=until))
            await self._publish("freed")
        else:
            await self._if_possible("limited", self._announce)

    @property
    def _wallet(self) -> Wallet:
        return Wallet(self._world, self._context, funded(self._plan, self._run))

    async def _wait(self, decision: AwaitApproval) -> None:
        """Let go of everything, say on record what is waited for, and wait."""
        await self._if_possible("let-go", self._close_sandboxes)
        await self._publish("parked")
        question = self._question(f"answer-{decision.asked.approval}")
        self._facts.append(await question.wait(decision.asked))
        await self._publish("answered")

    def _question(self, stage: str) -> Question:
        return Question(self._world, self._context, self._plan, self._unique(stage))

    async def _settle(self, ending: Ending) -> Json:
        await self._if_possible("sandboxes", self._close_sandboxes)
        kept = await self._if_possible("transcript", self._keep_transcripts)
        blobs = kept if isinstance(kept, Mapping) else {}
        ended = RunEnded(
            at=await self._context.now(self._unique("ended")),
            phase=ending.phase,
            reason=ending.reason,
            message=ending.message,
            transcript=_text(blobs.get("transcript")),
            journal=_text(blobs.get("journal")),
        )
        run = fold([*self._facts, ended])

        async def record(_io: StepIO) -> Json:
            changes = _files(self._plan, run)
            # A remote that declines today may be mended; what was spent must get on record.
            await patiently(
                self._world.clock,
                lambda: self._write(changes, f"{run.phase}: {self._plan.run}"),
                waits_for=(Unavailable, Misconfigured),
            )
            await tell(self._witness, self._journal, plan=self._plan, run=run)
            return None

        await self._context.step(self._unique("record"), record)
        return {"phase": ending.phase, "reason": ending.reason}

    async def _if_possible(self, name: str, action: Action) -> Json:
        """Do what must not cost the run its record when it fails."""
        try:
            return await self._context.step(self._unique(name), action)
        except CourierError as error:
            log.warning("run %s, %s: %s", self._plan.run, name, error)
            return None

    async def _announce(self, _io: StepIO) -> Json:
        if len(self._facts) == 1 + len(self._carried):
            self._witness.started(self._plan)
        run = self._run
        await self._write(_files(self._plan, run), f"{run.phase}: {self._plan.run}")
        return None

    async def _write(self, changes: list[Change], message: str) -> None:
        await patiently(
            self._world.clock, lambda: self._world.state.write(changes, message=message)
        )

    async def _close_sandboxes(self, _io: StepIO) -> Json:
        await close_sandboxes(self._world, labels_of(self._world, self._plan))
        return None

    async def _keep_transcripts(self, _io: StepIO) -> Json:
        started = self._run.started_at
        if started is None:
            return None
        return await keep_transcripts(self._world, self._journal, self._plan, started=started)

    @property
    def _run(self) -> Run:
        return fold(self._facts)

    def _unique(self, name: str) -> str:
        """Return a name for a durable step; what a cancel interrupted is asked under a new one."""
        count = self._asked[name] = self._asked.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _files(plan: FrozenPlan, run: Run) -> list[Change]:
    record = [WriteFile(path, content) for path, content in record_files(plan, run).items()]
    used = [AppendLine(one.path, one.to_line(), key=one.key) for one in charges_of(plan, run)]
    return [*record, *used]
