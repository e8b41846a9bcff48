"""Conclusion: the scripts that see the finished work, once, before it is delivered."""

from dataclasses import dataclass
from datetime import datetime

from courier.engine.attempts import workspace
from courier.engine.attempts.lease import OPEN_PATIENCE, Lease, labels_of
from courier.engine.attempts.moments import Place
from courier.engine.attempts.scripted import has_programs
from courier.engine.seam import Context, Json, StepIO
from courier.engine.world import World
from courier.errors import CourierError, SandboxGone, Unavailable
from courier.ports.repository import Identity
from courier.runs.briefs.assets import FrozenCommand, FrozenScript
from courier.runs.briefs.scripted import ScriptRan
from courier.runs.run.events import WorkConcluded
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.steps.progress import Conclude, concluding_scripts
from courier.runs.usage.pricing import with_sandbox
from courier.runs.usage.usage import Usage

NAME = "postRun-1"
"""What its sandbox, processes and durable steps are called; no step ends in a number alone."""

TRIES = 2
"""Sandboxes that may be lost under it before it is given up."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A sandbox with the final work checked out; what scripts change there is thrown away."""

    world: World
    context: Context
    plan: FrozenPlan

    async def carry_out(self, decision: Conclude) -> WorkConcluded:
        """Return what the scripts came to, or why they could not be run to their end."""
        began = await self.context.now(f"{NAME}.1/started")
        for attempt in range(1, TRIES + 1):
            try:
                ran = await self._try(f"{NAME}.{attempt}", decision.commit)
            except CourierError as error:
                passes = isinstance(error, SandboxGone | Unavailable)
                if attempt == TRIES or not passes:
                    return await self._told(decision, began, (), str(error))
            else:
                return await self._told(decision, began, ran, "")
        raise AssertionError("the last try returns")

    async def _told(
        self, decision: Conclude, began: datetime, ran: tuple[ScriptRan, ...], failure: str
    ) -> WorkConcluded:
        at = await self.context.now(f"{NAME}.1/ended")
        seconds = (at - began).total_seconds()
        return WorkConcluded(
            at=at,
            commit=decision.commit,
            scripts=ran,
            failure=self.world.secrets.redact(failure),
            sandbox_seconds=seconds,
            usage=with_sandbox(Usage(), seconds, self.plan.rates, at=began),
        )

    async def _try(self, name: str, commit: str) -> tuple[ScriptRan, ...]:
        lease = self._lease(name)
        await self._open(name, lease, commit)
        return await self._run(name, lease)

    async def _open(self, name: str, lease: Lease, commit: str) -> None:
        async def open_(io: StepIO) -> Json:
            for step, _ in concluding_scripts(self.plan):
                self.world.secrets.resolve(step.secrets)
            return await lease.open(io)

        async def prepare(_io: StepIO) -> Json:
            archive = await self.world.repository.export(commit)
            author = Identity(self.plan.git.author_name, self.plan.git.author_email)
            await lease.use(
                lambda sandbox: workspace.prepare(
                    sandbox, key=name, archive=archive, identity=author
                ),
                give_up_after=OPEN_PATIENCE,
            )
            return None

        async def install(_io: StepIO) -> Json:
            await self._place(name, lease, self.plan.steps[0]).install(*self._programs())
            return None

        lease.take(str(await self.context.step(f"{name}/sandbox", open_)))
        await self.context.step(f"{name}/workspace", prepare)
        if has_programs(self.plan):
            await self.context.step(f"{name}/programs", install)

    async def _run(self, name: str, lease: Lease) -> tuple[ScriptRan, ...]:
        ran: list[ScriptRan] = []
        for step, script in (*_preparing(self.plan), *concluding_scripts(self.plan)):
            place = self._place(name, lease, step)

            async def run(io: StepIO, place: Place = place, script: FrozenScript = script) -> Json:
                return await place.run_script(io, script)

            told = await self.context.step(f"{name}/{script.when}-{script.name}", run)
            if told is None:
                continue
            ran.append(ScriptRan.model_validate_json(str(told)))
            if ran[-1].is_fatal:
                break
        return tuple(ran)

    def _lease(self, name: str) -> Lease:
        shared = self.plan.sandbox.reuse == "perRun"
        labels = labels_of(self.world, self.plan)
        return Lease(
            self.world,
            self.plan.sandbox,
            {**labels, "courier-attempt": "shared" if shared else name},
        )

    def _place(self, name: str, lease: Lease, step: FrozenStep) -> Place:
        return Place(
            world=self.world,
            lease=lease,
            run=self.plan.run,
            name=name,
            env={
                **self.world.agent_env,
                "COURIER_RUN": self.plan.run,
                "COURIER_BASE": self.plan.git.base_commit,
                **step.env,
            },
            secrets=step.secrets,
        )

    def _programs(self) -> tuple[list[FrozenCommand], list[FrozenScript]]:
        steps = self.plan.every_step.values()
        commands = {each.name: each for step in steps for each in step.commands}
        scripts = {each.name: each for step in steps for each in step.scripts}
        return list(commands.values()), list(scripts.values())


def _preparing(plan: FrozenPlan) -> tuple[tuple[FrozenStep, FrozenScript], ...]:
    """Return every script before the run, each once, with the first step that names it."""
    found: dict[str, tuple[FrozenStep, FrozenScript]] = {}
    for step in plan.every_step.values():
        for script in step.scripts:
            if script.when == "preRun":
                found.setdefault(script.name, (step, script))
    return tuple(found.values())
