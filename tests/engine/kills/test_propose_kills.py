"""Kill -9 while pull requests are opened: exactly one of the same work, and the right status."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.kills.proposing import RUNS, Moment, live
from tests.engine.worlds import Scene, git, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.github import Fault
from tests.fakes.github.hosting import Hosting

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
POST = "POST /api/v3/repos/acme/demo/pulls"


@pytest.fixture
def hosting(each_forge: Hosting | None) -> Hosting | None:
    return each_forge


class Ground:
    """Where couriers live one after the other."""

    def __init__(self, origin: Path, sandboxd: Endpoint, hosting: Hosting | None) -> None:
        self.folder = origin.parent
        self.origin = origin
        self.sandboxd = sandboxd
        self.hosting = hosting

    def born(self, moment: Moment) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "tests.engine.kills.proposing", str(self.folder)]
        argv += ["--url", self.sandboxd.url, "--key", self.sandboxd.api_key, "--dies", moment]
        if self.hosting is not None:
            argv += ["--github", self.hosting.hub.url]
        return subprocess.Popen(argv, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    async def dies(self, moment: Moment) -> None:
        child = self.born(moment)
        _, said = await asyncio.to_thread(child.communicate, timeout=60)
        assert child.returncode == -9, said

    async def check(self) -> None:
        """Let the next courier finish, and see that all is as if nobody had died."""
        before = self.pulls()
        await live(self.folder, self.sandboxd, self.hosting, "never")
        home = self.folder / self.folder.name
        opening = scene(home, self.origin, provider(self.sandboxd), hosting=self.hosting)
        async with opening as here:
            (opened,) = await here.forge.list()
            assert opened.status == "created"
            assert before in ([], [opened.run])
            told = [(await here.record(run))["pullRequest"] for run in RUNS]
            await self.check_records(here, told)
            assert {one["number"] for one in told} == {opened.number}
            (mine,) = [one for one in told if one["status"] == "created"]
            assert (mine["run"], mine["head"]) == (opened.run, here.tip(opened.branch))

    async def check_records(self, here: Scene, told: list[dict[str, Any]]) -> None:
        assert sorted(one["status"] for one in told) == ["created", "skipped"]
        for run in RUNS:
            record = await here.record(run)
            assert (record["phase"], record["reason"]) == ("completed", "Completed")
            assert [step["attempt"] for step in record["steps"]] == [1]

    def pulls(self) -> list[str]:
        """The branches' runs of what is open already."""
        if self.hosting is not None:
            return [one.head.removeprefix("courier/") for one in self.hosting.repo.pulls.values()]
        listed = git(self.origin, "ls-tree", "-r", "--name-only", "courier/state", "proposals/")
        return [] if not listed else [self._run_of(listed)]

    def _run_of(self, path: str) -> str:
        shown = git(self.origin, "show", f"courier/state:{path}")
        return next(run for run in RUNS if f'"run": "{run}"' in shown)

    def statuses(self) -> set[str]:
        """The statuses of pull requests on record."""
        listed = git(self.origin, "ls-tree", "-r", "--name-only", "courier/state", "runs/")
        records = [path for path in listed.splitlines() if path.endswith("run.json")]
        shown = [git(self.origin, "show", f"courier/state:{path}") for path in records]
        words = ("creating", "created", "skipped", "failed")
        return {word for word in words for text in shown if f'"status": "{word}"' in text}


@pytest.fixture
def ground(origin: Path, sandboxd: Endpoint, hosting: Hosting | None) -> Ground:
    return Ground(origin, sandboxd, hosting)


async def test_between_the_recorded_intent_and_the_forge(ground: Ground) -> None:
    await ground.dies("claimed")
    assert ground.pulls() == []
    assert git(ground.origin, "ls-tree", "-r", "--name-only", "courier/state", "claims/")
    # A proposal of our own is on the same record at the moment it is opened.
    assert ground.statuses() == ({"creating"} if ground.hosting is not None else set())
    await ground.check()


async def test_between_the_forges_answer_and_its_record(ground: Ground) -> None:
    await ground.dies("opened")
    assert len(ground.pulls()) == 1
    assert "created" not in ground.statuses()
    await ground.check()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_while_github_carries_it_out(ground: Ground, when: str) -> None:
    if ground.hosting is None:
        pytest.skip("nobody else carries anything out")
    hub = ground.hosting.hub
    hub.faults = [Fault("stall", when="before" if when == "before" else "after", match=POST)]
    child = ground.born("never")
    async with asyncio.timeout(60):
        while POST not in hub.requests:
            assert child.poll() is None, child.communicate()[1]
            await asyncio.sleep(0.01)
        # A fault after the effect is waited for until there is one.
        while when == "after" and not ground.pulls():
            await asyncio.sleep(0.01)
    child.kill()
    await asyncio.to_thread(child.communicate)
    assert ground.statuses() == {"creating"}
    assert len(ground.pulls()) == (0 if when == "before" else 1)
    await ground.check()
