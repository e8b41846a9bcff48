"""What is over goes, in its time; what is not settled stays, whatever the time."""

from datetime import UTC, datetime, timedelta

import pytest

from courier.engine.pruning.leftovers import Leftover
from courier.engine.retention import Broom, Retentions
from courier.engine.runner import FLOW
from courier.planning.catalog import Catalog
from courier.ports.sandboxes import SandboxSpec
from courier.runs.interactive.frozen import run_of
from tests.engine.worlds import Scene, git, single_plan

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
DEFAULTS = Retentions(Catalog({}, ""))


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
