"""From a machine's journal to a database: every run goes on there as it was."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from courier.engine.journal import FolderHeld, JournalEngine
from courier.engine.postgres import PostgresEngine, schema_of
from courier.engine.postgres.moving import live_runs, move
from courier.engine.postgres.schema import Database
from courier.engine.seam import Context, Engine, Json, Phase, RunCancelled, StepIO
from courier.errors import Misconfigured, NotFound, Unavailable
from courier.storage.live import LiveTranscripts
from courier.storage.mirror import Mirror
from courier.system import SystemClock
from tests.contracts.engine.lab import idle
from tests.engine.kills.invariants import problems_of
from tests.engine.kills.runs import CHECK, DESIGN
from tests.engine.worlds import Sharing, make_origin, provider, scene, shell_plan
from tests.fakes.embedded import Endpoint
from tests.fakes.postgres import Server

pytestmark = pytest.mark.slow
RUNS = ("steps", "sleeps", "waits", "stops", "later", "done")


class Work:
    """Flows in all states a run can be in, and what their steps did."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.hold = True
        self.nap = datetime.now(UTC) + timedelta(seconds=2)

    def register(self, engine: Engine) -> None:
        for name in ("steps", "sleeps", "waits", "stops"):
            engine.register(name, getattr(self, name))
        engine.register("idle", idle)

    async def steps(self, context: Context) -> Json:
        await context.step("first", self._note("first"))

        async def second(io: StepIO) -> Json:
            if io.checkpoint is None:
                await io.save({"at": 7})
            if self.hold:
                await asyncio.Event().wait()
            return [io.checkpoint, io.tries]

        return await context.step("second", second)

    async def sleeps(self, context: Context) -> Json:
        await context.step("before", self._note("before"))
        await context.sleep("nap", self.nap)
        return (await context.now("woken")).isoformat()

    async def waits(self, context: Context) -> Json:
        return [await context.signal("mail"), await context.signal("mail")]

    async def stops(self, context: Context) -> Json:
        try:
            await context.signal("never")
        except RunCancelled as asked:
            self.did.append(asked.reason)
            await context.signal("go")
        return None

    def _note(self, name: str):  # type: ignore[no-untyped-def]  # an action
        async def note(io: StepIO) -> Json:
            self.did.append(name)
            return name

        return note


async def reached(engine: Engine, run: str, step: str) -> None:
    async with asyncio.timeout(10):
        while (state := await engine.status(run)) is None or state.step != step:
            await asyncio.sleep(0.01)


async def fill(folder: Path, work: Work) -> None:
    """Leave a journal with a run in every state."""
    engine = JournalEngine(folder, clock=SystemClock())
    work.register(engine)
    await engine.start()
    for name in ("steps", "sleeps", "waits", "stops"):
        await engine.submit(name, flow=name, input={"of": name}, queue=f"q-{name}", priority=3)
    later = datetime.now(UTC) + timedelta(seconds=2)
    await engine.submit("later", flow="idle", input=None, not_before=later)
    await engine.submit("done", flow="idle", input=None)
    await engine.wait("done")
    await engine.send("waits", "mail", "first")
    await engine.send("steps", "unread", "letter")
    for run, step in (("steps", "second"), ("sleeps", "nap"), ("waits", "mail")):
        await reached(engine, run, step)
    await engine.cancel("stops", by="ann", reason="enough")
    await reached(engine, "stops", "go")
    await engine.stop()


async def test_runs_in_every_state_go_on_where_they_were(tmp_path: Path, postgres: Server) -> None:
    work, database = Work(), postgres.database()
    await fill(tmp_path, work)
    transcripts = LiveTranscripts(tmp_path / "transcripts", redact=str)
    moved = move(tmp_path, database, label="home", transcripts=transcripts)
    assert (moved.runs, moved.live, moved.known) == (6, 5, 0)
    again = move(tmp_path, database, label="home", transcripts=transcripts)
    assert (again.runs, again.known) == (0, 6)
    work.hold = False
    engine = PostgresEngine(database, clock=SystemClock())
    work.register(engine)
    await engine.start()
    await engine.send("waits", "mail", "second")
    await engine.send("stops", "go", None)
    ends = {run: await asyncio.wait_for(engine.wait(run), 20) for run in RUNS}
    listed = [state.run_id for state in await engine.list()]
    assert not await engine.submit("done", flow="idle", input=None)
    await engine.stop()
    assert ends["steps"].result == [{"at": 7}, 2]
    assert ends["waits"].result == ["first", "second"]
    assert ends["stops"].phase is Phase.CANCELLED
    assert datetime.fromisoformat(str(ends["sleeps"].result)) >= work.nap
    assert (ends["later"].started_at or datetime.now(UTC)) >= (ends["later"].not_before or work.nap)
    assert (ends["steps"].queue, ends["steps"].priority) == ("q-steps", 3)
    assert listed == ["done", "later", "stops", "waits", "sleeps", "steps"]
    assert sorted(work.did) == ["before", "enough", "enough", "first"]


async def test_the_journal_is_of_no_use_afterwards(tmp_path: Path, postgres: Server) -> None:
    await fill(tmp_path, Work())
    transcripts = LiveTranscripts(tmp_path / "transcripts", redact=str)
    move(tmp_path, postgres.database(), label="home", transcripts=transcripts)
    engine = JournalEngine(tmp_path, clock=SystemClock())
    with pytest.raises(Misconfigured, match="moved to a database"):
        await engine.start()


async def test_nothing_is_moved_while_an_engine_runs_or_no_database_answers(
    tmp_path: Path, postgres: Server
) -> None:
    work = Work()
    await fill(tmp_path, work)
    transcripts = LiveTranscripts(tmp_path / "transcripts", redact=str)
    nowhere = Database("postgresql://courier@127.0.0.1:1/none", "courier_none")
    with pytest.raises(Unavailable):
        move(tmp_path, nowhere, label="home", transcripts=transcripts)
    engine = JournalEngine(tmp_path, clock=SystemClock())
    work.register(engine)
    await engine.start()
    with pytest.raises(FolderHeld):
        move(tmp_path, postgres.database(), label="home", transcripts=transcripts)
    await engine.stop()
    with pytest.raises(NotFound):
        move(tmp_path / "empty", postgres.database(), label="home", transcripts=transcripts)


async def test_a_whole_run_in_mid_turn_ends_on_the_database_as_if_nothing_had_happened(
    tmp_path: Path, sandboxd: Endpoint, postgres: Server
) -> None:
    origin = make_origin(tmp_path, {"value": "none\n", "keep.txt": "keep\n"})
    wait = 'if [ "$COURIER_ITERATION" = 2 ]; then sleep 4; fi'
    home = tmp_path / tmp_path.name
    async with scene(home, origin, provider(sandboxd)) as before:
        await before.submit(shell_plan(before, design=f"{DESIGN}\n{wait}", check=CHECK))
        await before.printed("fix", "design 2 line 3")
    mirror = Mirror(home, remote=str(origin), clock=SystemClock())
    await mirror.open()
    for run in live_runs(home / "journal"):
        await mirror.remote.push_all(f"refs/courier/runs/{run}")
    await mirror.close()
    name = f"{tmp_path.name}-shared"
    database = Database(postgres.url, schema_of(name))
    live = LiveTranscripts(home / "transcripts", redact=str)
    move(home / "journal", database, label=home.name, transcripts=live)
    other = tmp_path / "other"
    shared = Sharing(name, postgres.url)
    async with scene(other, origin, provider(sandboxd), shared=shared) as after:
        await asyncio.wait_for(after.engine.wait("fix"), 60)
        assert await after.tidy()
    assert problems_of(tmp_path, ["fix"], home=other) == []
