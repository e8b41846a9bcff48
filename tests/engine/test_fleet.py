"""Many repositories in one daemon: none stops another, and the list may change any time."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from courier.engine.journal import JournalEngine
from courier.engine.passes.reconciler import Result
from courier.engine.serving.daemon import Daemon, Post
from courier.engine.serving.doorbell import ring
from courier.engine.serving.fleet import Fleet, Ship, Target
from courier.engine.serving.harbour import Harbour, household, occupant
from courier.engine.serving.status import Household, Status, read_status
from courier.errors import Misconfigured, Unavailable
from courier.system import SystemClock
from tests.engine.passes import Passes


class Yard:
    """Makes ships whose passes only count, and breaks those it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broken: set[str] = set()
        self.passes: dict[str, Passes] = {}
        self.opened: list[str] = []

    def launch(self, target: Target) -> Ship:
        name = target.repository
        own = self.folder / name

        @asynccontextmanager
        async def opened() -> AsyncIterator[Daemon]:
            if name in self.broken:
                raise Misconfigured(f"{name} cannot be opened.")
            self.opened.append(name)
            passes = self.passes.setdefault(name, Passes(Result(None, head="c1")))
            engine = JournalEngine(own, clock=SystemClock())
            await engine.start()
            post = Post(name, own / "daemon.json", _never, target.interval)
            try:
                yield Daemon(passes, engine, SystemClock(), post=post)
            finally:
                await engine.stop()

        return Ship(opened, own / "daemon.json")

    def status(self, name: str) -> Status:
        found = read_status(self.folder / name / "daemon.json", Status)
        assert found is not None
        return found


async def _never(stop: asyncio.Event) -> AsyncIterator[None]:
    await stop.wait()
    return
    yield


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path / "yard")


@pytest.fixture
async def fleet(yard: Yard) -> AsyncIterator[Fleet]:
    made = Fleet(yard.launch, SystemClock(), pid=os.getpid())
    yield made
    await made.stop()


@pytest.mark.slow
async def test_one_that_cannot_be_opened_stops_no_other(yard: Yard, fleet: Fleet) -> None:
    yard.broken = {"bad"}
    await fleet.keep_to([Target("bad"), Target("good")])
    await until(lambda: yard.passes.get("good") and yard.passes["good"].count)
    await until(lambda: (yard.folder / "bad/daemon.json").exists())
    stalled = {one.type: one for one in yard.status("bad").conditions}["Stalled"]
    assert (stalled.status, stalled.message) == ("True", "bad cannot be opened.")
    assert fleet.daemons["bad"] is None
    yard.broken = set()
    await until(lambda: fleet.daemons["bad"])


async def test_a_pass_that_fails_for_an_unforeseen_reason_stops_no_other(
    yard: Yard, fleet: Fleet
) -> None:
    yard.passes["bad"] = Passes(ZeroDivisionError("oops"))
    await fleet.keep_to([Target("bad"), Target("good")])
    await until(lambda: yard.passes.get("good") and yard.passes["good"].count)
    await until(lambda: (yard.folder / "bad/daemon.json").exists())
    stalled = {one.type: one for one in yard.status("bad").conditions}["Stalled"]
    assert stalled.message == "ZeroDivisionError: oops"
    assert stalled.reason == "PassFailed"


async def test_the_list_changes_without_a_restart(yard: Yard, fleet: Fleet) -> None:
    await fleet.keep_to([Target("one"), Target("two")])
    await until(lambda: len(yard.opened) == 2)
    await fleet.keep_to([Target("two"), Target("three")])
    await until(lambda: len(yard.opened) == 3)
    assert yard.opened[2:] == ["three"], "what stays is not touched"
    assert set(fleet.daemons) == {"two", "three"}
    assert yard.status("one").stopped_at is not None
    await fleet.keep_to([Target("two", interval=5.0), Target("three")])
    await until(lambda: yard.opened[3:] == ["two"])


@pytest.mark.slow
async def test_one_at_work_elsewhere_is_taken_over_when_it_is_left(
    yard: Yard, fleet: Fleet
) -> None:
    other = JournalEngine(yard.folder / "one", clock=SystemClock())
    await other.start()
    await fleet.keep_to([Target("one")])
    await until(lambda: (yard.folder / "one/daemon.json").exists())
    assert fleet.daemons["one"] is None
    assert f"Process {os.getpid()}" in yard.status("one").conditions[0].message
    await other.stop()
    await until(lambda: fleet.daemons["one"])


def test_intervals_have_a_jitter_that_is_always_the_same(tmp_path: Path) -> None:
    posts = [Post(f"r{number}", tmp_path, _never, 100.0) for number in range(200)]
    pauses = [post.pause for post in posts]
    assert pauses == [post.pause for post in posts]
    assert 90 <= min(pauses) < 95
    assert 105 < max(pauses) <= 110


async def harbour(folder: Path, fleet: Fleet) -> Harbour:
    told = Household(pid=os.getpid(), version="1", started_at=SystemClock().now())
    return Harbour(folder, fleet, told)


async def test_whoever_rings_gets_a_pass_that_began_after_the_question(
    tmp_path: Path, yard: Yard, fleet: Fleet
) -> None:
    home = tmp_path / "home"
    made = await harbour(home, fleet)
    async with made.opened():
        await made.keep_to([Target("one")])
        await until(lambda: yard.passes.get("one") and yard.passes["one"].count)
        before = yard.passes["one"].count
        told = await ring(home, {"ask": "reconcile", "repository": "one"})
        assert yard.passes["one"].count > before
        assert told["attemptedCommit"] == "c1"
        with pytest.raises(Unavailable, match="does not look after"):
            await ring(home, {"ask": "reconcile", "repository": "other"})
        with pytest.raises(Unavailable, match="does not understand"):
            await ring(home, {"ask": "sing"})
        found = household(home)
        assert found is not None
        assert (found.repositories, found.stopped_at) == (("one",), None)
        assert occupant(home) == os.getpid()
    assert occupant(home) is None
    with pytest.raises(Unavailable, match="No daemon answers"):
        await ring(home, {"ask": "reconcile", "repository": "one"})


async def test_a_state_folder_with_a_long_name_has_a_bell_too(tmp_path: Path, fleet: Fleet) -> None:
    home = tmp_path / ("long-" * 20) / "home"
    made = await harbour(home, fleet)
    async with made.opened():
        with pytest.raises(Unavailable, match="does not look after"):
            await ring(home, {"ask": "reconcile", "repository": "one"})
        assert (home / "daemon.sock").stat().st_mode & 0o077 == 0


async def test_the_second_daemon_is_told_of_the_first_and_a_dead_one_is_forgotten(
    tmp_path: Path, fleet: Fleet
) -> None:
    code = (
        "import sys, time; from pathlib import Path; from courier.engine.journal import FolderLock;"
        "FolderLock(Path(sys.argv[1]), name='daemon.lock').take(); print('held', flush=True);"
        "time.sleep(60)"
    )
    first = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert first.stdout is not None
    assert await first.stdout.readline() == b"held\n"
    second = await harbour(tmp_path, fleet)
    with pytest.raises(Misconfigured) as refused:
        async with second.opened():
            pass
    assert f"Process {first.pid}, folder {tmp_path}" in refused.value.detail
    first.send_signal(signal.SIGKILL)
    await first.wait()
    async with second.opened():
        assert occupant(tmp_path) == os.getpid()
