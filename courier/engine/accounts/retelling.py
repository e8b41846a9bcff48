"""What a run in flight has done so far, told from its journal by replaying its flow."""

import contextlib
from dataclasses import dataclass, replace

from courier.engine.inflight import RunState, StepRecord
from courier.engine.running.candidate import CandidateRunner
from courier.engine.running.candidates import flight_of
from courier.engine.running.recording import EndOfRecording, Recording, Replay
from courier.engine.running.runner import FLOW as RUN
from courier.engine.running.runner import Runner
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.errors import CourierError
from courier.runs.run.candidates import candidate_name
from courier.runs.run.events import CandidateEnded, RunEvent
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run, fold


@dataclass(frozen=True, slots=True)
class Told:
    """One run as its journal tells it.

    Attributes:
        state: What the engine says of it.
        plan: What it does.
        facts: Everything that is decided about it so far.
        steps: What its flow asked for, in order; the last one may be open.
        parts: Its candidates that were begun, in order.
    """

    state: RunState
    plan: FrozenPlan
    facts: tuple[RunEvent, ...]
    steps: tuple[StepRecord, ...]
    parts: tuple["Told", ...] = ()

    @property
    def run(self) -> Run:
        """Return the run after the facts so far."""
        return fold(self.facts)

    @property
    def shown(self) -> Run:
        """Return the run as people see it: candidates under way are told as far as they are."""
        run = self.run
        if run.candidates is not None or not self.plan.candidates:
            return run
        begun = {part.plan.candidate: part.run for part in self.parts}
        numbers = range(1, len(self.plan.candidates) + 1)
        return replace(
            run, candidates=tuple(_so_far(number, begun.get(number, Run())) for number in numbers)
        )


def _so_far(number: int, run: Run) -> CandidateEnded:
    return CandidateEnded(
        name=candidate_name(number),
        phase=run.phase,
        reason=run.reason,
        message=run.message,
        attempts=run.attempts,
    )


async def retell(world: World, reader: RunReader, run_id: str) -> Told | None:
    """Return a run the engine knows as far as it is decided, or None.

    Replays the flow against what is on record and stops where the record stops: nothing outside is
    touched. A candidate is told with its run only.
    """
    state = await reader.status(run_id)
    if state is None or state.flow != RUN:
        return None
    told = await _retold(world, reader, state, Runner)
    flights = (flight_of(run_id, number + 1) for number in range(len(told.plan.candidates)))
    found = [await reader.status(flight) for flight in flights]
    parts = [await _retold(world, reader, one, CandidateRunner) for one in found if one is not None]
    return replace(told, parts=tuple(parts))


async def _retold(world: World, reader: RunReader, state: RunState, flow: type[Runner]) -> Told:
    run_id = state.run_id
    steps = tuple(await reader.steps(run_id))
    recording = Recording(await reader.submitted(run_id), steps, state.cancellation)
    runner = flow(world, Replay(run_id, recording), reader)
    with contextlib.suppress(EndOfRecording, CourierError):
        await runner.go()
    return Told(state, runner.plan, runner.facts, steps)
