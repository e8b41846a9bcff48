"""The station of one attempt: its sandbox, the repository in it, the agent at work, the work out.

Every public coroutine is the action of one durable step: begun again after a kill, it finds what
an earlier life of it left.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from courier.engine.attempts import halting, workspace
from courier.engine.attempts.breakage import failure
from courier.engine.attempts.earlier import earlier_work, last_checkpoint
from courier.engine.attempts.enclosures import Enclosures
from courier.engine.attempts.lease import OPEN_PATIENCE, lease_for
from courier.engine.attempts.moments import PATH_VARIABLE, Place, programs_folder
from courier.engine.attempts.saving import saver_for
from courier.engine.attempts.turn import Ask, Turn
from courier.engine.attempts.vigil import Limits
from courier.engine.commits import admission
from courier.engine.commits.admission import Work
from courier.engine.money.billing import bill_of
from courier.engine.money.purse import Account, Purse
from courier.engine.seam import Json, StepIO
from courier.engine.world import World
from courier.errors import CourierError, Refused
from courier.ports.repository import Identity
from courier.ports.sandboxes import Sandbox
from courier.runs.briefs.assets import FrozenScript
from courier.runs.briefs.brief import Brief
from courier.runs.proposal.commits import commit_message
from courier.runs.records.charges import key_of
from courier.runs.run.frozen import FrozenPlan
from courier.runs.steps.handoff import environment
from courier.runs.steps.progress import StartAttempt
from courier.runs.steps.prompts import Situation
from courier.runs.transcripts.transcript import Outcome
from courier.runs.usage.pricing import Bill
from courier.runs.usage.usage import Usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be tried: a step of the frozen plan, and what the run knows by now.

    Attributes:
        rests: Whether its conversation may be needed once more after its work was delivered.
    """

    plan: FrozenPlan
    start: StartAttempt
    situation: Situation
    spent: Usage
    rests: bool = False


class Station:
    """Where one request is worked on."""

    def __init__(self, world: World, request: Request) -> None:
        self._world = world
        self._request = request
        self._plan = request.plan
        self._start = request.start
        self._step = request.start.step
        self._lease = lease_for(world, request.plan, request.start)
        self._enclosed = Enclosures(request.start.name, request.plan.images, request.situation)

    def take(self, sandbox_id: str) -> None:
        """Hold the sandbox that `open` returned."""
        self._lease.take(sandbox_id)

    async def open(self, io: StepIO) -> Json:
        """Return the id of the attempt's sandbox.

        Raises:
            MissingSecret: If a secret of the step has no value here.
        """
        self._world.secrets.resolve(self._step.secrets)
        return await self._lease.open(io)

    async def prepare(self, _io: StepIO) -> Json:
        """Check the repository out, and put beside it what belongs to the task.

        Returns:
            A commit of what an earlier attempt left in the work tree; None if nothing.
        """
        shown = {one.name: one.commit for one in self._request.situation.candidates}
        earlier = await earlier_work(self._world, self._plan, self._start)
        if earlier is not None:
            shown[workspace.EARLIER_WORK] = earlier
        stopped = await halting.stopped(self._world, self._plan, self._request.situation.conflict)
        shown |= stopped.branches
        archive = await self._world.repository.export(self._start.base, branches=shown)
        await self._use(
            lambda sandbox: workspace.prepare(
                sandbox,
                key=self._start.name,
                archive=archive,
                identity=self._identity,
                resumes=earlier is not None,
            )
        )
        await self._use(lambda sandbox: stopped.put(sandbox, key=self._start.name))
        await self._use(lambda sandbox: self._enclosed.put(self._world, sandbox))
        return earlier

    async def rejoin(self, _io: StepIO) -> Json:
        """Put what belongs to the task beside the work tree of an attempt that was paused."""
        await self._use(lambda sandbox: self._enclosed.put(self._world, sandbox))
        return None

    async def install(self, _io: StepIO) -> Json:
        """Put the step's programs on the PATH of what runs there."""
        await self._moments().install(self._step.commands, self._step.scripts)
        return None

    async def run_script(self, io: StepIO, script: FrozenScript) -> Json:
        """Return the `ScriptRan` of one script, as JSON; None if it need not run here again."""
        return await self._moments().run_script(io, script)

    async def stop_script(self, io: StepIO, script: FrozenScript) -> Json:
        """Stop an interrupted script."""
        return await self._moments().stop_script(io, script)

    async def work(self, io: StepIO, ask: Ask, *, until: datetime | None = None) -> Json:
        """Return the outcome of one turn of the agent, as JSON.

        Args:
            io: Of the step.
            ask: What the agent is asked.
            until: When it is stopped; None for the step's time from now.
        """
        deadline = until or await self._deadline(io)
        limits = Limits(
            deadline,
            self._purse(ask),
            idle_seconds=self._step.idle_seconds,
            linger_seconds=self._step.linger_seconds,
        )
        asked_at = deadline - timedelta(seconds=self._step.timeout_seconds)
        again = io.tries > 1
        saver = saver_for(self._world, self._lease, self._plan, self._start, at_once=again)
        return await self._with_turn(
            ask,
            lambda turn, brief: turn.take(
                replace(brief, asked_at=asked_at), limits=limits, saver=saver
            ),
        )

    async def stop(self, _io: StepIO, ask: Ask) -> Json:
        """Stop the agent of an interrupted turn; return the turn's outcome, as JSON."""
        return await self._with_turn(ask, lambda turn, brief: turn.stop(brief))

    async def collect(self, _io: StepIO) -> Json:
        """Return the `Work` that passes the gate, or why the gate refused it, as JSON."""
        try:
            work = await self._take_out()
        except Refused as refused:
            work = await admission.refused(
                self._world, refused, base=self._start.base, keep_at=self._kept_at
            )
        work = await halting.judged(self._world, self._request.situation.conflict, work)
        return work.model_dump_json(by_alias=True)

    async def look_back(self, _io: StepIO) -> Json:
        """Return the attempt's last `Checkpoint` as JSON; None if there is none to be found."""
        found = await last_checkpoint(self._world, self._plan.run, self._attempt)
        return found.model_dump_json(by_alias=True) if found is not None else None

    async def pause(self, _io: StepIO) -> Json:
        """Freeze the sandbox with everything in it.

        Raises:
            SandboxGone: If it no longer exists.
        """
        await self._lease.pause()
        return None

    async def wake(self, _io: StepIO) -> Json:
        """Let a paused sandbox go on, with all of its time before it."""
        await self._use(lambda sandbox: sandbox.extend(self._lease.seconds))
        return None

    async def close(self, _io: StepIO) -> Json:
        """Let the sandbox go, unless the run goes on with it."""
        if self._plan.sandbox.reuse == "perStep":
            await self._lease.close()
        return None

    def _moments(self) -> Place:
        return Place(
            world=self._world,
            lease=self._lease,
            run=self._plan.run,
            name=self._start.name,
            env=self._environment(),
            secrets=self._step.secrets,
            lane=self._plan.lane,
        )

    def _environment(self) -> dict[str, str]:
        known = environment(self._plan, self._start, self._request.situation)
        return {**self._world.agent_env, **known}

    async def _with_turn(self, ask: Ask, act: Callable[[Turn, Brief], Awaitable[Outcome]]) -> Json:
        key = f"{self._start.name}-turn-{ask.number}"
        stream = f"{self._plan.lane}{key}"
        transcript = self._world.transcripts.open(self._plan.run, stream)
        driver = self._world.driver(self._step)
        bill = Bill(self._plan.rates, self._step.agent, self._step.model)
        turn = Turn(self._world, driver, self._lease, key=key, transcript=transcript, bill=bill)
        try:
            outcome = await act(turn, self._brief(await self._lease.connect(), ask))
        except CourierError as error:
            # An earlier life may have heard more than can still be read.
            bill = bill_of(self._world.transcripts, self._plan, self._step, stream)
            used = bill.total(at=self._world.clock.now())
            outcome = failure(error).model_copy(update={"usage": used, "model": bill.model})
        finally:
            transcript.close()
        return outcome.model_dump_json(by_alias=True)

    async def _deadline(self, io: StepIO) -> datetime:
        if io.checkpoint is not None:
            return datetime.fromisoformat(str(io.checkpoint))
        deadline = self._world.clock.now() + timedelta(seconds=self._step.timeout_seconds)
        await io.save(deadline.isoformat())
        return deadline

    async def _take_out(self) -> Work:
        bundle = await self._use(
            lambda sandbox: workspace.collect(
                sandbox,
                base=self._start.base,
                ref=admission.OUT_REF,
                message=commit_message(self._plan, self._step, self._start.iteration),
                identity=self._identity,
            )
        )
        if bundle is None:
            return Work()
        rules = admission.rules(self._world, self._plan, base=self._start.base)
        admitted = await self._world.repository.admit(bundle, rules=rules, keep_at=self._kept_at)
        return Work(commit=admitted.commit, files=admitted.files)

    async def _use(self, action: Callable[[Sandbox], Awaitable[T]]) -> T:
        return await self._lease.use(action, give_up_after=OPEN_PATIENCE)

    def _brief(self, sandbox: Sandbox, ask: Ask) -> Brief:
        return Brief(
            prompt=ask.prompt,
            workspace=workspace.folder(sandbox),
            scratch=f"{sandbox.home}/.courier/scratch-{self._start.lodging}",
            model=self._step.model,
            effort=self._step.effort,
            session=ask.session,
            used=ask.used,
            run=self._step.run,
            home=sandbox.home,
            guide=self._plan.guide,
            skills=self._step.skills,
            commands=self._step.commands,
            images=self._enclosed.images(sandbox.home) if ask.session is None else (),
            max_usd=self._purse(ask).left,
            env={
                **self._enclosed.environment(sandbox.home),
                **self._environment(),
                PATH_VARIABLE: programs_folder(sandbox),
            },
            secrets=self._step.secrets,
        )

    def _purse(self, ask: Ask) -> Purse:
        key = key_of(self._plan, self._attempt, turn=ask.number)
        account = Account(key, self._plan, self._request.spent.spent, ask.earlier.spent)
        return Purse(self._world.ledger, self._world.clock, account)

    @property
    def _kept_at(self) -> str:
        return workspace.kept_at(self._plan.run, self._attempt)

    @property
    def _attempt(self) -> str:
        return f"{self._plan.lane}{self._start.name}"

    @property
    def _identity(self) -> Identity:
        return Identity(self._plan.git.author_name, self._plan.git.author_email)
