"""Several workers, one line: each gets its part, and limits hold over all of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from courier.engine.inflight import MOMENTARY
from courier.engine.postgres import Database, PostgresEngine, Worker
from courier.engine.seam import Context, Json, StepIO
from courier.system import SystemClock
from tests.fakes.postgres import Server

pytestmark = pytest.mark.slow
WORKERS = 3


class Crew:
    """Workers of one database in one process, and what ran where."""

    def __init__(self, database: Database) -> None:
        self.engines = [
            PostgresEngine(database, clock=SystemClock(), worker=Worker(capacity=4))
            for _ in range(WORKERS)
        ]
        self.long = 0.05
        self.ran: Counter[int] = Counter()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def register(self, number: int) -> None:
        async def flow(context: Context) -> Json:
            async def work(io: StepIO) -> Json:
                self.ran[number] += 1
                queue = context.run_id.partition("-")[0]
                for key in (queue, "all"):
                    self.now[key] += 1
                    self.most[key] = max(self.most[key], self.now[key])
                await asyncio.sleep(self.long)
                for key in (queue, "all"):
                    self.now[key] -= 1
                return None

            return await context.step("work", work)

        self.engines[number].register("flow", flow)


@pytest_asyncio.fixture
async def crew(postgres: Server) -> AsyncIterator[Crew]:
    made = Crew(postgres.database())
    for number, engine in enumerate(made.engines):
        made.register(number)
        await engine.start()
    yield made
    for engine in made.engines:
        await engine.stop()


async def test_work_is_spread_and_limits_hold_over_all_workers(crew: Crew) -> None:
    first = crew.engines[0]
    first.limit(None, concurrency=0)
    first.limit("a", concurrency=2)
    names = [f"{queue}-{number}" for number in range(24) for queue in "abc"]
    for name in names:
        await first.submit(name, flow="flow", input=None, queue=name[0])
    first.limit(None, concurrency=9)
    async with asyncio.timeout(60):
        for name in names:
            await first.wait(name)
    assert crew.most["all"] <= 9
    assert crew.most["a"] <= 2
    assert sum(crew.ran.values()) == len(names)
    assert min(crew.ran[number] for number in range(WORKERS)) >= len(names) // 10


async def test_one_worker_reconciles_and_another_follows_it(crew: Crew) -> None:
    leads = [await engine.lead() for engine in crew.engines]
    assert leads == [True, False, False]
    assert await crew.engines[0].lead()
    await crew.engines[0].stop()
    assert await crew.engines[1].lead()
    assert not await crew.engines[2].lead()


async def test_a_stopped_worker_hands_over_at_once(crew: Crew) -> None:
    first, second, third = crew.engines
    await second.stop()
    await third.stop()
    await first.submit("x-1", flow="flow", input=None, queue="x")
    while not crew.ran[0]:
        await asyncio.sleep(0.005)
    await first.stop()
    await second.start()
    async with asyncio.timeout(5):
        await second.wait("x-1")


async def test_what_takes_a_moment_needs_no_place_where_all_are_taken(crew: Crew) -> None:
    first = crew.engines[0]
    await crew.engines[1].stop()
    await crew.engines[2].stop()
    crew.long = 10.0
    for number in range(6):
        await first.submit(f"x-{number}", flow="flow", input=None, queue="x")
    async with asyncio.timeout(10):
        while crew.now["x"] < 4:
            await asyncio.sleep(0.005)
        crew.long = 0.05
        first.limit("brief", concurrency=1)
        for number in range(3):
            name = f"brief-{number}"
            await first.submit(name, flow="flow", input=None, queue="brief", priority=MOMENTARY)
        for number in range(3):
            await first.wait(f"brief-{number}")
    assert crew.now["x"] == 4
    assert crew.most["brief"] == 1
    assert crew.most["x"] == 4
