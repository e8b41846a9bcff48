"""The desk where sandboxes for people are handed to the engine, told things, and let go."""

import json
from typing import Literal, assert_never

from courier.engine.inflight import Json, RunState
from courier.engine.interactive.guestbook import keeper_of
from courier.engine.interactive.keeper import FLOW
from courier.engine.interactive.requests import SandboxRequests
from courier.engine.seam import RunClient
from courier.engine.world import World
from courier.errors import Conflict, NotFound
from courier.planning.plan import (
    KeepSandbox,
    KillSandbox,
    SandboxAction,
    StartSandbox,
    TellSandbox,
)
from courier.ports.state import WriteFile
from courier.runs.interactive.account import account, path_of
from courier.runs.interactive.facts import Gone, Leaves, Requested
from courier.runs.interactive.frozen import WORD, SandboxPlan, Word, run_of, shown
from courier.runs.interactive.live import fold
from courier.runs.records.writeback import to_json

QUEUE = "sandboxes"
"""Sandboxes for people wait for no run."""

_MOST_GENERATIONS = 1000

How = Literal["started", "underway", "stuck", "cancelling", "told"]


class GuestDesk:
    """Carries out what a plan says of sandboxes, each thing at most once."""

    def __init__(self, world: World, engine: RunClient) -> None:
        self._world = world
        self._engine = engine
        self._requests = SandboxRequests(world.state)
        self._told: set[tuple[str, str]] = set()

    async def carry_out(self, action: SandboxAction) -> tuple[How, str]:
        """Return what became of an action, and a word about it."""
        name = action.run.removeprefix(shown(""))
        match action:
            case StartSandbox():
                return await self._start(action.sandbox)
            case TellSandbox():
                return await self._tell(name, action)
            case KillSandbox():
                await self._kill(name, by="courier", reason=action.reason)
                return "cancelling", action.reason
            case KeepSandbox():
                return await self._keep(name)
            case _:
                assert_never(action)

    async def _start(self, plan: SandboxPlan) -> tuple[How, str]:
        for generation in range(1, _MOST_GENERATIONS):
            run = run_of(plan.name, generation=generation)
            frozen = plan.model_copy(update={"plan": plan.plan.model_copy(update={"run": run})})
            told: Json = json.loads(frozen.model_dump_json(by_alias=True))
            if await self._engine.submit(run, flow=FLOW, input=told, queue=QUEUE):
                return "started", ""
            known = await self._engine.status(run)
            if known is None or not known.phase.ended:
                return "underway", ""
            if known.started_at is None:
                await self._record_stillborn(frozen, known)
                return "stuck", "It was killed before it was made."
        raise Conflict(f"There were too many sandboxes named {plan.name}.")

    async def _record_stillborn(self, plan: SandboxPlan, known: RunState) -> None:
        at, asked = known.ended_at or known.submitted_at, known.cancellation
        leaves = Leaves(at, "Killed", asked.reason if asked else "", by=asked.by if asked else "")
        live = fold([Requested(known.submitted_at), leaves, Gone(at)])
        change = WriteFile(path_of(plan.name), to_json(account(plan, live)))
        await self._world.state.write([change], message=f"killed: sandbox {plan.name}")

    async def _tell(self, name: str, action: TellSandbox) -> tuple[How, str]:
        word = action.word
        mark = word.message.id if word.message else f"{word.do} {word.declared}"
        keeper = await keeper_of(self._engine, name)
        if keeper is None or (keeper.run_id, mark) in self._told:
            return "underway", ""
        await _send(self._engine, keeper, word)
        if word.message is not None:
            self._told.add((keeper.run_id, mark))
        return "told", action.reason

    async def _keep(self, name: str) -> tuple[How, str]:
        """Pass on what people asked of it, on whatever machine they were."""
        keeper = await keeper_of(self._engine, name)
        if keeper is None:
            return "underway", ""
        for request in await self._requests.of(name):
            is_new = (keeper.run_id, request.id) not in self._told
            if request.at < keeper.submitted_at or not is_new:
                continue
            self._told.add((keeper.run_id, request.id))
            if request.action == "kill":
                await self._kill(name, by=request.by, reason=request.content)
                return "cancelling", request.content
            word = request.word
            if word is not None:
                await _send(self._engine, keeper, word)
        return "underway", ""

    async def _kill(self, name: str, *, by: str, reason: str) -> None:
        keeper = await keeper_of(self._engine, name)
        if keeper is not None:
            await self._engine.cancel(keeper.run_id, by=by, reason=reason)


async def _send(engine: RunClient, keeper: RunState, word: Word) -> None:
    told: Json = json.loads(word.model_dump_json(by_alias=True))
    try:
        await engine.send(keeper.run_id, WORD, told)
    except (NotFound, Conflict):
        return
