"""What a run in flight has done so far, told from its journal by replaying its flow."""

import contextlib
from dataclasses import dataclass

from courier.engine.inflight import RunState, StepRecord
from courier.engine.recording import EndOfRecording, Recording, Replay
from courier.engine.runner import Runner
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import CourierError
from courier.runs.events import RunEvent
from courier.runs.frozen import FrozenPlan
from courier.runs.run import Run, fold


@dataclass(frozen=True, slots=True)
class Told:
    """One run as its journal tells it.

    Attributes:
        state: What the engine says of it.
        plan: What it does.
        facts: Everything that is decided about it so far.
        steps: What its flow asked for, in order; the last one may be open.
    """

    state: RunState
    plan: FrozenPlan
    facts: tuple[RunEvent, ...]
    steps: tuple[StepRecord, ...]

    @property
    def run(self) -> Run:
        """Return the run after the facts so far."""
        return fold(self.facts)


async def retell(world: World, reader: RunReader, run_id: str) -> Told | None:
    """Return a run the engine knows as far as it is decided, or None.

    Replays the flow against what is on record and stops where the record stops: nothing outside is
    touched.
    """
    state = await reader.status(run_id)
    if state is None:
        return None
    steps = tuple(await reader.steps(run_id))
    recording = Recording(await reader.submitted(run_id), steps, state.cancellation)
    runner = Runner(world, Replay(run_id, recording), reader)
    with contextlib.suppress(EndOfRecording, CourierError):
        await runner.go()
    return Told(state, runner.plan, runner.facts, steps)
