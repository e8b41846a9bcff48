"""The scripts of one attempt, moment by moment, each a durable step of its run."""

from dataclasses import replace

from courier.engine.attempts.station import Request, Station
from courier.engine.seam import Context
from courier.runs.briefs.assets import FrozenScript, Moment
from courier.runs.briefs.scripted import ScriptRan, dynamic_context
from courier.runs.run.frozen import FrozenPlan
from courier.runs.steps.prompts import Situation


class Scripts:
    """Runs them and remembers what they came to; without scripts it asks for no step at all."""

    def __init__(self, context: Context, station: Station, request: Request) -> None:
        self._context = context
        self._station = station
        self._name = request.start.name
        self._scripts = request.start.step.scripts
        self._has_programs = has_programs(request.plan)
        self._ran: list[ScriptRan] = []
        self._open: FrozenScript | None = None

    @property
    def ran(self) -> tuple[ScriptRan, ...]:
        """Return what ran so far, in order."""
        return tuple(self._ran)

    async def install(self) -> None:
        """Put the step's programs on the PATH, in the place of those of another step."""
        if self._has_programs:
            await self._context.step(f"{self._name}/programs", self._station.install)

    async def carry_out(self, *moments: Moment) -> ScriptRan | None:
        """Run the scripts of some moments in turn; return the first that fails the attempt."""
        for script in (each for moment in moments for each in self._scripts if each.when == moment):
            ran = await self._carry_out(script)
            if ran is not None and ran.is_fatal:
                return ran
        return None

    async def stop(self) -> None:
        """Stop the script that was interrupted, if any."""
        if (script := self._open) is not None:
            await self._context.step(
                f"{self._name}/stop-{script.when}-{script.name}",
                lambda io: self._station.stop_script(io, script),
            )

    def inform(self, situation: Situation) -> Situation:
        """Return the situation with what context scripts said."""
        return replace(situation, dynamic=dynamic_context(self._ran))

    async def _carry_out(self, script: FrozenScript) -> ScriptRan | None:
        self._open = script
        told = await self._context.step(
            f"{self._name}/{script.when}-{script.name}",
            lambda io: self._station.run_script(io, script),
        )
        self._open = None
        if told is None:
            return None
        ran = ScriptRan.model_validate_json(str(told))
        self._ran.append(ran)
        return ran


def has_programs(plan: FrozenPlan) -> bool:
    """Return whether any step of a run has programs of its own."""
    return any(
        any(command.run is not None for command in step.commands)
        or any(script.when == "onDemand" for script in step.scripts)
        for step in plan.every_step.values()
    )
