"""An engine whose runs do nothing but take time and end as they are told to."""

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from courier.engine.inflight import Cancellation, Json, Phase, RunState, StepRecord
from courier.engine.running.runner import FLOW
from courier.errors import NotFound
from courier.ports.state import WriteFile
from tests.fakes.clock import FakeClock
from tests.fakes.memory import MemoryState

Fate = Callable[[str], tuple[timedelta, str]]
"""From a run's name to how long it takes and the phase it ends in."""


class SimulatedEngine:
    """What a reconciler asks of `courier.engine.seam.RunClient`; records of its runs are kept.

    Attributes:
        began: Every run in the order they began, and when.
    """

    def __init__(self, clock: FakeClock, state: MemoryState, fate: Fate) -> None:
        self.began: list[tuple[str, datetime]] = []
        self._clock = clock
        self._state = state
        self._fate = fate
        self._live: dict[str, RunState] = {}
        self._plans: dict[str, Json] = {}
        self._known: set[str] = set()
        self._waited: dict[str, asyncio.Future[RunState]] = {}

    @property
    def next_end(self) -> datetime | None:
        """When the next run ends."""
        return min((self._ends(one) for one in self._live.values()), default=None)

    async def end_what_is_over(self) -> None:
        """Write the records of runs whose time is over, and forget them."""
        for one in list(self._live.values()):
            if self._ends(one) <= self._clock.now():
                cancelled = one.cancellation is not None
                await self._record(one, "cancelled" if cancelled else self._fate(one.run_id)[1])
                del self._live[one.run_id]
                del self._plans[one.run_id]
                if one.run_id in self._waited:
                    self._waited.pop(one.run_id).set_result(one)

    def _ends(self, one: RunState) -> datetime:
        if one.cancellation is not None:
            return self._clock.now()
        return one.submitted_at + self._fate(one.run_id)[0]

    async def _record(self, one: RunState, phase: str) -> None:
        told = {"recordVersion": 1, "run": one.run_id, "project": "demo", "phase": phase}
        path = f"runs/{one.submitted_at:%Y/%m/%d}/{one.run_id}/run.json"
        await self._state.write([WriteFile(path, json.dumps(told).encode())], message=phase)

    async def status(self, run_id: str) -> RunState | None:
        return self._live.get(run_id)

    async def list(
        self, *, live: bool | None = None, limit: int | None = None
    ) -> Sequence[RunState]:
        return [] if live is False else [*self._live.values()][::-1][:limit]

    async def steps(self, run_id: str) -> Sequence[StepRecord]:
        return []

    async def submitted(self, run_id: str) -> Json:
        return self._plans.get(run_id)

    async def submit(
        self,
        run_id: str,
        *,
        flow: str,
        input: Json,
        queue: str = "default",
        priority: int = 0,
        not_before: datetime | None = None,
    ) -> bool:
        assert flow == FLOW
        if run_id in self._known:
            return False
        self._known.add(run_id)
        now = self._clock.now()
        self._live[run_id] = RunState(
            run_id, flow, queue, priority, Phase.RUNNING, submitted_at=now, started_at=now
        )
        self._plans[run_id] = input
        self.began.append((run_id, now))
        return True

    async def cancel(self, run_id: str, *, by: str, reason: str) -> bool:
        one = self._live.get(run_id)
        if one is None:
            raise NotFound("There is no such run.")
        cancelled = RunState(
            one.run_id,
            one.flow,
            one.queue,
            one.priority,
            one.phase,
            submitted_at=one.submitted_at,
            started_at=one.started_at,
            cancellation=Cancellation(by, reason),
        )
        self._live[run_id] = cancelled
        return one.cancellation is None

    async def send(self, run_id: str, signal: str, value: Json) -> None:
        raise NotFound("There is no such run.")

    async def forget_some(self, runs: Collection[str], *, before: datetime) -> int:
        return 0

    async def wait(self, run_id: str) -> RunState:
        if run_id not in self._live:
            raise NotFound("There is no such run.")
        ended = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._waited.setdefault(run_id, ended))
