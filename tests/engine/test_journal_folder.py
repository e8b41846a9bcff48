"""The embedded engine and its data folder: one holder, many readers, known versions."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from courier.engine.journal import JournalEngine
from courier.engine.journal.reader import JournalClient, JournalReader
from courier.engine.journal.schema import FILE_NAME, MIGRATIONS, Durability, open_writer
from courier.engine.journal.writer import Fact
from courier.engine.seam import Context, Json, Phase, StepIO
from courier.errors import Conflict, Misconfigured, Misused, NotFound
from courier.system import SystemClock
from tests.fakes.clock import FakeClock


async def patient(context: Context) -> Json:
    return await context.signal("go")


def make_engine(folder: Path) -> JournalEngine:
    engine = JournalEngine(folder, clock=SystemClock())
    engine.register("patient", patient)
    return engine


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[JournalEngine]:
    engine = make_engine(tmp_path)
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[JournalClient]:
    client = JournalClient(tmp_path, clock=SystemClock())
    yield client
    await client.close()


async def test_a_second_engine_is_told_who_holds_the_folder(
    engine: JournalEngine, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured) as refused:
        await make_engine(tmp_path).start()
    assert f"Process {os.getpid()} " in refused.value.detail
    assert refused.value.next_step


async def test_the_folder_is_free_after_a_stop(tmp_path: Path) -> None:
    for _ in range(2):
        engine = make_engine(tmp_path / "made" / "on the way")
        await engine.start()
        await engine.stop()


async def test_the_folder_is_free_after_a_death(tmp_path: Path) -> None:
    script = (
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from tests.engine.test_journal_folder import make_engine\n"
        "async def main():\n"
        "    await make_engine(Path(sys.argv[1])).start()\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    died = await asyncio.to_thread(subprocess.run, command, cwd=Path(__file__).parents[2])
    assert died.returncode == -9
    engine = make_engine(tmp_path)
    await engine.start()
    await engine.stop()


async def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Misconfigured, match="cannot be used"):
        await make_engine(tmp_path / "file" / "data").start()


async def test_a_file_of_a_newer_courier_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    for _ in range(2):
        with pytest.raises(Misconfigured, match="newer courier"):
            await make_engine(tmp_path).start()
    with pytest.raises(Misconfigured, match="newer courier"):
        await JournalReader(tmp_path).status("run")


async def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("my precious notes\n" * 100)
    with pytest.raises(Misconfigured, match="cannot be opened"):
        await make_engine(tmp_path).start()
    assert (tmp_path / FILE_NAME).read_text().startswith("my precious notes")


async def test_nothing_is_done_before_the_start_or_after_the_stop(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    with pytest.raises(Misused):
        await engine.submit("run", flow="patient", input=None)
    await engine.start()
    with pytest.raises(Misused):
        await engine.start()
    with pytest.raises(Misused):
        engine.register("late", patient)
    await engine.submit("run", flow="patient", input=None)
    await engine.stop()
    with pytest.raises(Misused):
        await engine.send("run", "go", None)
    state = await engine.status("run")
    assert state is not None
    assert state.phase in (Phase.RUNNING, Phase.WAITING)


async def test_readers_see_an_empty_folder_as_no_runs(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path / "nothing here")
    assert await reader.status("run") is None
    assert list(await reader.list()) == []
    assert list(await reader.steps("run")) == []
    assert not (tmp_path / "nothing here").exists()
    await reader.close()


async def test_readers_need_no_lock(engine: JournalEngine, tmp_path: Path) -> None:
    reader = JournalReader(tmp_path)
    await engine.submit("run", flow="patient", input=None)
    assert [state.run_id for state in await reader.list(live=True)] == ["run"]
    await engine.send("run", "go", 1)
    ended = await engine.wait("run")
    assert await reader.status("run") == ended
    assert list(await reader.steps("run")) == list(await engine.steps("run"))
    await reader.close()


async def test_a_running_engine_hears_a_client(
    engine: JournalEngine, client: JournalClient
) -> None:
    assert await client.submit("run", flow="patient", input=None)
    assert not await client.submit("run", flow="patient", input=None)
    await client.send("run", "go", {"by": "client"})
    async with asyncio.timeout(10):
        assert (await client.wait("run")).result == {"by": "client"}
    with pytest.raises(Conflict):
        await client.send("run", "go", None)
    assert not await client.cancel("run", by="ann", reason="")


async def test_a_running_engine_hears_a_client_cancel(
    engine: JournalEngine, client: JournalClient
) -> None:
    await engine.submit("resting", flow="patient", input=None)
    engine.limit(None, concurrency=0)
    await engine.submit("queued", flow="patient", input=None)
    for run in ("resting", "queued"):
        assert await client.cancel(run, by="ann", reason="enough")
        async with asyncio.timeout(10):
            assert (await engine.wait(run)).phase is Phase.CANCELLED
    queued = await engine.status("queued")
    assert queued is not None
    assert queued.started_at is None


async def test_an_engine_hears_at_its_start_what_a_client_asked_before(
    client: JournalClient, tmp_path: Path
) -> None:
    await client.submit("answered", flow="patient", input=None)
    await client.submit("cancelled", flow="patient", input=None)
    await client.send("answered", "go", 5)
    assert await client.cancel("cancelled", by="ann", reason="never mind")
    states = {state.run_id: state.phase for state in await client.list()}
    assert states == {"answered": Phase.QUEUED, "cancelled": Phase.CANCELLED}
    engine = make_engine(tmp_path)
    await engine.start()
    async with asyncio.timeout(10):
        assert (await engine.wait("answered")).result == 5
    await engine.stop()


async def test_a_client_knows_what_does_not_exist(client: JournalClient) -> None:
    with pytest.raises(NotFound):
        await client.cancel("run", by="ann", reason="")
    with pytest.raises(NotFound):
        await client.send("run", "go", None)
    with pytest.raises(NotFound):
        await client.wait("run")


async def test_the_observer_sees_every_fact_before_and_after(tmp_path: Path) -> None:
    seen: list[tuple[str, Fact]] = []

    def observe(when: Literal["before", "after"], facts: Sequence[Fact]) -> None:
        seen.extend((when, fact) for fact in facts)

    async def flow(context: Context) -> Json:
        async def act(io: StepIO) -> Json:
            await io.save(1)
            return None

        await context.step("act", act)
        return await context.signal("go")

    engine = JournalEngine(tmp_path, clock=SystemClock(), observer=observe)
    engine.register("flow", flow)
    await engine.start()
    await engine.submit("run", flow="flow", input=None)
    await engine.send("run", "go", None)
    await engine.wait("run")
    await engine.stop()
    for when in ("before", "after"):
        facts = {(fact.kind, fact.name) for moment, fact in seen if moment == when}
        assert facts == {
            ("submitted", ""),
            ("sent", "go"),
            ("started", ""),
            ("opened", "act"),
            ("saved", "act"),
            ("closed", "act"),
            ("opened", "go"),
            ("closed", "go"),
            ("ended", ""),
        }


async def test_sleeps_follow_the_clock_they_are_given(tmp_path: Path) -> None:
    clock = FakeClock()
    until = clock.now() + timedelta(days=2)

    async def flow(context: Context) -> Json:
        await context.sleep("two days", until)
        return (await context.now("awake")).isoformat()

    engine = JournalEngine(tmp_path, clock=clock)
    engine.register("flow", flow)
    await engine.start()
    await engine.submit("run", flow="flow", input=None)
    while not await engine.steps("run"):
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    await clock.advance(2 * 24 * 3_600 - 1)
    state = await engine.status("run")
    assert state is not None
    assert state.phase is Phase.WAITING
    await clock.advance(1)
    async with asyncio.timeout(10):
        assert (await engine.wait("run")).result == until.isoformat()
    await engine.stop()


@pytest.mark.parametrize("durability", list(Durability))
async def test_either_durability_runs(tmp_path: Path, durability: Durability) -> None:
    engine = JournalEngine(tmp_path, clock=SystemClock(), durability=durability)
    engine.register("patient", patient)
    await engine.start()
    await engine.submit("run", flow="patient", input=None)
    await engine.send("run", "go", durability.value)
    assert (await engine.wait("run")).result == durability.value
    await engine.stop()


async def test_a_submission_whose_caller_left_is_run_all_the_same(engine: JournalEngine) -> None:
    for number in range(20):
        caller = asyncio.ensure_future(engine.submit(f"run-{number}", flow="patient", input=None))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait({caller})
    async with asyncio.timeout(10):
        while len(await engine.list(live=True)) < 20:
            await asyncio.sleep(0.001)
        for number in range(20):
            await engine.send(f"run-{number}", "go", number)
            assert (await engine.wait(f"run-{number}")).result == number


@pytest.mark.slow
def test_many_may_open_a_new_journal_at_once(tmp_path: Path) -> None:
    def open_one(_: int) -> int:
        connection = open_writer(tmp_path, durability=Durability.PROCESS)
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        connection.close()
        return int(found)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(open_one, range(24))) == {len(MIGRATIONS)}
