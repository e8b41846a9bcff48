"""The candidates of one run: begun, waited for, stopped with it, and made comparable.

Each is a run of the engine by itself, named after its run and submitted by it, since one flow does
one thing at a time. It is no run of its own for people: it has no record and no pull request.
"""

import json
import logging
from collections.abc import Mapping
from datetime import timedelta

from courier.engine.patience import patiently
from courier.engine.seam import Context, Json, RunCancelled, RunClient, RunState, StepIO
from courier.engine.world import World
from courier.errors import Conflict, CourierError, Misused, NotFound
from courier.runs.run.candidates import branch_of, candidate_name, candidate_plans
from courier.runs.run.events import (
    CancelAsked,
    CandidateEnded,
    CandidatesEnded,
    CandidatesKept,
    RunEvent,
)
from courier.runs.run.frozen import FrozenPlan
from courier.runs.run.run import Run
from courier.runs.steps.progress import KeepCandidates
from courier.runs.texts.material import bounded

log = logging.getLogger(__name__)

FLOW = "candidate"
"""The name of the flow that is one candidate."""

SIGNAL = "candidate ended"
"""The signal by which a candidate tells its run how it ended."""

PRIORITY = -1
"""Candidates go before runs that have not begun: theirs has."""

DIFF_LIMIT = 200_000
"""Most characters of a candidate's diff that are kept; its commit has all of it."""

FIRST_LOOK = timedelta(minutes=1)
"""How long to wait for a word before looking; doubled each time, up to the longest."""

LONGEST_LOOK = timedelta(minutes=15)

PUSH_PATIENCE = timedelta(minutes=10)


def flight_of(run: str, number: int) -> str:
    """Return what the engine calls a candidate, from 1; no run of a person has such a name."""
    return f"{run}.c{number}"


async def tell_run(runs: RunClient, ended: CandidateEnded, *, run: str) -> None:
    """Tell a run that one of its candidates ended; one that is over needs no word."""
    told: Json = json.loads(ended.model_dump_json(by_alias=True))
    try:
        await runs.send(run, SIGNAL, told)
    except (Conflict, NotFound) as over:
        log.warning("run %s does not hear of %s: %s", run, ended.name, over)


class Candidates:
    """All candidates of one run; whatever touches the world is a durable step."""

    def __init__(
        self, world: World, context: Context, runs: RunClient | None, plan: FrozenPlan
    ) -> None:
        self._world = world
        self._context = context
        self._engine = runs
        self._plan = plan
        self._flights = {
            candidate_name(number): flight_of(plan.run, number)
            for number in range(1, len(plan.candidates) + 1)
        }
        self._ended: dict[str, CandidateEnded] = {}
        self._asked: dict[str, int] = {}
        self._cancelled: RunCancelled | None = None

    async def carry_out(self, run: Run) -> tuple[RunEvent, ...]:
        """Return the facts that came of them: how all ended and, perhaps, that it was cancelled."""
        while True:
            try:
                ended = await self._go(run)
            except RunCancelled as asked:
                self._cancelled = asked
                await self._context.step(self._named("stop"), self._stop)
                await self._look()
            else:
                break
        if self._cancelled is None:
            return (ended,)
        by = self._cancelled
        return (ended, CancelAsked(at=ended.at, by=by.by, reason=by.reason))

    async def _go(self, run: Run) -> CandidatesEnded:
        if self._cancelled is None:
            await self._context.step(self._named("begin"), lambda io: self._begin(io, run))
        await self._wait()
        diffs = await self._context.step(self._named("compare"), self._compare)
        assert isinstance(diffs, Mapping)  # noqa: S101 - what `_compare` returns
        at = await self._context.now(self._named("ended"))
        shown = (
            self._ended[name].model_copy(update={"diff": str(diffs.get(name, ""))})
            for name in self._flights
        )
        return CandidatesEnded(at=at, candidates=tuple(shown))

    async def _begin(self, _io: StepIO, run: Run) -> Json:
        plans = candidate_plans(self._plan, run.usage)
        for flight, plan in zip(self._flights.values(), plans, strict=True):
            frozen: Json = json.loads(plan.model_dump_json(by_alias=True))
            await self._runs.submit(
                flight, flow=FLOW, input=frozen, queue=plan.project, priority=PRIORITY
            )
        return None

    async def _wait(self) -> None:
        patience = FIRST_LOOK
        while len(self._ended) < len(self._flights):
            until = await self._context.now(self._named("waits")) + patience
            told = await self._context.signal(SIGNAL, until=until)
            if told is not None:
                self._hear(told)
                continue
            patience = min(patience * 2, LONGEST_LOOK)
            await self._look()

    async def _look(self) -> None:
        """Hear of those that ended without a word: stopped in line, or broken."""
        told = await self._context.step(self._named("look"), self._silent)
        for one in told if isinstance(told, list) else ():
            self._hear(one)

    def _hear(self, told: Json) -> None:
        ended = CandidateEnded.model_validate_json(json.dumps(told))
        self._ended.setdefault(ended.name, ended)

    async def _silent(self, _io: StepIO) -> Json:
        found: list[Json] = []
        for name, flight in self._flights.items():
            if name in self._ended:
                continue
            state = await self._runs.status(flight)
            if state is None or state.phase.ended:
                found.append(_told(name, state))
        return found

    async def _stop(self, _io: StepIO) -> Json:
        by = self._cancelled
        assert by is not None  # noqa: S101 - that is why they are stopped
        for flight in self._flights.values():
            try:
                await self._runs.cancel(flight, by=by.by, reason=by.reason)
            except NotFound:
                log.debug("%s was never begun", flight)
        return None

    async def _compare(self, _io: StepIO) -> Json:
        return {
            name: await self._diff(ended.commit)
            for name, ended in self._ended.items()
            if ended.commit is not None
        }

    async def _diff(self, commit: str) -> str:
        base = self._plan.git.base_commit
        diff = await self._world.repository.diff(base, commit)
        return bounded(self._world.secrets.redact(diff), DIFF_LIMIT)

    @property
    def _runs(self) -> RunClient:
        if self._engine is None:
            raise Misused("A run with candidates needs an engine to run them.")
        return self._engine

    def _named(self, what: str) -> str:
        count = self._asked[what] = self._asked.get(what, 0) + 1
        return f"candidates/{what}" if count == 1 else f"candidates/{what}-{count}"


async def keep_branches(
    world: World, context: Context, plan: FrozenPlan, kept: tuple[str, KeepCandidates]
) -> CandidatesKept:
    """Push the work of candidates that were not chosen, each to a branch of its own.

    Args:
        world: Where to.
        context: Of the run.
        plan: What the run does.
        kept: The name of the durable step, and whose work.
    """
    step, decision = kept

    async def push(_io: StepIO) -> Json:
        branches = {
            one.name: branch
            for one in decision.candidates
            if (branch := await _pushed(world, plan, one)) is not None
        }
        told = CandidatesKept(at=world.clock.now(), branches=branches)
        return told.model_dump_json(by_alias=True)

    return CandidatesKept.model_validate_json(str(await context.step(step, push)))


async def _pushed(world: World, plan: FrozenPlan, one: CandidateEnded) -> str | None:
    branch, commit = branch_of(plan, one.name), one.commit or ""
    try:
        await patiently(
            world.clock,
            lambda: world.repository.push(commit, branch=branch, expected=None),
            give_up_after=PUSH_PATIENCE,
        )
    except CourierError as declined:
        # Its work stays in the mirror under its hidden ref.
        log.warning("run %s, %s is not pushed: %s", plan.run, branch, declined)
        return None
    return branch


def _told(name: str, state: RunState | None) -> Json:
    """Return what is known of a candidate that did not tell its end itself."""
    if state is None:
        ended = CandidateEnded(name=name, phase="cancelled", reason="NeverBegun")
    elif isinstance(state.result, Mapping) and "name" in state.result:
        return state.result
    elif state.error is not None:
        error = state.error
        ended = CandidateEnded(name=name, phase="failed", reason=error.type, message=error.message)
    else:
        ended = CandidateEnded(name=name, phase="cancelled", reason="Cancelled")
    found: Json = json.loads(ended.model_dump_json(by_alias=True))
    return found
