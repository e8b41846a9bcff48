"""Head-room as observed: what projects spent, what runs under way may still cost, who lacks money.

Nothing of it is looked at while no project has a budget of the day or the month, save runs that
wait for one.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from courier.engine.accounts.retelling import retell
from courier.engine.inflight import Phase, RunState
from courier.engine.running.candidates import FLOW as CANDIDATE
from courier.engine.running.runner import FLOW
from courier.engine.seam import RunReader
from courier.engine.world import World
from courier.planning.observed.observed import InFlight, Lacking
from courier.runs.records.charges import charges_of
from courier.runs.run.frozen import FrozenPlan
from courier.runs.usage.budget import DAY, REASONS, SIGNAL
from courier.runs.usage.spending import Spent

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Flight:
    """What a run was submitted with, as far as money goes."""

    project: str
    budget: Decimal | None


class HeadroomView:
    """Looks at money again and again; what a run was submitted with is read once."""

    def __init__(self, world: World, reader: RunReader) -> None:
        self._world = world
        self._reader = reader
        self._flights: dict[str, _Flight] = {}
        self._seen: dict[str, tuple[Phase, str | None]] = {}

    async def spent(self, runs: Sequence[RunState]) -> Mapping[str, Spent]:
        """Return what every project spent, those runs included; the state branch is fetched."""
        ledger, now = self._world.ledger, self._world.clock.now()
        if not ledger.is_kept:
            return {}
        for state in runs:
            if ledger.hosts(state.run_id) or not self._is_news(state):
                continue
            told = await retell(self._world, self._reader, state.run_id)
            if told is not None:
                ledger.note_charges(charges_of(told.plan, told.shown))
        await ledger.exchange(now)
        await ledger.follow(self._world.state, now)
        return {project: ledger.spent(project, now) for project in ledger.projects()}

    def _is_news(self, state: RunState) -> bool:
        """Return whether a run may have spent something since it was looked at last."""
        if state.phase is Phase.QUEUED:
            return False
        now = (state.phase, state.step)
        rests = state.phase is Phase.WAITING and self._seen.get(state.run_id) == now
        self._seen[state.run_id] = now
        return not rests

    async def priced(self, state: RunState, known: InFlight) -> InFlight:
        """Return a run in flight with what it may still cost; one that rests may cost nothing."""
        if not self._world.ledger.is_kept:
            return known
        flight = await self._flight(state.run_id)
        rests = state.phase is Phase.WAITING
        spent = self._world.ledger.spent_by_run(state.run_id)
        left = None if flight.budget is None or rests else max(flight.budget - spent, Decimal(0))
        return replace(known, project=flight.project, may_cost=left)

    async def lacking(self, live: Sequence[RunState]) -> Mapping[str, Lacking]:
        """Return the runs that wait for a budget, candidates included."""
        waiting = [state for state in live if state.step == SIGNAL and state.cancellation is None]
        found = [await self._lacking(state) for state in waiting]
        return {one.run: one for one in found if one is not None}

    async def _lacking(self, state: RunState) -> Lacking | None:
        flight = await self._flight(state.run_id)
        if state.flow == CANDIDATE:
            # What it may cost itself ends it; it waits for its project only.
            return Lacking(state.run_id, flight.project, DAY)
        if state.flow != FLOW:
            return None
        told = await retell(self._world, self._reader, state.run_id)
        parked = told.run.parked if told is not None else None
        if told is None or parked is None or parked.reason not in REASONS:
            return None
        spent, workflow = told.run.usage.spent, told.plan.workflow
        return Lacking(state.run_id, flight.project, parked.reason, spent, workflow)

    async def _flight(self, run_id: str) -> _Flight:
        known = self._flights.get(run_id)
        if known is None:
            given = await self._reader.submitted(run_id)
            plan = FrozenPlan.model_validate_json(json.dumps(given))
            known = self._flights[run_id] = _Flight(plan.project, plan.budget_usd)
        return known
