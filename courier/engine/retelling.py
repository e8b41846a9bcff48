"""What a run in flight has done so far, told from its journal by replaying its flow."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from courier.engine.inflight import Failure, Json, RunState, StepPhase, StepRecord
from courier.engine.journal import errors
from courier.engine.runner import Runner
from courier.engine.seam import Action, RunCancelled, RunReader
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
    replay = _Replay(state, await reader.submitted(run_id), steps)
    runner = Runner(world, replay)
    with contextlib.suppress(_End, CourierError):
        await runner.go()
    return Told(state, runner.plan, runner.facts, steps)


class _End(Exception):
    """The record stops here."""


class _Replay:
    """A `Context` that answers from the record and asks nothing of the world."""

    def __init__(self, state: RunState, given: Json, steps: Sequence[StepRecord]) -> None:
        self._state = state
        self._input = given
        self._steps = iter(steps)

    @property
    def run_id(self) -> str:
        return self._state.run_id

    @property
    def input(self) -> Json:
        return self._input

    async def step(self, name: str, action: Action) -> Json:  # noqa: ARG002 - nothing is done
        return self._answer(name)

    async def now(self, name: str) -> datetime:
        return datetime.fromisoformat(str(self._answer(name)))

    async def sleep(self, name: str, until: datetime) -> None:  # noqa: ARG002 - as above
        self._answer(name)

    async def signal(self, name: str, *, until: datetime | None = None) -> Json:  # noqa: ARG002
        return self._answer(name)

    def _answer(self, name: str) -> Json:
        found = next(self._steps, None)
        if found is None or found.name != name or found.phase is StepPhase.OPEN:
            raise _End
        if found.phase is StepPhase.CANCELLED:
            asked = self._state.cancellation
            raise RunCancelled(by=asked.by if asked else "", reason=asked.reason if asked else "")
        if found.error is not None:
            raise _error(found.error)
        return found.result


def _error(failure: Failure) -> Exception:
    attributes: dict[str, Json] = {"summary": failure.message, "detail": "", "next_step": ""}
    stored: dict[str, Json] = {"type": failure.type, "message": failure.message}
    return errors.from_json({**stored, "attributes": attributes})
