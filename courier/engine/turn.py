"""One turn of an agent: start its process, follow its output, decide how it ended."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from courier.engine import process
from courier.engine.patience import patiently
from courier.engine.world import World
from courier.errors import Unavailable
from courier.ports.agents import AgentDriver, Translator
from courier.ports.sandboxes import Sandbox
from courier.ports.transcripts import TranscriptFile
from courier.runs.brief import Brief
from courier.runs.transcript import AgentEvent, Outcome, UsageReported
from courier.runs.usage import Usage

STOP_GRACE = 5.0
"""Seconds between asking an agent to stop and killing it."""

STOPPED = {
    "TimedOut": "The step's time was up.",
    "BudgetExceeded": "The run's budget was used up.",
}
"""Why we stop an agent, in words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a turn from outside.

    Attributes:
        deadline: When the agent is stopped.
        budget: US dollars this turn may still cost; None for no cap.
        lease_seconds: How long the sandbox is kept alive beyond each look at it.
    """

    deadline: datetime
    lease_seconds: int
    budget: Decimal | None = None


class Turn:
    """Follows one agent process to its end; a new one may take over at any point.

    The process's output file in the sandbox is the truth: a turn that takes over reads it from
    the first line, and the transcript counts what is already on record.
    """

    def __init__(
        self, world: World, driver: AgentDriver, *, key: str, transcript: TranscriptFile
    ) -> None:
        self._world = world
        self._driver = driver
        self._key = key
        self._transcript = transcript
        self._lines = 0
        self._recorded = 0
        self._on_record = transcript.count
        self._spent = Usage()

    @property
    def spent(self) -> Usage:
        """Return what the agent reported so far."""
        return self._spent

    async def take(
        self, sandbox: Sandbox, brief: Brief, *, limits: Limits, env: Mapping[str, str]
    ) -> Outcome:
        """Carry the brief out and return how it ended.

        Raises:
            SandboxGone: If the sandbox went away under the agent.
            MissingSecret: If the launch needs a secret that has no value here.
        """
        launch = self._driver.launch(brief)
        secrets = self._world.secrets.resolve(launch.secrets)
        pid = await patiently(
            self._world.clock,
            lambda: process.start(
                sandbox,
                launch,
                key=self._key,
                workspace=brief.workspace,
                env={**env, **launch.env, **secrets},
            ),
        )
        translator = self._driver.translator(brief)
        reason = await self._watch(sandbox, pid, translator, limits)
        if reason is not None:
            await process.stop(sandbox, self._key, grace_seconds=STOP_GRACE)
            await self._read(sandbox, pid, translator, budget=None)
        return await self._outcome(sandbox, translator, reason)

    async def _outcome(
        self, sandbox: Sandbox, translator: Translator, reason: str | None
    ) -> Outcome:
        ended = await patiently(self._world.clock, lambda: process.ended(sandbox, self._key))
        code = None if reason or ended is None else ended.exit_code
        redact = self._world.secrets.redact
        outcome = translator.outcome(code, stderr=redact(ended.stderr_tail) if ended else "")
        seconds = ended.seconds if ended else 0.0
        changes: dict[str, object] = {
            "usage": outcome.usage.model_copy(update={"agent_seconds": seconds}),
            "text": redact(outcome.text),
            "message": redact(outcome.message),
        }
        if reason is not None:
            changes |= {"status": "failed", "reason": reason, "message": STOPPED[reason]}
            changes |= {"retryable": False}
        return outcome.model_copy(update=changes)

    async def _watch(
        self, sandbox: Sandbox, pid: int, translator: Translator, limits: Limits
    ) -> str | None:
        """Read to the end; return why it has to be stopped, or None if it ended by itself."""
        reading = asyncio.create_task(self._read(sandbox, pid, translator, budget=limits.budget))
        keeping = asyncio.create_task(self._keep(sandbox, limits))
        try:
            done, _ = await asyncio.wait({reading, keeping}, return_when=asyncio.FIRST_COMPLETED)
            return (reading if reading in done else keeping).result()
        finally:
            reading.cancel()
            keeping.cancel()
            await asyncio.gather(reading, keeping, return_exceptions=True)

    async def _read(
        self, sandbox: Sandbox, pid: int, translator: Translator, *, budget: Decimal | None
    ) -> str | None:
        while True:
            try:
                async for line in process.follow(
                    sandbox, self._key, pid=pid, skip_lines=self._lines
                ):
                    self._lines += 1
                    self._record(translator.line(line))
                    if budget is not None and (self._spent.cost_usd or 0) > budget:
                        return "BudgetExceeded"
            except Unavailable:
                await self._world.clock.sleep(0.5)
            else:
                return None

    def _record(self, events: Sequence[AgentEvent]) -> None:
        for event in events:
            if isinstance(event, UsageReported):
                self._spent = self._spent + event.usage
        new = events[max(0, self._on_record - self._recorded) :]
        self._recorded += len(events)
        if new:
            self._transcript.append(new, at=self._world.clock.now())

    async def _keep(self, sandbox: Sandbox, limits: Limits) -> str:
        clock = self._world.clock
        while (left := (limits.deadline - clock.now()).total_seconds()) > 0:
            await clock.sleep(min(left, limits.lease_seconds / 3))
            await patiently(clock, lambda: sandbox.extend(limits.lease_seconds))
        return "TimedOut"
