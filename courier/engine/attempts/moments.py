"""Scripts people wrote, run in a sandbox at their moments, and programs put on its PATH.

Every coroutine here is, or is part of, the action of one durable step: begun again after a kill,
it finds the process that was started before and follows that one to its end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

from courier.engine.attempts import process, script, workspace
from courier.engine.attempts.lease import OPEN_PATIENCE, Lease
from courier.engine.attempts.turn import Turn
from courier.engine.attempts.vigil import Limits
from courier.engine.seam import Json, StepIO
from courier.engine.world import World
from courier.errors import NotFound
from courier.ports.sandboxes import Sandbox
from courier.runs.briefs.assets import FrozenCommand, FrozenScript
from courier.runs.briefs.brief import Brief
from courier.runs.briefs.scripted import (
    ScriptDriver,
    body,
    program_of_commands,
    program_of_file,
)

PATH_VARIABLE = "COURIER_PROGRAMS"
"""The variable with the folder a process finds programs in before all others."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where scripts run, and with what.

    Attributes:
        run: The run's name.
        name: What they belong to: an attempt's name, unique in the run.
        env: Plain variables.
        secrets: Names of secrets.
        lane: What sets a candidate's transcripts apart from others, e.g. ``c2/``.
    """

    world: World
    lease: Lease
    run: str
    name: str
    env: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    lane: str = ""

    async def run_script(self, io: StepIO, asked: FrozenScript) -> Json:
        """Return the `ScriptRan` of one execution, as JSON; None if it need not run here again.

        A script before the run is run once in each sandbox, all others once for each place.

        Raises:
            SandboxGone: If the sandbox went away under it.
        """
        if io.checkpoint is None and await self._has_run(asked):
            return None
        deadline = await self._deadline(io, asked)
        transcript = self.world.transcripts.open(self.run, self._transcript(asked))
        driver = ScriptDriver(asked)
        turn = Turn(self.world, driver, self.lease, key=self._key(asked), transcript=transcript)
        try:
            brief = self._brief(await self.lease.connect())
            outcome = await turn.take(brief, limits=Limits(deadline))
        finally:
            transcript.close()
        return driver.ran(outcome).model_dump_json(by_alias=True)

    async def stop_script(self, _io: StepIO, asked: FrozenScript) -> Json:
        """Stop what an interrupted `run_script` may have started."""
        transcript = self.world.transcripts.open(self.run, self._transcript(asked))
        driver = ScriptDriver(asked)
        turn = Turn(self.world, driver, self.lease, key=self._key(asked), transcript=transcript)
        try:
            await turn.stop(self._brief(await self.lease.connect()))
        finally:
            transcript.close()
        return None

    async def install(
        self, commands: Iterable[FrozenCommand], scripts: Iterable[FrozenScript]
    ) -> None:
        """Make commands and scripts on demand programs, in the place of those there were."""
        given, wanted = tuple(commands), tuple(scripts)
        await self.lease.use(
            lambda sandbox: _install(sandbox, _programs(sandbox, given, wanted)),
            give_up_after=OPEN_PATIENCE,
        )

    async def _has_run(self, asked: FrozenScript) -> bool:
        if asked.when != "preRun":
            return False
        key = self._key(asked)
        try:
            return await self.lease.use(lambda at: process.ended(at, key)) is not None
        except NotFound:
            return False

    async def _deadline(self, io: StepIO, asked: FrozenScript) -> datetime:
        if io.checkpoint is not None:
            return datetime.fromisoformat(str(io.checkpoint))
        deadline = self.world.clock.now() + timedelta(seconds=asked.timeout_seconds)
        await io.save(deadline.isoformat())
        return deadline

    def _brief(self, sandbox: Sandbox) -> Brief:
        return Brief(
            prompt="",
            workspace=workspace.folder(sandbox),
            scratch=f"{sandbox.home}/.courier/scratch-{self.name}",
            env={**self.env, PATH_VARIABLE: programs_folder(sandbox)},
            secrets=self.secrets,
        )

    def _key(self, asked: FrozenScript) -> str:
        if asked.when == "preRun":
            return f"preRun-{asked.name}"
        return f"{self.name}-{asked.when}-{asked.name}"

    def _transcript(self, asked: FrozenScript) -> str:
        return f"{self.lane}{self.name}-script-{asked.when}-{asked.name}"


def programs_folder(sandbox: Sandbox) -> str:
    """Return the folder of a run's programs, outside the work tree."""
    return f"{sandbox.home}/.courier/programs"


def _programs(
    sandbox: Sandbox, commands: tuple[FrozenCommand, ...], scripts: tuple[FrozenScript, ...]
) -> dict[str, bytes]:
    """Return file name to content; the hidden ones are what programs have read."""
    found = {each.name: program_of_commands(each.run) for each in commands if each.run is not None}
    for each in scripts:
        if each.when != "onDemand":
            continue
        path = f"{workspace.folder(sandbox)}/{each.file}"
        if each.run is not None:
            path = f"{programs_folder(sandbox)}/.{each.name}"
            found[f".{each.name}"] = body(each.run)
        found[each.name] = program_of_file(each, path)
    return found


async def _install(sandbox: Sandbox, programs: Mapping[str, bytes]) -> None:
    folder = programs_folder(sandbox)
    stage = f"{folder}.{token_hex(8)}"
    await sandbox.write({f"{stage}/{name}": content for name, content in programs.items()})
    done = await script.run(sandbox, "programs_install", stage, folder)
    if done.exit_code != 0:
        raise script.fault("programs_install", done)
