"""A real reconciler around a world that is only remembered, on a clock that jumps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from courier.engine.desired.desired import DesiredState
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler, Result
from courier.engine.passes.rounds import Rounds
from courier.engine.world import World
from courier.errors import Unavailable
from courier.planning.documents.manifest import Schemas
from courier.ports.forges import Forge
from courier.shipped import schema_text
from courier.storage.index import Index
from tests.engine.worlds import DRIVERS
from tests.fakes.clock import FakeClock
from tests.fakes.memory import MemoryRepository, MemoryState
from tests.fakes.simulated import Fate, SimulatedEngine

BASE = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  concurrency: {openPullRequests: 1000}
---
apiVersion: courier/v1
kind: Workflow
metadata: {name: fix}
spec:
  steps:
    - {name: work, type: custom, run: make}
"""


def task(name: str, schedule: str, **spec: object) -> str:
    """Return a RecurringTask document; ``schedule`` is YAML."""
    more = "".join(f"  {field}: {value}\n" for field, value in spec.items())
    return (
        f"---\napiVersion: courier/v1\nkind: RecurringTask\nmetadata: {{name: {name}}}\nspec:\n"
        f"  workflow: fix\n  prompt: Tidy up.\n  schedule: {schedule}\n{more}"
    )


@dataclass
class Simulation:
    """Everything that outlives a daemon, and a daemon's reconciler that can be begun anew."""

    clock: FakeClock
    state: MemoryState
    repository: MemoryRepository
    engine: SimulatedEngine
    index: Index
    passes: int = 0
    broken_off: int = 0
    problems: int = 0
    forges: Mapping[str, Forge] = field(default_factory=dict)
    reconciler: Reconciler = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    @classmethod
    def at(cls, moment: str, fate: Fate, folder: Path) -> "Simulation":
        clock, state = FakeClock(at=moment), MemoryState()
        engine, index = SimulatedEngine(clock, state, fate), Index(state, folder, clock)
        return cls(clock, state, MemoryRepository(), engine, index)

    def restart(self) -> None:
        """Forget what only a process knows."""
        absent: Any = None
        world = World(
            home="year",
            clock=self.clock,
            sandboxes=absent,
            repository=cast(Any, self.repository),
            state=self.state,
            index=self.index,
            checkpoints=absent,
            forges=self.forges,
            secrets=absent,
            transcripts=absent,
            drivers={driver.name: driver for driver in DRIVERS},
            describe=absent,
            models=absent,
        )
        observation = Observation(world, self.engine, remote="/nowhere")
        desired = DesiredState(world, Schemas(schema_text))
        dispatcher = Dispatcher(world, self.engine, observation)
        rounds = Rounds(world, self.engine) if self.forges else None
        self.reconciler = Reconciler(world, desired, observation, dispatcher, rounds=rounds)

    async def pass_once(self) -> Result | None:
        self.passes += 1
        try:
            result = await self.reconciler.reconcile()
        except Unavailable:
            self.broken_off += 1
            return None
        self.problems += bool(result.diagnostics)
        return result

    async def run_until(self, moment: datetime) -> None:
        """Be a daemon until then: pass, rest until something is due or ends, and again.

        Passes at which nothing is due are left out; they do nothing.
        """
        while self.clock.now() < moment:
            await self.engine.end_what_is_over()
            result = await self.pass_once()
            now = self.clock.now()
            pause = 30.0 if result is None else result.requeue_after
            wakes = [moment]
            if pause is not None:
                wakes.append(now + timedelta(seconds=pause))
            if self.engine.next_end is not None:
                wakes.append(max(self.engine.next_end, now + timedelta(seconds=1)))
            await self.go_to(max(min(wakes), now + timedelta(milliseconds=1)))

    async def go_to(self, moment: datetime) -> None:
        """Let time pass in which no daemon runs."""
        await self.clock.advance((moment - self.clock.now()).total_seconds())

    def names(self, task_name: str) -> list[str]:
        return [run for run, _ in self.engine.began if run.rpartition("-")[0] == task_name]

    def delays(self, task_name: str) -> Mapping[str, timedelta]:
        """Return how long after its nominal time each run of a task began."""
        found = {}
        for run, began in self.engine.began:
            stem, _, told = run.rpartition("-")
            if stem == task_name:
                found[run] = began - datetime.strptime(f"{told}+0000", "%Y%m%dt%H%Mz%z")
        return found
