"""What a worker may still do that lost a run and was not told."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from courier.engine.ownership import still_ours
from courier.engine.postgres import Database, PostgresEngine, Worker
from courier.engine.postgres.session import Session
from courier.engine.seam import Context, Json, Phase, StepIO, StepPhase
from courier.system import SystemClock
from tests.contracts.engine.lab import idle
from tests.fakes.postgres import Server

pytestmark = pytest.mark.slow


class Scene:
    """A run in the hands of one worker, in the middle of a step."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.engine = PostgresEngine(database, clock=SystemClock())
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.did: list[str] = []

    async def flow(self, context: Context) -> Json:
        await context.step("first", self._first)
        return await context.step("second", self._second)

    async def _first(self, io: StepIO) -> Json:
        self.begun.set()
        await self.go_on.wait()
        self.did.append("first")
        return "first"

    async def _second(self, io: StepIO) -> Json:
        self.did.append("second")
        return "second"

    def take_away(self) -> None:
        """Give the run to somebody else, and tell nobody."""
        session = Session(self.database.url, name="thief", schema=self.database.schema)
        session.execute(
            "INSERT INTO workers (id, host, version, protocol) VALUES ('thief','','',1)"
        )
        session.execute("UPDATE runs SET owner = 'thief', fence = fence + 1")
        session.close()


@pytest_asyncio.fixture
async def begun(postgres: Server) -> AsyncIterator[Scene]:
    scene = Scene(postgres.database())
    scene.engine.register("flow", scene.flow)
    await scene.engine.start()
    await scene.engine.submit("run", flow="flow", input=None)
    await asyncio.wait_for(scene.begun.wait(), 10)
    yield scene
    await scene.engine.stop()


async def test_a_result_that_comes_too_late_is_not_recorded(begun: Scene) -> None:
    begun.take_away()
    begun.go_on.set()
    await asyncio.sleep(0.3)
    (step,) = await begun.engine.steps("run")
    assert (step.phase, step.result) == (StepPhase.OPEN, None)
    assert begun.did == ["first"]
    state = await begun.engine.status("run")
    assert state is not None
    assert state.phase is Phase.RUNNING


async def test_who_asks_before_acting_is_broken_off(postgres: Server) -> None:
    scene = Scene(postgres.database())
    acted: list[str] = []

    async def flow(context: Context) -> Json:
        async def push(io: StepIO) -> Json:
            scene.begun.set()
            await scene.go_on.wait()
            await still_ours()
            acted.append("pushed")
            return None

        return await context.step("push", push)

    scene.engine.register("flow", flow)
    await scene.engine.start()
    await scene.engine.submit("run", flow="flow", input=None)
    await asyncio.wait_for(scene.begun.wait(), 10)
    scene.take_away()
    scene.go_on.set()
    await asyncio.sleep(0.3)
    assert acted == []
    await scene.engine.stop()


async def test_a_worker_given_up_for_dead_begins_anew(begun: Scene) -> None:
    before = begun.engine.name
    session = Session(begun.database.url, name="judge", schema=begun.database.schema)
    session.execute("DELETE FROM workers")
    session.execute("UPDATE runs SET owner = NULL, fence = fence + 1")
    session.close()
    begun.go_on.set()
    state = await asyncio.wait_for(begun.engine.wait("run"), 15)
    assert state.result == "second"
    assert begun.engine.name != before
    (first, _) = await begun.engine.steps("run")
    assert first.tries == 2


async def test_an_older_worker_leaves_newer_plans_alone(postgres: Server) -> None:
    database = postgres.database()
    older = PostgresEngine(database, clock=SystemClock(), worker=Worker(version="0.0.9"))
    older.register("flow", idle)
    await older.start()
    session = Session(database.url, name="newer", schema=database.schema)
    session.execute("ALTER TABLE runs ALTER COLUMN needs SET DEFAULT 2")
    session.close()
    await older.submit("run", flow="flow", input=None)
    await asyncio.sleep(0.2)
    newer = PostgresEngine(database, clock=SystemClock(), worker=Worker(version="0.2", protocol=2))
    newer.register("flow", idle)
    state = await older.status("run")
    assert state is not None
    assert state.phase is Phase.QUEUED
    await newer.start()
    assert (await asyncio.wait_for(newer.wait("run"), 10)).phase is Phase.COMPLETED
    await newer.stop()
    await older.stop()
