"""Health: alive while passes end, ready while they are good, reasons without secrets."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from courier.engine.journal import JournalClient
from courier.engine.passes.reconciler import Result
from courier.engine.seam import RunClient
from courier.engine.serving.daemon import Daemon, Post
from courier.engine.serving.health import LATE_PAUSES, LONGEST_PASS, STUCK_SECONDS, Health
from courier.errors import Unavailable
from courier.web.health import READY, probe
from courier.web.message import Request
from courier.web.router import Router
from tests.engine.passes import Passes
from tests.fakes.clock import FakeClock

PAUSE = 30.0


class Held:
    """Passes that do not end before they are let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()

    async def reconcile(self) -> Result:
        await self.let_go.wait()
        return Result(None)


async def never(stop: asyncio.Event) -> AsyncIterator[None]:
    await stop.wait()
    return
    yield


async def well() -> str:
    return ""


def health(daemons: Mapping[str, Daemon | None], clock: FakeClock) -> Health:
    return Health(lambda: daemons, well, clock, lambda text: text.replace("hunter22", "***"))


@asynccontextmanager
async def daemon(
    folder: Path, passes: Passes | Held, clock: FakeClock
) -> AsyncIterator[tuple[Daemon, asyncio.Event]]:
    engine: RunClient = JournalClient(folder / "journal", clock=clock)
    post = Post("r", folder / "daemon.json", never, PAUSE)
    made = Daemon(passes, engine, clock, post=post)
    stop = asyncio.Event()
    running = asyncio.create_task(made.run(stop, pid=1))
    try:
        yield made, stop
    finally:
        stop.set()
        if isinstance(passes, Held):
            passes.let_go.set()
        await running


async def until_passed(made: Daemon) -> None:
    async with asyncio.timeout(10):
        while not made.pulse.passes:
            await asyncio.sleep(0.005)


async def test_ready_after_a_good_pass_and_not_long_after_the_last(tmp_path: Path) -> None:
    clock, passes = FakeClock(), Passes(Result(None))
    async with daemon(tmp_path, passes, clock) as (made, _):
        found = health({"r": made}, clock)
        await until_passed(made)
        assert await found.ready() == []
        passes.told = Unavailable("The remote is away; it wants hunter22.")
        await clock.advance(made.pulse.pause * LATE_PAUSES)
        assert await found.ready() == [], "a fault that passes is nothing"
        async with asyncio.timeout(20):
            while not await found.ready():
                await clock.advance(LONGEST_PASS / 2)
        (why,) = await found.ready()
        assert (why.check, why.repository) == ("pass", "r")
        assert "The last good pass ended" in why.message
        assert "it wants ***" in why.message
        assert await found.alive() == [], "it gets on, however little comes of it"


async def test_a_pass_that_does_not_end_is_no_life(tmp_path: Path) -> None:
    clock, passes = FakeClock(), Held()
    async with daemon(tmp_path, passes, clock) as (made, _):
        await asyncio.sleep(0)
        found = health({"r": made}, clock)
        assert await found.alive() == []
        assert [one.check for one in await found.ready()] == ["pass"]
        await clock.advance(STUCK_SECONDS + 1)
        assert [one.check for one in await found.alive()] == ["loop"]


async def test_what_cannot_be_opened_or_answer_is_told_with_503(tmp_path: Path) -> None:
    async def lost() -> str:
        return "The sandbox server, process 7, does not answer."

    look = Health(lambda: {"r": None}, lost, FakeClock()).ready
    router = Router()
    router.add("GET", READY, probe(look))
    answer = await router.answer(Request("GET", READY, headers={"host": "localhost:1"}))
    assert answer.status == 503
    told = json.loads(answer.body)
    assert told["status"] == "unavailable"
    assert [each["check"] for each in told["reasons"]] == ["repository", "sandboxes"]
    elsewhere = await router.answer(Request("GET", READY, headers={"host": "evil.example"}))
    assert elsewhere.status == 421
