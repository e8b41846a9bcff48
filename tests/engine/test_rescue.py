"""Saved work on a person's word: brought to a branch past the gate, and deleted in its time."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest

from courier.engine.accounts.rescue import Rescue, Rescued, Wanted
from courier.engine.passes.retention import Broom, Housekeeping, Pruned
from courier.errors import Conflict, NotFound, Refused
from courier.planning.catalog.catalog import Catalog
from courier.ports.checkpoints import Line
from courier.ports.repository import Identity
from courier.runs.run.events import Checkpoint
from tests.contracts.scratch import put
from tests.engine.worlds import Scene, git, provider, scene, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

ME = Identity("Me", "me@example.com")
AT = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
KEEP = timedelta(days=14)


async def save(
    here: Scene, files: Mapping[str, str], *, attempt: str = "work-1.1", run: str = "fix"
) -> Checkpoint:
    """Save files as an attempt's next checkpoint, a minute after the one before it."""
    count = len(await here.world.checkpoints.of(run))
    folder = Path(mkdtemp(dir=here.origin.parent))
    git(folder, "clone", "-q", str(here.origin), ".")
    put(folder, dict(files))
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Made")
    git(folder, "push", "-q", "origin", "HEAD:refs/heads/made")
    await here.world.repository.fetch()
    made = (await here.world.repository.head("made")).commit
    await here.world.repository.delete_branch("made")
    line = Line(run, attempt, here.base, Identity("courier", "courier@example.com"))
    return await here.world.checkpoints.add(made, line=line, at=AT + timedelta(minutes=count))


async def bring(here: Scene, **wanted: object) -> Rescued:
    rescue = Rescue(here.world, here.engine, by=ME)
    return await rescue.bring(dataclasses.replace(Wanted("fix"), **wanted))  # type: ignore[arg-type]


def shown(here: Scene, branch: str) -> list[str]:
    return git(here.origin, "diff", "--name-only", "main", branch).split()


async def test_the_newest_checkpoint_comes_to_a_branch_as_one_commit(here: Scene) -> None:
    await save(here, {"one": "1\n"})
    await save(here, {"one": "1\n", "two": "2\n"})
    rescued = await bring(here)
    assert rescued.branch == "courier/fix-rescued"
    assert shown(here, rescued.branch) == ["one", "two"]
    assert git(here.origin, "rev-list", "--count", f"main..{rescued.branch}") == "1"
    assert "Rescued from checkpoint 2 of work-1.1" in git(
        here.origin, "log", "-1", "--format=%B", rescued.branch
    )
    assert await bring(here) == rescued


async def test_any_checkpoint_of_any_attempt_can_be_had(here: Scene) -> None:
    await save(here, {"one": "1\n"})
    await save(here, {"two": "2\n"})
    await save(here, {"three": "3\n"}, attempt="work-1.2")
    assert shown(here, (await bring(here)).branch) == ["three"]
    first = await bring(here, attempt="work-1.1", number=1, branch="first")
    assert shown(here, first.branch) == ["one"]
    last = await bring(here, attempt="work-1.1", branch="last")
    assert shown(here, last.branch) == ["two"]
    with pytest.raises(NotFound, match="no checkpoint 3"):
        await bring(here, attempt="work-1.1", number=3)
    with pytest.raises(NotFound, match=r"work-1\.1, work-1\.2"):
        await bring(here, attempt="check-1.1")


async def test_a_branch_that_is_something_else_is_left_alone(here: Scene) -> None:
    await save(here, {"one": "1\n"})
    with pytest.raises(Conflict, match="--branch"):
        await bring(here, branch="main")
    assert here.tip("main") == here.base


async def test_protected_paths_come_along_only_when_a_person_says_so(here: Scene) -> None:
    await save(here, {".github/workflows/ci.yml": "on: push\n"})
    with pytest.raises(Refused, match="--protected"):
        await bring(here)
    assert here.branches() == {"main"}
    rescued = await bring(here, with_protected=True)
    assert shown(here, rescued.branch) == [".github/workflows/ci.yml"]


async def test_a_key_does_not_come_along_whatever_a_person_says(here: Scene) -> None:
    await save(here, {"key": f"ghp_{'a1' * 18}\n"})
    with pytest.raises(Refused):
        await bring(here, with_protected=True)
    assert here.branches() == {"main"}


async def test_a_run_nobody_knows_and_one_without_checkpoints_are_told_apart(here: Scene) -> None:
    with pytest.raises(NotFound, match="There is no run fix"):
        await bring(here)
    await here.run(single_plan(here, "echo done > value"))
    with pytest.raises(NotFound, match="Its work is on branch courier/fix"):
        await bring(here)


class Keeping:
    """Every project keeps everything as long."""

    def __call__(self, project: str, field: str) -> timedelta:
        return KEEP

    def least(self, field: str) -> timedelta:
        return KEEP


async def test_checkpoints_go_when_their_time_after_the_runs_end_is_over(here: Scene) -> None:
    await here.run(single_plan(here, "echo done"))
    await here.run(single_plan(here, "echo done > value", run="open"))
    await save(here, {"one": "1\n"})
    await save(here, {"one": "1\n"}, run="lost")
    await save(here, {"one": "1\n"}, run="open")
    await here.world.repository.put_aside(here.base, name="fix")
    ended = datetime.fromisoformat((await here.record())["endedAt"])

    async def dropped(now: datetime) -> list[str]:
        done = await Broom(here.world, here.engine).sweep(Keeping(), now=now)
        assert done.faults == ()
        return [one.name for one in done.gone if one.sort == "checkpoint"]

    assert await dropped(AT) == []
    # Nothing tells the end of the other run: its last checkpoint counts.
    assert await dropped(AT + KEEP) == ["refs/courier/checkpoints/lost/work-1.1"]
    assert await dropped(ended + KEEP - timedelta(seconds=1)) == []
    assert sorted(await dropped(ended + KEEP)) == [
        "refs/courier/checkpoints/fix/work-1.1",
        "refs/courier/waiting/fix",
    ]
    assert await dropped(ended + KEEP) == []
    # Its pull request is open.
    left = git(here.origin, "for-each-ref", "--format=%(refname)", "refs/courier/checkpoints")
    assert left == "refs/courier/checkpoints/open/work-1.1"
    assert git(here.origin, "for-each-ref", "refs/courier/waiting") == ""


async def test_another_machine_keeps_what_belongs_to_a_run_on_this_one(
    here: Scene, sandboxd: Endpoint, tmp_path: Path
) -> None:
    await here.submit(single_plan(here, "echo begun; sleep 60"))
    await here.printed("fix", "begun")
    saved = await save(here, {"one": "1\n"})
    async with scene(tmp_path / "elsewhere", here.origin, provider(sandboxd)) as there:
        rescued = await bring(there)
        assert rescued.checkpoint == saved
        assert shown(here, rescued.branch) == ["one"]
    now = AT + 10 * KEEP
    done = await Broom(here.world, here.engine).sweep(Keeping(), now=now)
    assert done == Pruned()
    await here.engine.cancel("fix", by="me", reason="enough")
    await here.engine.wait("fix")


async def test_housekeeping_looks_once_an_hour(here: Scene) -> None:
    house = Housekeeping(Broom(here.world, here.engine), here.world.clock)
    await save(here, {"one": "1\n"})
    catalog = Catalog({}, "")
    assert [one.name for one in await house.tidy(catalog)] == [
        "refs/courier/checkpoints/fix/work-1.1"
    ]
    await save(here, {"one": "1\n"})
    assert list(await house.tidy(catalog)) == []
