"""The books: what was used according to the state branch, and what is in flight and not on it."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import chain

from courier.engine.accounts.retelling import Told, retell
from courier.engine.inflight import RunState
from courier.engine.interactive.keeper import FLOW as SANDBOX
from courier.engine.interactive.telling import retell as retell_sandbox
from courier.engine.money.billing import bill_of
from courier.engine.running.runner import FLOW as RUN
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.runs.interactive.account import charges_of as sandbox_charges
from courier.runs.records.charges import FOLDER, Charge, charges_of, month_path, step_charge
from courier.runs.run.candidates import entries_of
from courier.runs.usage.spending import Line, day_of, read_lines
from courier.runs.usage.usage import Usage


class Books:
    """Reads usage by months; only those asked for are read."""

    def __init__(self, world: World, reader: RunReader) -> None:
        self._world = world
        self._reader = reader

    async def lines(self, *, since: date, until: date) -> Iterator[Line]:
        """Return every line of some days, in UTC, both included; then what is in flight here.

        What is in flight here and not on record yet is told up to now.
        """
        flying = [line async for line in self._flying()]
        state = self._world.state
        await state.refresh()
        wanted = [path for path in await state.paths(FOLDER) if _may_hold(path, since, until)]
        contents = await state.read(wanted)
        recorded = (line for path in wanted for line in read_lines(contents.get(path, b"")))
        first, last = since.isoformat(), until.isoformat()
        every = once(chain(recorded, flying))
        return (line for line in every if first <= day_of(line) <= last)

    async def _flying(self) -> AsyncIterator[Line]:
        for state in await self._reader.list(live=True):
            for charge in await self._charges(state):
                told: Line = json.loads(charge.to_line())
                yield told

    async def _charges(self, state: RunState) -> Sequence[Charge]:
        if state.flow == SANDBOX:
            guest = await retell_sandbox(self._world, self._reader, state)
            return list(sandbox_charges(guest.plan, guest.live))
        if state.flow != RUN:
            return []
        run = await retell(self._world, self._reader, state.run_id)
        return [] if run is None else [*charges_of(run.plan, run.shown), *self._open(run)]

    def _open(self, told: Told) -> Iterator[Charge]:
        """Yield what attempts used that have not ended, as far as their transcripts tell."""
        steps = told.plan.every_step
        ended = {
            f"{lane}{one.step}-{one.iteration}.{one.attempt}"
            for lane, _, _, one in entries_of(told.plan, told.shown)
        }
        turns: dict[str, list[str]] = {}
        for stream in self._world.transcripts.attempts(told.plan.run):
            attempt, found, _ = stream.rpartition("-turn-")
            if found and attempt not in ended:
                turns.setdefault(attempt, []).append(stream)
        for attempt, streams in turns.items():
            step = steps.get(attempt.rpartition("-")[0])
            if step is None:
                continue
            transcripts = self._world.transcripts
            bills = [bill_of(transcripts, told.plan, step, stream) for stream in streams]
            now = self._world.clock.now()
            used = sum((bill.total(at=now) for bill in bills), Usage())
            key, model = f"{told.plan.run}/{attempt}", bills[-1].model
            line = step_charge(told.plan, step, key=key, at=now, told=model)
            yield line.model_copy(update={"usage": used})


def once(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield each line once; of several with one key the first."""
    known: set[str] = set()
    for line in lines:
        if line["key"] not in known:
            known.add(line["key"])
            yield line


def _may_hold(path: str, since: date, until: date) -> bool:
    first, last = (
        month_path(datetime(day.year, day.month, day.day, tzinfo=UTC)) for day in (since, until)
    )
    return first <= path <= last
