"""Holding a sandbox: opening it exactly once, finding it again, letting it go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from courier.engine.patience import patiently
from courier.engine.seam import Json, StepIO
from courier.engine.world import World
from courier.ports.sandboxes import Sandbox, SandboxSpec
from courier.runs.frozen import FrozenPlan, FrozenSandbox
from courier.runs.progress import StartAttempt

OPEN_PATIENCE = timedelta(minutes=10)
"""How long a provider may be out of reach before opening a sandbox fails."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to one sandbox, known by its labels.

    Attributes:
        machine: What to open.
        labels: What it is found by; unique to the lease.
        seconds: How long it lives beyond each look at it.
    """

    world: World
    machine: FrozenSandbox
    labels: Mapping[str, str]
    seconds: int

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

    async def connect(self, sandbox_id: str) -> Sandbox:
        """Return the live sandbox.

        Raises:
            SandboxGone: If it no longer exists.
        """
        return await patiently(
            self.world.clock,
            lambda: self.world.sandboxes.connect(sandbox_id, timeout_seconds=self.seconds),
            give_up_after=OPEN_PATIENCE,
        )

    async def close(self) -> None:
        """Destroy every sandbox that carries the labels."""
        clock, sandboxes = self.world.clock, self.world.sandboxes
        for found in await patiently(clock, lambda: sandboxes.find(self.labels)):
            await patiently(clock, lambda at=found: sandboxes.kill(at.id))

    async def _adopt(self) -> str | None:
        found = await patiently(
            self.world.clock,
            lambda: self.world.sandboxes.find(self.labels),
            give_up_after=OPEN_PATIENCE,
        )
        for surplus in found[1:]:
            await self.world.sandboxes.kill(surplus.id)
        return found[0].id if found else None

    async def _create(self) -> str:
        spec = SandboxSpec(
            template=self.machine.template,
            timeout_seconds=self.seconds,
            labels=self.labels,
            network=self.machine.network,
        )
        sandbox = await patiently(
            self.world.clock,
            lambda: self.world.sandboxes.create(spec),
            give_up_after=OPEN_PATIENCE,
        )
        return sandbox.id


def lease_for(world: World, plan: FrozenPlan, start: StartAttempt) -> Lease:
    """Return the lease of an attempt; with ``reuse: perRun`` the one its run shares."""
    shared = plan.sandbox.reuse == "perRun"
    labels = {**labels_of(world, plan), "courier-attempt": "shared" if shared else start.name}
    return Lease(world, plan.sandbox, labels, plan.sandbox.timeout_seconds)


def labels_of(world: World, plan: FrozenPlan) -> dict[str, str]:
    """Return the labels every sandbox of a run carries."""
    return {"courier-home": world.home, "courier-run": plan.run}
