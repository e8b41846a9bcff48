"""One attempt: one agent, in one sandbox, at one step, as durable steps of its run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from courier.engine import process, workspace
from courier.engine.lease import OPEN_PATIENCE, lease_for
from courier.engine.patience import patiently
from courier.engine.seam import Context, Json, RunCancelled, StepIO
from courier.engine.turn import STOP_GRACE, Limits, Turn
from courier.engine.world import World
from courier.errors import CourierError, Refused, SandboxGone, Unavailable
from courier.ports.repository import GateRules, Identity
from courier.ports.sandboxes import Sandbox
from courier.resources.model import Model
from courier.runs.brief import Brief
from courier.runs.events import AttemptEnded, CancelAsked, Refusal, RunEvent
from courier.runs.frozen import FrozenPlan
from courier.runs.handoff import environment
from courier.runs.progress import StartAttempt
from courier.runs.prompts import Situation, assemble
from courier.runs.proposal import commit_message
from courier.runs.transcript import Outcome
from courier.runs.usage import Usage
from courier.runs.verdict import Verdict, read_verdict, repair_prompt

OUT_REF = "refs/courier/out"
"""The one ref a bundle out of a sandbox holds."""

T = TypeVar("T")


class Work(Model):
    """What came out of a sandbox: a commit past the gate, or why the gate refused it."""

    commit: str | None = None
    files: tuple[str, ...] = ()
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be tried: a step of the frozen plan, and what the run knows by now."""

    plan: FrozenPlan
    start: StartAttempt
    situation: Situation
    spent: Usage


class Attempt:
    """Carries one request out; whatever touches the world is a durable step named after it."""

    def __init__(self, world: World, context: Context, request: Request) -> None:
        self._world = world
        self._context = context
        self._plan = request.plan
        self._start = request.start
        self._step = request.start.step
        self._request = request
        self._prompt = assemble(request.plan, self._step, request.situation)
        self._lease = lease_for(world, request.plan, request.start)
        self._sandbox: str | None = None
        self._outcome: Outcome | None = None
        self._verdict: Verdict | None = None
        self._work = Work()

    async def carry_out(self) -> tuple[RunEvent, ...]:
        """Return the facts that came of it: how it ended and, perhaps, that it was cancelled."""
        started = await self._context.now(self._named("started"))
        cancelled: RunCancelled | None = None
        try:
            await self._try()
        except RunCancelled as asked:
            cancelled = asked
            await self._stop()
        except CourierError as error:
            self._outcome = self._outcome or _failed(error)
        cancelled = await self._let_go() or cancelled
        ended = self._ended(started, await self._context.now(self._named("ended")))
        if cancelled is None:
            return (ended,)
        stop = CancelAsked(at=ended.ended_at, by=cancelled.by, reason=cancelled.reason)
        return (ended, stop)

    async def _try(self) -> None:
        opened = await self._context.step(self._named("sandbox"), self._lease.open)
        self._sandbox = str(opened)
        await self._context.step(self._named("workspace"), self._prepare)
        self._outcome = await self._turn(1, self._prompt.text)
        if self._step.gives_verdict:
            await self._judge(self._outcome)
        elif self._outcome.reason != "SandboxLost":
            self._work = _work(await self._context.step(self._named("collect"), self._collect))

    async def _judge(self, outcome: Outcome) -> None:
        self._verdict = read_verdict(outcome, agent=self._step.agent)
        if self._verdict is None or self._verdict.readable or outcome.session is None:
            return
        repaired = await self._turn(2, repair_prompt(self._verdict.feedback), outcome.session)
        self._verdict = read_verdict(repaired, agent=self._step.agent) or self._verdict
        self._outcome = repaired.model_copy(update={"usage": outcome.usage + repaired.usage})

    async def _turn(self, number: int, prompt: str, session: str | None = None) -> Outcome:
        async def take(io: StepIO) -> Json:
            return await self._take(io, number, prompt, session)

        return Outcome.model_validate_json(
            str(await self._context.step(self._named(f"turn-{number}"), take))
        )

    async def _take(self, io: StepIO, number: int, prompt: str, session: str | None) -> Json:
        deadline = await self._deadline(io)
        key = self._key(number)
        transcript = self._world.transcripts.open(self._plan.run, key)
        turn = Turn(
            self._world, self._world.drivers[self._step.agent], key=key, transcript=transcript
        )
        try:
            sandbox = await self._connect()
            brief = self._brief(sandbox, prompt, session)
            limits = Limits(deadline, self._lease.seconds, self._budget())
            outcome = await turn.take(sandbox, brief, limits=limits, env=self._world.agent_env)
        except SandboxGone as gone:
            outcome = _failed(gone).model_copy(update={"usage": turn.spent})
        finally:
            transcript.close()
        return outcome.model_dump_json(by_alias=True)

    async def _deadline(self, io: StepIO) -> datetime:
        if io.checkpoint is not None:
            return datetime.fromisoformat(str(io.checkpoint))
        deadline = self._world.clock.now() + timedelta(seconds=self._step.timeout_seconds)
        await io.save(deadline.isoformat())
        return deadline

    async def _prepare(self, _io: StepIO) -> Json:
        archive = await self._world.repository.export(self._start.base)
        sandbox = await self._connect()
        await self._patiently(
            lambda: workspace.prepare(
                sandbox, key=self._start.name, archive=archive, identity=self._identity
            )
        )
        return None

    async def _collect(self, _io: StepIO) -> Json:
        try:
            work = await self._take_out(await self._connect())
        except Refused as refused:
            work = Work(
                refusal=Refusal(
                    code=refused.code, message=str(refused), needs_approval=refused.needs_approval
                )
            )
        return work.model_dump_json(by_alias=True)

    async def _take_out(self, sandbox: Sandbox) -> Work:
        message = commit_message(self._plan, self._step, self._start.iteration)
        bundle = await self._patiently(
            lambda: workspace.collect(
                sandbox,
                base=self._start.base,
                ref=OUT_REF,
                message=message,
                identity=self._identity,
            )
        )
        if bundle is None:
            return Work()
        keep_at = f"refs/courier/runs/{self._plan.run}/{self._start.name}"
        admitted = await self._world.repository.admit(bundle, rules=self._rules(), keep_at=keep_at)
        return Work(commit=admitted.commit, files=admitted.files)

    async def _stop(self) -> None:
        """Stop the agent and take out what it has done so far."""
        self._outcome = self._outcome or Outcome(
            status="failed", reason="Stopped", message="The run was cancelled."
        )
        if self._sandbox is None or self._step.gives_verdict or self._work != Work():
            return
        try:
            self._work = _work(await self._context.step(self._named("rescue"), self._rescue))
        except CourierError as error:
            self._outcome = self._outcome.model_copy(update={"message": str(error)})

    async def _rescue(self, io: StepIO) -> Json:
        sandbox = await self._connect()
        await self._patiently(lambda: process.stop(sandbox, self._key(1), grace_seconds=STOP_GRACE))
        return await self._collect(io)

    async def _let_go(self) -> RunCancelled | None:
        try:
            await self._context.step(self._named("close"), self._close)
        except RunCancelled as asked:
            return asked
        return None

    async def _close(self, _io: StepIO) -> Json:
        if self._plan.sandbox.reuse == "perStep":
            await self._lease.close()
        return None

    def _ended(self, started: datetime, ended: datetime) -> AttemptEnded:
        assert self._outcome is not None  # noqa: S101 - every path through `carry_out` sets it
        usage = self._outcome.usage
        seconds = (ended - started).total_seconds()
        return AttemptEnded(
            step=self._step.name,
            iteration=self._start.iteration,
            attempt=self._start.attempt,
            started_at=started,
            ended_at=ended,
            outcome=self._outcome,
            verdict=self._verdict,
            base=self._start.base,
            commit=self._work.commit,
            files=self._work.files,
            refusal=self._work.refusal,
            prompt_digest=self._prompt.digest,
            sandbox=self._sandbox,
            usage=usage.model_copy(update={"sandbox_seconds": seconds if self._sandbox else 0.0}),
        )

    def _brief(self, sandbox: Sandbox, prompt: str, session: str | None) -> Brief:
        return Brief(
            prompt=prompt,
            workspace=workspace.folder(sandbox),
            scratch=f"{sandbox.home}/.courier/scratch-{self._start.name}",
            model=self._step.model,
            effort=self._step.effort,
            session=session,
            commands=self._step.commands,
            max_usd=self._budget(),
            env=environment(self._plan, self._start, self._request.situation),
            secrets=self._step.secrets,
        )

    def _budget(self) -> Decimal | None:
        if self._plan.budget_usd is None:
            return None
        return max(Decimal(0), self._plan.budget_usd - (self._request.spent.cost_usd or 0))

    def _rules(self) -> GateRules:
        delivery, git = self._plan.delivery, self._plan.git
        values = self._world.secrets.resolve(f"?{name.lstrip('?')}" for name in self._step.secrets)
        return GateRules(
            ref=OUT_REF,
            base=self._start.base,
            authors=(git.author_email,),
            protected_paths=delivery.protected_paths,
            max_files=delivery.max_files,
            max_bytes=delivery.max_bytes,
            secrets=tuple(values.values()),
        )

    @property
    def _identity(self) -> Identity:
        return Identity(self._plan.git.author_name, self._plan.git.author_email)

    async def _connect(self) -> Sandbox:
        return await self._lease.connect(str(self._sandbox))

    async def _patiently(self, action: Callable[[], Awaitable[T]]) -> T:
        return await patiently(self._world.clock, action, give_up_after=OPEN_PATIENCE)

    def _named(self, what: str) -> str:
        return f"{self._start.name}/{what}"

    def _key(self, turn: int) -> str:
        return f"{self._start.name}-turn-{turn}"


def _work(collected: Json) -> Work:
    return Work.model_validate_json(str(collected))


def _failed(error: CourierError) -> Outcome:
    gone = isinstance(error, SandboxGone)
    return Outcome(
        status="failed",
        reason="SandboxLost" if gone else type(error).__name__,
        message=str(error),
        retryable=gone or isinstance(error, Unavailable),
    )
