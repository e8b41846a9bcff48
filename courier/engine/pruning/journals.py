"""Rows and files of this machine that tell of runs whose records, by now, are on the remote."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from courier.engine.accounts.records import RunRecord, RunRecords
from courier.engine.inflight import RunState
from courier.engine.pruning.leftovers import Leftover, Past
from courier.engine.running.candidates import FLOW as CANDIDATE
from courier.engine.running.runner import FLOW as RUN
from courier.engine.seam import RunClient
from courier.engine.world import World

FIELD = "transcripts"

GRACE = timedelta(days=1)
"""How long after its end a run is told from this machine, though everything is on the remote."""

_AT_ONCE = 500


class Journals:
    """The engine's rows of ended runs; what they alone hold is kept like a transcript."""

    def __init__(self, world: World, engine: RunClient) -> None:
        self._world = world
        self._engine = engine

    async def find(self, past: Past) -> Sequence[Leftover]:
        """Return the runs that may be forgotten, their candidates included."""
        ended = [
            state
            for state in await self._engine.list(live=False)
            if state.flow in (RUN, CANDIDATE) and _since(state.ended_at, past) >= GRACE
        ]
        whose = {state.run_id: _run_of(state) for state in ended}
        over = await _safe(self._world, past, set(whose.values()))
        return [
            Leftover("journal", run, state, over[run])
            for state, run in sorted(whose.items())
            if run in over
        ]

    async def remove(self, found: Sequence[Leftover], past: Past) -> None:
        """Have the engine forget them."""
        names = [one.name for one in found]
        await self._engine.forget_some(names, before=past.now - GRACE)


class LiveFiles:
    """Transcripts on this machine's disk."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def find(self, past: Past) -> Sequence[Leftover]:
        """Return those of runs whose transcript is on the remote, or whose time is over."""
        sizes = self._world.transcripts.runs()
        over = await _safe(self._world, past, set(sizes))
        return [
            Leftover("live transcript", run, run, over[run], sizes[run])
            for run in sorted(sizes)
            if run in over
        ]

    async def remove(self, found: Sequence[Leftover], past: Past) -> None:  # noqa: ARG002 - a sweep
        """Delete the files."""
        for one in found:
            self._world.transcripts.forget(one.run)


def _run_of(state: RunState) -> str:
    """Return the run that a flow is, or is a candidate of."""
    return state.run_id.rpartition(".")[0] if state.flow == CANDIDATE else state.run_id


async def _safe(world: World, past: Past, runs: set[str]) -> Mapping[str, str]:
    """Return the settled ones of some runs that nothing is lost of, and why."""
    settled = past.settled(runs)
    old = {run: one for run, one in settled.items() if _since(one.ended_at, past) >= GRACE}
    names = sorted(old)
    records = RunRecords(world.state, world.index)
    found: dict[str, str] = {}
    for start in range(0, len(names), _AT_ONCE):
        kept = await records.named(names[start : start + _AT_ONCE])
        found |= {run: "on record" for run, one in kept.items() if _is_whole(one)}
    over = {run: "kept long enough" for run, one in old.items() if past.is_over(one, FIELD)}
    return over | found


def _is_whole(record: RunRecord) -> bool:
    """Return whether everything of a run was brought to the remote."""
    return bool(record.value.get("transcript")) and bool(record.value.get("journal"))


def _since(ended: datetime | None, past: Past) -> timedelta:
    return past.now - ended if ended is not None else timedelta(0)
