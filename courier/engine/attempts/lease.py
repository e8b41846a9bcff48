"""Holding a sandbox: opening it exactly once, finding it again, letting it go."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from courier.engine.attempts.machines import wanted_machine
from courier.engine.patience import patiently
from courier.engine.seam import Json, StepIO
from courier.engine.world import World
from courier.errors import Misused, RateLimited, Unavailable
from courier.ports.sandboxes import Sandbox
from courier.runs.run.frozen import FrozenPlan, FrozenSandbox
from courier.runs.steps.progress import StartAttempt

OPEN_PATIENCE = timedelta(minutes=10)
"""How long a provider may be out of reach before what needs a sandbox fails."""

CLOSE_PATIENCE = timedelta(minutes=2)
"""How long closing is tried; after that the sandbox's own time-out ends it."""

T = TypeVar("T")


class Lease:
    """The right to one sandbox, known by its labels; unique to the lease.

    Attributes:
        seconds: How long the sandbox lives beyond each look at it.
    """

    def __init__(
        self, world: World, machine: FrozenSandbox, labels: Mapping[str, str], *, base: str = ""
    ) -> None:
        """Keep what is wanted; nothing is asked of the provider yet.

        Args:
            world: Where the provider is.
            machine: What machine.
            labels: What tells it from all others.
            base: The commit at which files that the machine is made from are read.
        """
        self.seconds = machine.timeout_seconds
        self._world = world
        self._machine = machine
        self._labels = labels
        self._base = base
        self._id: str | None = None
        self._sandbox: Sandbox | None = None

    async def open(self, io: StepIO) -> Json:
        """Return the sandbox's id; the same one however often it is called.

        Raises:
            NotFound: If the template does not exist.
            Unavailable: If the provider stays out of reach.
        """
        if io.checkpoint is not None:
            return io.checkpoint
        sandbox_id = await self._adopt() or await self._create()
        await io.save(sandbox_id)
        return sandbox_id

    def take(self, sandbox_id: str) -> None:
        """Hold the sandbox that `open` returned, in this life or an earlier one."""
        self._id = sandbox_id

    async def use(
        self, action: Callable[[Sandbox], Awaitable[T]], *, give_up_after: timedelta | None = None
    ) -> T:
        """Return what the action makes of the sandbox, waiting out passing faults.

        After a fault the sandbox is connected to anew, so that a provider that went away is
        found, or started, again.

        Args:
            action: Safe to repeat.
            give_up_after: How long to go on; None for ever.

        Raises:
            SandboxGone: If it no longer exists.
            Unavailable: If the time is up.
        """
        return await patiently(
            self._world.clock, lambda: self._try(action), give_up_after=give_up_after
        )

    async def connect(self) -> Sandbox:
        """Return the live sandbox, however long it takes.

        Raises:
            SandboxGone: If it no longer exists.
        """
        return await patiently(self._world.clock, self._connected)

    async def pause(self) -> None:
        """Freeze the sandbox with everything in it; the next use wakes it.

        Raises:
            SandboxGone: If it no longer exists.
            Unavailable: If the provider stays out of reach.
        """
        if self._id is None:
            raise Misused("The lease holds no sandbox yet.")
        pause = partial(self._world.sandboxes.pause, self._id)
        await patiently(self._world.clock, pause, give_up_after=CLOSE_PATIENCE)
        self.lose()

    def lose(self) -> None:
        """Connect anew at the next use."""
        self._sandbox = None

    async def close(self) -> None:
        """Destroy every sandbox that carries the labels."""
        await close_sandboxes(self._world, self._labels)

    async def _try(self, action: Callable[[Sandbox], Awaitable[T]]) -> T:
        try:
            return await action(await self._connected())
        except RateLimited:
            raise
        except Unavailable:
            self.lose()
            raise

    async def _connected(self) -> Sandbox:
        if self._id is None:
            raise Misused("The lease holds no sandbox yet.")
        if self._sandbox is None:
            self._sandbox = await self._world.sandboxes.connect(
                self._id, timeout_seconds=self.seconds
            )
        return self._sandbox

    async def _adopt(self) -> str | None:
        sandboxes = self._world.sandboxes
        found = await self._patiently(lambda: sandboxes.find(self._labels))
        for surplus in found[1:]:
            await self._patiently(partial(sandboxes.kill, surplus.id))
        return found[0].id if found else None

    async def _create(self) -> str:
        wanted = await wanted_machine(self._world.repository, self._machine, self._base)
        spec = replace(
            wanted,
            timeout_seconds=self.seconds,
            labels=self._labels,
            on_timeout=self._machine.on_timeout,
        )
        self._sandbox = await self._patiently(lambda: self._world.sandboxes.create(spec))
        return self._sandbox.id

    async def _patiently(self, action: Callable[[], Awaitable[T]]) -> T:
        return await patiently(self._world.clock, action, give_up_after=OPEN_PATIENCE)


def lease_for(world: World, plan: FrozenPlan, start: StartAttempt) -> Lease:
    """Return the lease of an attempt; with ``reuse: perRun`` the one its run shares."""
    shared = plan.sandbox.reuse == "perRun"
    labels = {**labels_of(world, plan), "courier-attempt": "shared" if shared else start.lodging}
    machine = start.step.sandbox or plan.sandbox
    return Lease(world, machine, labels, base=plan.git.base_commit)


def labels_of(world: World, plan: FrozenPlan) -> dict[str, str]:
    """Return the labels every sandbox of a run carries; a candidate's carry one more."""
    whose = {"courier-candidate": str(plan.candidate)} if plan.candidate is not None else {}
    return {"courier-home": world.home, "courier-run": plan.run, **whose}


async def close_sandboxes(world: World, labels: Mapping[str, str]) -> None:
    """Destroy every sandbox that carries the labels.

    Raises:
        Unavailable: If the provider stays out of reach; the sandboxes' own time-outs end them.
    """
    clock, sandboxes = world.clock, world.sandboxes
    found = await patiently(clock, lambda: sandboxes.find(labels), give_up_after=CLOSE_PATIENCE)
    for one in found:
        await patiently(clock, partial(sandboxes.kill, one.id), give_up_after=CLOSE_PATIENCE)


async def leave_sandboxes(world: World, labels: Mapping[str, str], *, rests: str | None) -> None:
    """Destroy every sandbox that carries the labels but one, which is paused.

    Raises:
        Unavailable: If the provider stays out of reach; the sandboxes' own time-outs end them.
    """
    clock, sandboxes = world.clock, world.sandboxes
    found = await patiently(clock, lambda: sandboxes.find(labels), give_up_after=CLOSE_PATIENCE)
    for one in found:
        leave = sandboxes.pause if one.id == rests else sandboxes.kill
        await patiently(clock, partial(leave, one.id), give_up_after=CLOSE_PATIENCE)
