"""Saving work out of a live sandbox while its agent goes on: on a timer, and after bursts."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from courier.engine.attempts import workspace
from courier.engine.attempts.lease import Lease
from courier.engine.commits import admission
from courier.engine.world import World
from courier.errors import CourierError, Refused, SandboxGone
from courier.ports.checkpoints import Line
from courier.ports.repository import Identity
from courier.runs.replies.roles import keeps_changes
from courier.runs.run.frozen import FrozenPlan
from courier.runs.steps.progress import StartAttempt
from courier.runs.transcripts.transcript import AgentEvent, ErrorReported, ToolReturned

log = logging.getLogger(__name__)

BURST: Final = 5
"""Answers of tools since the last checkpoint that make a burst."""

BURST_PAUSE: Final = 3.0
"""Seconds of silence that end a burst."""

BURST_LEAST: Final = 15.0
"""Seconds between a checkpoint and the next one that a burst may bring."""

AGAIN: Final = 15.0
"""Seconds after which what failed is tried again, where the timer is not due before."""

PATIENCE: Final = timedelta(seconds=30)
"""How long one checkpoint waits for a sandbox that is out of reach."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Whose work is saved, and how often.

    Attributes:
        plan: What the run does.
        start: The attempt.
        every: Seconds between two looks at the work tree.
        at_once: Whether to look now: nobody did while courier was away.
    """

    plan: FrozenPlan
    start: StartAttempt
    every: float
    at_once: bool = False

    @property
    def attempt(self) -> str:
        """Return the attempt's name, unique in the run."""
        return f"{self.plan.lane}{self.start.name}"

    @property
    def line(self) -> Line:
        """Return where its checkpoints go."""
        return Line(self.plan.run, self.attempt, self.start.base, self.identity)

    @property
    def identity(self) -> Identity:
        """Return who its commits are by."""
        return Identity(self.plan.git.author_name, self.plan.git.author_email)


class Saver:
    """Saves one attempt's work while a turn goes on; what goes wrong is told and costs nothing.

    What it has put on the remote is the truth: nothing else is remembered of it, so that any
    later life, on any machine, can take up from there.
    """

    def __init__(self, world: World, lease: Lease, saved: Saved) -> None:
        self._world = world
        self._lease = lease
        self._saved = saved
        self._known: str | None = None
        self._told: str | None = None
        self._begun = self._heard = world.clock.monotonic()
        self._tools = 0
        self._busy = asyncio.Event()

    def hear(self, events: Iterable[AgentEvent]) -> None:
        """Take in what the agent did."""
        self._heard = self._world.clock.monotonic()
        self._tools += sum(isinstance(event, ToolReturned) for event in events)
        if self._tools >= BURST:
            self._busy.set()

    async def keep_on(self) -> None:
        """Save again and again, until cancelled or the sandbox is gone."""
        pause = 0.0 if self._saved.at_once else self._saved.every
        while True:
            await self._due(pause)
            self._begun = self._world.clock.monotonic()
            self._tools = 0
            self._busy.clear()
            pause = self._saved.every
            try:
                await self._save()
            except SandboxGone:
                return
            except Refused as refused:
                self._tell(refused)
            except CourierError as fault:
                log.warning("%s is not saved now: %s", self._saved.attempt, fault)
                pause = min(pause, AGAIN)

    async def _due(self, pause: float) -> None:
        waits = [
            asyncio.create_task(
                self._world.clock.sleep(max(0.0, pause - self._passed(self._begun)))
            ),
            asyncio.create_task(self._burst()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _burst(self) -> None:
        await self._busy.wait()
        while True:
            left = max(
                BURST_LEAST - self._passed(self._begun), BURST_PAUSE - self._passed(self._heard)
            )
            if left <= 0:
                return
            await self._world.clock.sleep(left)

    async def _save(self) -> None:
        world, saved = self._world, self._saved
        known = self._known or await self._last_tree()
        at = world.clock.now()
        taken = await self._lease.use(
            lambda sandbox: workspace.save(
                sandbox,
                base=saved.start.base,
                ref=admission.OUT_REF,
                known=known,
                identity=saved.identity,
            ),
            give_up_after=PATIENCE,
        )
        self._known = known
        if taken is None:
            return
        bundle, tree = taken
        try:
            commit = await self._admit(bundle)
        except Refused:
            self._known = tree
            raise
        kept = await world.checkpoints.add(commit, line=saved.line, at=at)
        log.debug("%s is saved: checkpoint %d", saved.attempt, kept.number)
        self._known, self._told = tree, None

    async def _last_tree(self) -> str:
        """Return the tree that is saved already, or that the attempt began with."""
        world, saved = self._world, self._saved
        last = await world.checkpoints.newest(saved.plan.run, saved.attempt) or saved.start.resume
        return await world.repository.tree(last.commit if last else saved.start.base)

    async def _admit(self, bundle: bytes) -> str:
        """Return the commit past the gate; protected paths are judged when the work is done."""
        repository, saved = self._world.repository, self._saved
        rules = admission.rules(self._world, saved.plan, base=saved.start.base)
        at = workspace.saved_at(saved.plan.run, saved.attempt)
        try:
            return (await repository.admit(bundle, rules=rules, keep_at=at)).commit
        except Refused as refused:
            if not refused.needs_approval:
                raise
            return await repository.release(at)

    def _tell(self, refused: Refused) -> None:
        """Tell people once that the work is not saved as it is, and why."""
        why = self._world.secrets.redact(str(refused))
        if why == self._told:
            return
        self._told = why
        saved, now = self._saved, self._world.clock.now()
        log.warning("run %s, %s is not saved: %s", saved.plan.run, saved.attempt, why)
        told = ErrorReported(message=f"No checkpoint is kept of this work: {why}")
        name = f"{saved.attempt}-checkpoints"
        with closing(self._world.transcripts.open(saved.plan.run, name)) as transcript:
            transcript.append([told], at=now)

    def _passed(self, since: float) -> float:
        return self._world.clock.monotonic() - since


def saver_for(
    world: World, lease: Lease, plan: FrozenPlan, start: StartAttempt, *, at_once: bool
) -> Saver | None:
    """Return what saves an attempt's work; None where there is none, or it is not asked for."""
    every = start.step.checkpoint_seconds
    if every is None or not keeps_changes(start.step):
        return None
    return Saver(world, lease, Saved(plan, start, every, at_once=at_once))
