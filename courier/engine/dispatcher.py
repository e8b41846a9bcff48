"""The dispatcher: carries the actions of a plan out, each at most once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from courier.engine.inflight import Json
from courier.engine.observation import Observation
from courier.engine.runner import FLOW
from courier.engine.seam import RunClient
from courier.engine.world import World
from courier.errors import NotFound
from courier.planning.plan import Action, CancelRun, Plan, PublishRun, ResumeRun, StartRun
from courier.ports.state import WriteFile
from courier.runs.writeback import to_json


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What became of one action.

    Attributes:
        how: started: queued now; underway: was queued or running already; stuck: ended here
            without reaching the record, see `message`; cancelling and published: as asked.
    """

    run: str
    how: Literal["started", "underway", "stuck", "cancelling", "published"]
    message: str = ""


class Dispatcher:
    """Hands runs to the engine; the run's name is the claim."""

    def __init__(self, world: World, engine: RunClient, observation: Observation) -> None:
        self._world = world
        self._engine = engine
        self._observation = observation

    async def carry_out(self, plan: Plan) -> Sequence[Dispatched]:
        """Do what the plan says, in its order, and return what became of each action."""
        return [await self._do(action) for action in plan.actions]

    async def _do(self, action: Action) -> Dispatched:
        match action:
            case StartRun():
                return await self._start(action)
            case ResumeRun(run=run):
                return Dispatched(run, "underway")
            case CancelRun(run=run, reason=reason):
                await self._cancel(run, reason)
                return Dispatched(run, "cancelling", reason)
            case PublishRun():
                await self._publish(action)
                return Dispatched(action.run, "published", action.pull_request_status)
            case _:
                assert_never(action)

    async def _start(self, action: StartRun) -> Dispatched:
        frozen: Json = json.loads(action.frozen.model_dump_json(by_alias=True))
        queue = action.frozen.project
        if await self._engine.submit(action.run, flow=FLOW, input=frozen, queue=queue):
            return Dispatched(action.run, "started")
        known = await self._engine.status(action.run)
        if known is None or not known.phase.ended:
            return Dispatched(action.run, "underway")
        told = known.error.message if known.error else "It ended without a record."
        return Dispatched(action.run, "stuck", told)

    async def _cancel(self, run: str, reason: str) -> None:
        try:
            await self._engine.cancel(run, by="courier", reason=reason)
        except NotFound:
            return

    async def _publish(self, action: PublishRun) -> None:
        path = self._observation.place(action.run)
        content = (await self._world.state.read([path]))[path]
        record = json.loads(content)
        now = await self._world.forge.get(record["pullRequest"]["number"])
        record["pullRequest"] = now.model_dump(mode="json", by_alias=True)
        await self._world.state.write(
            [WriteFile(path, to_json(record))],
            message=f"pull request {now.status}: {action.run}",
        )
