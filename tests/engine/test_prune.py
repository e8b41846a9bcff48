"""What is over goes, in its time; what is not settled stays, whatever the time."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from courier.engine.passes.retention import Broom, Retentions
from courier.engine.postgres import PostgresClient, schema_of
from courier.engine.postgres.engine import PostgresEngine
from courier.engine.postgres.schema import Database
from courier.engine.pruning.leftovers import Leftover
from courier.engine.running.runner import FLOW
from courier.planning.catalog.catalog import Catalog
from courier.ports.sandboxes import SandboxSpec
from courier.runs.interactive.frozen import run_of
from courier.runs.pullrequests.pullrequest import Proposed
from courier.runs.run.frozen import FrozenLoop
from courier.system import SystemClock
from tests.engine.conftest import FILES
from tests.engine.worlds import (
    Scene,
    Sharing,
    git,
    make_origin,
    provider,
    scene,
    shell_plan,
    single_plan,
)
from tests.fakes.embedded import Endpoint
from tests.fakes.postgres import Server

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
DEFAULTS = Retentions(Catalog({}, ""))


@pytest.fixture
def shared(either: Sharing | None) -> Sharing | None:
    return either


async def swept(here: Scene, at: datetime, *, only_look: bool = False) -> list[Leftover]:
    broom = Broom(here.world, here.engine)
    done = await broom.sweep(DEFAULTS, now=at, only_look=only_look)
    assert done.faults == ()
    return list(done.gone)


def months(here: Scene) -> str:
    return git(here.origin, "for-each-ref", "--format=%(refname)", "refs/courier/transcripts")


async def test_a_settled_run_leaves_its_record_alone_in_the_end(here: Scene) -> None:
    await here.run(single_plan(here, "echo said"))
    record = await here.record()
    ended = datetime.fromisoformat(record["endedAt"])
    assert await swept(here, ended + DAY - timedelta(seconds=1)) == []
    looked = await swept(here, ended + 2 * DAY, only_look=True)
    assert [(one.sort, one.run) for one in looked] == [
        ("journal", "fix"),
        ("live transcript", "fix"),
    ]
    assert (looked[1].size or 0) > 20
    assert await here.engine.status("fix") is not None
    assert await swept(here, ended + 2 * DAY) == looked
    assert await here.engine.status("fix") is None
    assert here.world.transcripts.whole("fix") == b""
    assert b"said" in (await here.world.state.read_transcript(_kept(record, "transcript")) or b"")
    assert await swept(here, ended + 90 * DAY - timedelta(seconds=1)) == []
    gone = await swept(here, ended + 90 * DAY)
    assert [(one.sort, one.name.rpartition("/")[2]) for one in gone] == [
        ("transcript", "journal.jsonl.zst"),
        ("transcript", "transcript.jsonl.zst"),
    ]
    assert months(here) == ""
    assert await here.world.state.read_transcript(_kept(record, "transcript")) is None
    assert await here.record() == record
    assert await swept(here, ended + 900 * DAY) == []


def _kept(record: dict[str, object], name: str) -> str:
    at = datetime.fromisoformat(str(record["startedAt"]))
    return f"{at:%Y/%m/%d}/{record['run']}/{name}.jsonl.zst"


async def test_what_is_not_settled_stays(here: Scene) -> None:
    await here.run(single_plan(here, "echo changed > value", run="proposed"))
    await here.submit(single_plan(here, "echo begun; sleep 60"))
    await here.printed("fix", "begun")
    later = datetime.now(UTC) + 900 * DAY
    assert await swept(here, later) == []
    assert await here.engine.status("proposed") is not None
    assert months(here) != ""
    await here.engine.cancel("fix", by="me", reason="enough")
    await here.engine.wait("fix")


async def test_sandboxes_are_reaped_by_what_their_labels_say(here: Scene) -> None:
    ours = {"courier-home": here.world.home}
    labels = [
        {**ours, "courier-run": "nobody"},
        {**ours, "courier-run": run_of("guest")},
        {"courier-home": "another", "courier-run": "nobody"},
    ]
    made = [await here.world.sandboxes.create(SandboxSpec(labels=each)) for each in labels]
    await here.submit(single_plan(here, "echo begun; sleep 60"))
    await here.printed("fix", "begun")
    now = datetime.now(UTC)
    assert await swept(here, now + timedelta(hours=1)) == []
    (gone,) = await swept(here, now + timedelta(hours=3))
    assert (gone.sort, gone.run, gone.name) == ("sandbox", "nobody", made[0].id)
    left = {one.id for one in await here.world.sandboxes.find({})}
    assert made[0].id not in left
    assert {made[1].id, made[2].id} <= left
    assert await here.world.sandboxes.find({**ours, "courier-run": "fix"})
    await here.engine.cancel("fix", by="me", reason="enough")
    await here.engine.wait("fix")
    for each in made[1:]:
        await here.world.sandboxes.kill(each.id)


async def test_a_sandbox_its_ended_run_left_behind_is_reaped(here: Scene) -> None:
    await here.run(single_plan(here, "true"))
    labels = {"courier-home": here.world.home, "courier-run": "fix"}
    left = await here.world.sandboxes.create(SandboxSpec(labels=labels))
    now = datetime.now(UTC)
    assert await swept(here, now + timedelta(minutes=10)) == []
    gone = await swept(here, now + timedelta(minutes=20))
    assert [(one.name, one.why) for one in gone] == [(left.id, "its run has ended")]
    assert await here.tidy()


async def test_what_only_the_engine_knows_of_is_never_forgotten(here: Scene) -> None:
    await here.engine.submit("broken", flow=FLOW, input={"run": "broken"})
    state = await here.engine.wait("broken")
    assert str(state.phase) == "failed"
    assert await swept(here, datetime.now(UTC) + 900 * DAY) == []
    assert await here.engine.status("broken") is not None


async def said(shared: Sharing) -> list[str]:
    """Return of which runs the database has words."""
    database = Database(shared.url, schema_of(shared.home))
    client = PostgresClient(database, clock=SystemClock())
    rows = await client.ask(
        lambda session: session.execute("SELECT DISTINCT run FROM transcripts").fetchall()
    )
    await client.close()
    return sorted(str(run) for (run,) in rows or ())


async def test_two_that_sweep_at_once_do_no_harm(
    tmp_path: Path, sandboxd: Endpoint, postgres: Server
) -> None:
    origin = make_origin(tmp_path, FILES)
    shared = Sharing(f"{tmp_path.name}-two", postgres.url)
    boxes = provider(sandboxd), provider(sandboxd)
    async with (
        scene(tmp_path / "one", origin, boxes[0], shared=shared) as one,
        scene(tmp_path / "two", origin, boxes[1], shared=shared) as two,
    ):
        runs = [f"fix-{number}" for number in range(6)]
        for number, run in enumerate(runs):
            await (one, two)[number % 2].submit(single_plan(one, "echo said", run=run))
        for run in runs:
            await asyncio.wait_for(one.engine.wait(run), 90)
        records = [await one.record(run) for run in runs]
        assert await said(shared) == runs
        later = datetime.now(UTC) + 2 * DAY
        found = await asyncio.gather(*(swept(each, later) for each in (one, two)))
        assert {gone.run for each in found for gone in each} == set(runs)
        assert await said(shared) == []
        assert [await one.engine.status(run) for run in runs] == [None] * 6
        later += 90 * DAY
        await asyncio.gather(*(swept(each, later) for each in (one, two)))
        assert months(one) == ""
        assert [await two.record(run) for run in runs] == records
        assert await swept(two, later) == await swept(one, later) == []


async def test_forgetting_by_time_takes_along_what_was_said(
    tmp_path: Path, sandboxd: Endpoint, postgres: Server
) -> None:
    origin, shared = make_origin(tmp_path, FILES), Sharing(f"{tmp_path.name}-by", postgres.url)
    async with scene(tmp_path / "one", origin, provider(sandboxd), shared=shared) as here:
        await here.run(single_plan(here, "echo said", run="old"))
        await here.submit(single_plan(here, "echo begun; sleep 60", run="live"))
        await here.printed("live", "begun")
        assert isinstance(here.engine, PostgresEngine)
        assert await here.engine.forget(datetime.now(UTC) - DAY) == 0
        assert await here.engine.forget(datetime.now(UTC) + DAY) == 1
        assert await said(shared) == ["live"]
        await here.engine.cancel("live", by="me", reason="enough")
        await here.engine.wait("live")


async def test_a_worker_sweeps_what_is_on_its_machine_alone(
    tmp_path: Path, sandboxd: Endpoint, postgres: Server
) -> None:
    origin, shared = make_origin(tmp_path, FILES), Sharing(f"{tmp_path.name}-own", postgres.url)
    async with scene(tmp_path / "one", origin, provider(sandboxd), shared=shared) as here:
        await here.run(single_plan(here, "echo said"))
        assert here.world.transcripts.whole("fix") != b""
        broom = Broom(here.world, here.engine, only_here=True)
        done = await broom.sweep(DEFAULTS, now=datetime.now(UTC) + 900 * DAY)
        assert [one.sort for one in done.gone] == ["live transcript"]
        assert await here.engine.status("fix") is not None
        assert await said(shared) == ["fix"]


async def test_branches_of_lost_runs_go_unless_somebody_needs_them(here: Scene) -> None:
    for run in ("fails", "pushed", "open"):
        plan = shell_plan(here, run=run, design=f"echo {run} > value", check="exit 1")
        await here.run(plan.model_copy(update={"loop": FrozenLoop(max_iterations=1)}))
    assert {"courier/fails", "courier/pushed", "courier/open"} <= here.branches()
    git(here.origin, "branch", "-f", "courier/pushed", "main")
    head = here.tip("courier/open")
    await here.world.repository.fetch()
    await here.forge.propose(
        Proposed("man", "By hand", "", base="main", branch="courier/open", head=head)
    )
    record = await here.record("fails")
    ended = datetime.fromisoformat(record["endedAt"])
    soon = await swept(here, ended + 29 * DAY, only_look=True)
    assert not [one for one in soon if one.sort == "branch"]
    gone = [one for one in await swept(here, ended + 31 * DAY) if one.sort == "branch"]
    assert [(one.run, one.name, one.why) for one in gone] == [
        ("fails", "courier/fails", "failed long ago")
    ]
    assert "courier/fails" not in here.branches()
    assert {"courier/pushed", "courier/open"} <= here.branches()
    again = await swept(here, ended + 32 * DAY)
    assert not [one for one in again if one.sort == "branch"]
