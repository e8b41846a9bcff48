"""One turn of an agent: start its process, follow its output, decide how it ended."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal

from courier.engine.attempts import process
from courier.engine.attempts.lease import Lease
from courier.engine.attempts.saving import Saver
from courier.engine.attempts.vigil import LINGERING, Limits, Vigil
from courier.engine.money.purse import Purse
from courier.engine.world import World
from courier.errors import NotFound, Unavailable
from courier.ports.agents import AgentDriver, Translator
from courier.ports.transcripts import TranscriptFile
from courier.runs.briefs.brief import Brief
from courier.runs.transcripts.transcript import AgentEvent, Outcome, SessionStarted, UsageReported
from courier.runs.usage.budget import REASONS, RUN, Shortage
from courier.runs.usage.pricing import Bill
from courier.runs.usage.usage import Usage

STOP_GRACE = 5.0
"""Seconds between asking an agent to stop and killing it."""

STOPPED = {
    "TimedOut": "The step's time was up.",
    "Idle": "The agent wrote nothing for too long.",
    "Stopped": "The run was cancelled.",
}
"""Why we stop an agent, in words."""

LINGERED = "The agent had ended its turn and did not exit, so it was stopped."


@dataclass(frozen=True, slots=True)
class Ask:
    """What one turn asks.

    Attributes:
        number: Its place among the turns of the attempt, from 1.
        prompt: What the agent is told.
        session: The conversation to go on with.
        used: What that conversation used so far.
        earlier: What earlier turns of the attempt used.
    """

    number: int
    prompt: str
    session: str | None = None
    used: Usage = field(default_factory=Usage)
    earlier: Usage = field(default_factory=Usage)


class Turn:
    """Follows one agent process to its end; a new one may take over at any point.

    The process's output file in the sandbox is the truth: a turn that takes over reads it from
    the first line, and the transcript counts what is already on record.
    """

    def __init__(  # noqa: PLR0913 - whose process, and where what it tells goes
        self,
        world: World,
        driver: AgentDriver,
        lease: Lease,
        *,
        key: str,
        transcript: TranscriptFile,
        bill: Bill | None = None,
    ) -> None:
        self._world = world
        self._driver = driver
        self._lease = lease
        self._key = key
        self._transcript = transcript
        self._lines = 0
        self._recorded = 0
        self._on_record = transcript.count
        self._saver: Saver | None = None
        self._bill = bill or Bill(None, driver.name, None)
        self._began = world.clock.now()
        self._purse: Purse | None = None
        self._short: Shortage | None = None
        self._cost = self._told = Decimal(0)

    @property
    def spent(self) -> Usage:
        """Return what the agent reported so far, and what that costs."""
        return self._bill.total(at=self._began)

    async def take(self, brief: Brief, *, limits: Limits, saver: Saver | None = None) -> Outcome:
        """Carry the brief out and return how it ended; its work is saved meanwhile.

        Raises:
            SandboxGone: If the sandbox went away under the agent.
            MissingSecret: If the launch needs a secret that has no value here.
        """
        self._saver = saver
        self._began, self._purse = brief.asked_at or self._began, limits.purse
        if self._is_short():
            return await self.stop(brief)
        launch = self._driver.launch(brief)
        secrets = self._world.secrets.resolve(launch.secrets)
        pid = await self._lease.use(
            lambda sandbox: process.start(
                sandbox,
                launch,
                key=self._key,
                workspace=brief.workspace,
                env={**self._world.agent_env, **launch.env, **secrets},
            )
        )
        translator = self._driver.translator(brief)
        reason = await self._watch(pid, translator, limits)
        while reason == LINGERING and not translator.finished:
            # It took its turn up again just then.
            reason = await self._watch(pid, translator, limits)
        # What it says while it is being stopped is not the end of its turn.
        over = translator.finished
        if reason is not None:
            await self._stop(pid, translator)
        return await self._outcome(translator, None if over else reason)

    async def stop(self, brief: Brief) -> Outcome:
        """Stop what an earlier `take` of the same brief may have started; return how it ended.

        What it reported until then counts.

        Raises:
            SandboxGone: If the sandbox went away under the agent.
        """
        # Resolved so that the values are known where what is left of the output is redacted.
        self._world.secrets.resolve(f"?{name.lstrip('?')}" for name in brief.secrets)
        translator = self._driver.translator(brief)
        try:
            await self._stop(None, translator)
            return await self._outcome(translator, self._short.reason if self._short else "Stopped")
        except NotFound:
            return Outcome(status="failed", reason="Stopped").model_copy(
                update=self._why("Stopped")
            )

    async def _stop(self, pid: int | None, translator: Translator) -> None:
        await self._lease.use(
            lambda sandbox: process.stop(sandbox, self._key, grace_seconds=STOP_GRACE)
        )
        async for _ in self._read(pid, translator):
            pass

    async def _outcome(self, translator: Translator, reason: str | None) -> Outcome:
        ended = await self._lease.use(lambda sandbox: process.ended(sandbox, self._key))
        code = ended.exit_code if ended else None
        if code is not None and reason not in REASONS:
            # It was over by itself; only we came back late.
            reason = None
        redact = self._world.secrets.redact
        outcome = translator.outcome(
            None if reason else code, stderr=redact(ended.stderr_tail) if ended else ""
        )
        seconds = ended.seconds if ended else 0.0
        changes: dict[str, object] = {
            "usage": self.spent.model_copy(update={"agent_seconds": seconds}),
            "model": self._bill.model,
            "text": redact(outcome.text),
            "message": redact(outcome.message),
            "exit_code": code,
        }
        if outcome.status == "completed":
            changes["message"] = LINGERED if code is None else ""
        elif reason is not None:
            changes |= self._why(reason)
        elif outcome.reason == RUN and self._is_short():
            # It kept to what it was told it may spend, and we know why that was all.
            changes |= self._why(RUN)
        return outcome.model_copy(update=changes)

    async def _watch(self, pid: int, translator: Translator, limits: Limits) -> str | None:
        """Read to the end; return why it has to be stopped, or None if it ended by itself."""
        vigil = Vigil(self._world.clock, self._lease, limits, key=self._key)
        reading = asyncio.create_task(self._heed(pid, translator, vigil))
        watching = asyncio.create_task(vigil.over())
        beside = [asyncio.create_task(self._saver.keep_on())] if self._saver else []
        try:
            done, _ = await asyncio.wait({reading, watching}, return_when=asyncio.FIRST_COMPLETED)
            return (reading if reading in done else watching).result()
        finally:
            every = (reading, watching, *beside)
            for task in every:
                task.cancel()
            await asyncio.gather(*every, return_exceptions=True)

    async def _heed(self, pid: int, translator: Translator, vigil: Vigil) -> str | None:
        """Read to the end; return the reason if a budget was used up before the turn's end."""
        async with aclosing(self._read(pid, translator)) as lines:
            async for _ in lines:
                vigil.hear(finished=translator.finished)
                if await self._settles_short() and not translator.finished:
                    return self._short.reason if self._short else RUN
        return None

    def _is_short(self) -> bool:
        """Enter what was spent so far; return whether a budget is used up by now."""
        self._short = self._purse.enter(self._cost) if self._purse is not None else None
        return self._short is not None

    async def _settles_short(self) -> bool:
        """Return the same; what is news of it is told to others who share the budget first."""
        if self._purse is None or self._cost == self._told:
            return self._is_short()
        self._told = self._cost
        self._short = await self._purse.settle(self._cost)
        return self._short is not None

    def _why(self, reason: str) -> dict[str, object]:
        """Return what an outcome says of a turn that we stopped."""
        if self._short is not None:
            short = self._short
            told = {"reason": short.reason, "message": short.message, "retry_at": short.until}
            return {"status": "failed", "retryable": False, **told}
        stopped = {"status": "failed", "reason": reason, "message": STOPPED[reason]}
        return {**stopped, "retryable": reason == "Idle"}

    async def _read(self, pid: int | None, translator: Translator) -> AsyncGenerator[None, None]:
        """Translate and record line by line, to the end."""
        while True:
            sandbox = await self._lease.connect()
            try:
                following = process.follow(sandbox, self._key, pid=pid, skip_lines=self._lines)
                async with aclosing(following) as lines:
                    async for line in lines:
                        self._lines += 1
                        # Before anything is cut out of it: half a secret is not found any more.
                        self._record(translator.line(self._world.secrets.redact(line)))
                        yield
            except Unavailable:
                self._lease.lose()
                await self._world.clock.sleep(0.5)
            else:
                return

    def _record(self, events: Sequence[AgentEvent]) -> None:
        if self._saver is not None:
            self._saver.hear(events)
        for event in events:
            if isinstance(event, UsageReported):
                self._bill.add(event.usage)
                self._cost = self.spent.spent
            elif isinstance(event, SessionStarted):
                self._bill.name(event.model)
        new = events[max(0, self._on_record - self._recorded) :]
        self._recorded += len(events)
        if new:
            self._transcript.append(new, at=self._world.clock.now())
