"""What a witness is told of a run that ended: its facts, and its journal's moments."""

from collections.abc import Iterator

from courier.engine.running.candidates import flight_of
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.ports.witness import EndedRun, Stage, Unwatched, Witness
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run


def witness_of(world: World, plan: FrozenPlan, *, is_told_again: bool) -> Witness:
    """Return who is told of a flow: nobody of candidates, nor of what is only told again."""
    return Unwatched() if is_told_again or plan.candidate is not None else world.witness


async def tell(witness: Witness, journal: RunReader, *, plan: FrozenPlan, run: Run) -> None:
    """Tell a witness that a run is over."""
    # Reading the journal is not for nothing.
    state = None if type(witness) is Unwatched else await journal.status(plan.run)
    if state is None:
        return
    stages = list(await _stages(journal, plan.run))
    for number in range(1, len(plan.candidates) + 1):
        stages += await _stages(journal, flight_of(plan.run, number), lane=f"c{number}/")
    began = state.started_at or state.submitted_at
    await witness.ended(EndedRun(plan, run, state.submitted_at, began, stages))


async def _stages(journal: RunReader, flow: str, *, lane: str = "") -> Iterator[Stage]:
    return (
        Stage(
            f"{lane}{step.name}",
            step.started_at,
            step.ended_at,
            fault=step.error.type if step.error else "",
            told=step.result,
        )
        for step in await journal.steps(flow)
        if step.ended_at is not None
    )
