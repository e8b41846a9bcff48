"""The daemon: woken by commits, keeping the last good documents, stopping without a trace."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from courier.engine.desired.desired import DesiredState
from courier.engine.journal import JournalClient
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler
from courier.engine.requests.requests import Request, cancel
from courier.engine.serving.daemon import Daemon, Post
from courier.planning.documents.manifest import Schemas
from courier.ports.repository import Identity
from courier.shipped import schema_text
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import watch
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint

PROJECT = "apiVersion: courier/v1\nkind: Project\nmetadata: {name: demo}\nspec: {title: Demo}\n"
WORKFLOW = """
apiVersion: courier/v1
kind: Workflow
metadata: {name: fix}
spec:
  steps:
    - name: design
      type: designer
      run: echo "$COURIER_TASK" > value
"""
DOCUMENTS = {".courier/project.yaml": PROJECT, ".courier/fix.yaml": WORKFLOW, "value": "none\n"}


def mirror_of(here: Scene) -> Mirror:
    assert isinstance(here.world.repository, Mirror)
    return here.world.repository


def run_document(name: str, *, base: str | None = None) -> str:
    spec: dict[str, str] = {"workflow": "fix", "prompt": f"Task of {name}"}
    if base:
        spec["base"] = base
    document = {"apiVersion": "courier/v1", "kind": "Run", "metadata": {"name": name}}
    return json.dumps({**document, "spec": spec})


@dataclass(frozen=True)
class Served:
    scene: Scene
    daemon: Daemon
    status_file: Path
    checkout: Path
    stop: asyncio.Event

    def commit(self, files: Mapping[str, str | None], *, branch: str = "main") -> None:
        git(self.checkout, "checkout", "-q", "-B", branch)
        for path, content in files.items():
            target = self.checkout / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink() if content is None else target.write_text(content)
        git(self.checkout, "add", "-A")
        git(self.checkout, "commit", "-q", "-m", "Change")
        git(self.checkout, "push", "-q", "origin", branch)

    async def until(self, holds: Callable[[], object], *, within: float = 20.0) -> None:
        async with asyncio.timeout(within):
            while not holds():
                await asyncio.sleep(0.02)

    async def ended(self, run: str) -> object:
        async with asyncio.timeout(30):
            while await self.scene.engine.status(run) is None:
                await asyncio.sleep(0.01)
            return (await self.scene.engine.wait(run)).result

    def passes(self) -> int:
        return int(json.loads(self.status_file.read_text())["passes"])

    def condition(self, name: str) -> Mapping[str, str]:
        try:
            told = json.loads(self.status_file.read_text())["conditions"]
        except FileNotFoundError:
            return {}
        return next((each for each in told if each["type"] == name), {})


@asynccontextmanager
async def served(folder: Path, sandboxd: Endpoint) -> AsyncIterator[Served]:
    origin = make_origin(folder, DOCUMENTS)
    checkout = folder / "checkout"
    git(folder, "clone", "-q", str(origin), str(checkout))
    async with scene(folder / "state", origin, provider(sandboxd)) as here:
        observation = Observation(here.world, here.engine, remote=str(origin))
        reconciler = Reconciler(
            here.world,
            DesiredState(here.world, Schemas(schema_text)),
            observation,
            Dispatcher(here.world, here.engine, observation),
        )
        status_file, stop = folder / "daemon.json", asyncio.Event()
        remote = mirror_of(here).remote

        async def wakes(event: asyncio.Event) -> AsyncIterator[None]:
            remote.was_moved()
            async for _ in watch([origin / "refs"], event):
                if remote.was_moved():
                    yield

        post = Post(str(origin), status_file, wakes)
        daemon = Daemon(reconciler, here.engine, here.world.clock, post=post)
        serving = asyncio.create_task(daemon.run(stop, pid=os.getpid()))
        try:
            yield Served(here, daemon, status_file, checkout, stop)
        finally:
            stop.set()
            await asyncio.wait_for(serving, 30)
            assert json.loads(status_file.read_text())["stoppedAt"] is not None
            shutil.rmtree(checkout)


@pytest.mark.slow
async def test_commits_wake_it_and_errors_leave_the_last_good_documents_in_force(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    async with served(tmp_path, sandboxd) as here:
        await here.until(lambda: here.condition("Ready").get("status") == "True")
        here.commit({".courier/one.yaml": run_document("one")})
        assert await here.ended("one") == {"phase": "completed", "reason": "Completed"}
        assert git(here.scene.origin, "show", "courier/one:value") == "Task of one"

        here.commit({".courier/broken.yaml": "kind: Nothing\n"})
        await here.until(lambda: here.condition("Stalled").get("status") == "True")
        assert here.condition("Stalled")["reason"] == "InvalidDocuments"
        since = here.condition("Stalled")["since"]

        here.commit({".courier/two.yaml": run_document("two")})
        await asyncio.sleep(0.5)
        assert here.condition("Stalled")["since"] == since
        assert await here.scene.engine.status("two") is None, "no document of a broken commit"

        here.commit({".courier/broken.yaml": None})
        assert await here.ended("two") == {"phase": "completed", "reason": "Completed"}
        await here.until(lambda: here.condition("Stalled").get("status") == "False")


@pytest.mark.slow
async def test_own_pushes_wake_no_pass(tmp_path: Path, sandboxd: Endpoint) -> None:
    async with served(tmp_path, sandboxd) as here:
        first = await here.daemon.look()
        before = git(here.scene.origin, "for-each-ref")
        here.commit({".courier/one.yaml": run_document("one")})
        await here.ended("one")
        await asyncio.sleep(0.5)
        after = git(here.scene.origin, "for-each-ref")
        assert {"refs/heads/courier/state", "refs/heads/courier/one"} <= set(after.split())
        assert after != before
        last = await here.daemon.look()
        # One for the commit, one for the end of the run, one asked for; the pushes of records,
        # transcripts and the branch woke none.
        assert last.passes - first.passes == 3
        assert (await here.daemon.look()).idle_passes >= 1
        last = await here.daemon.look()

        # What somebody else pushes to the same branches does.
        git(here.checkout, "fetch", "-q", "origin")
        git(here.checkout, "checkout", "-q", "-B", "records", "origin/courier/state")
        git(here.checkout, "commit", "-q", "--allow-empty", "-m", "By hand")
        git(here.checkout, "push", "-q", "origin", "records:courier/state")
        await here.until(lambda: here.passes() > last.passes)


@pytest.mark.slow
async def test_a_pass_over_a_finished_world_does_nothing(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    async with served(tmp_path, sandboxd) as here:
        here.commit({".courier/one.yaml": run_document("one")})
        await here.ended("one")
        await here.until(lambda: here.condition("Ready").get("reason") == "Settled")
        before = (await here.daemon.look()).passes
        tips = git(here.scene.origin, "for-each-ref")
        await asyncio.sleep(1.5)
        told = await here.daemon.look()
        assert told.passes == before + 1
        (project,) = told.projects
        assert (project.under_way, project.settled) == ((), 1)
        assert git(here.scene.origin, "for-each-ref") == tips


@pytest.mark.slow
async def test_a_run_may_start_from_another_branch(tmp_path: Path, sandboxd: Endpoint) -> None:
    async with served(tmp_path, sandboxd) as here:
        here.commit({"value": "other\n", "more": "x\n"}, branch="release")
        git(here.checkout, "checkout", "-q", "main")
        here.commit({".courier/one.yaml": run_document("one", base="release")})
        await here.ended("one")
        assert git(here.scene.origin, "show", "courier/one:more") == "x"
        (proposal,) = await here.scene.forge.list()
        assert proposal.base == "release"


@pytest.mark.slow
async def test_a_merge_by_hand_settles_the_record(tmp_path: Path, sandboxd: Endpoint) -> None:
    async with served(tmp_path, sandboxd) as here:
        here.commit({".courier/one.yaml": run_document("one")})
        await here.ended("one")
        git(here.checkout, "fetch", "-q")
        git(here.checkout, "merge", "-q", "origin/courier/one")
        git(here.checkout, "push", "-q", "origin", "main")
        async with asyncio.timeout(20):
            while (await here.scene.record("one"))["pullRequest"]["status"] != "merged":
                await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_a_cancel_asked_for_on_another_machine_is_obeyed(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    slow = WORKFLOW.replace('echo "$COURIER_TASK" > value', "echo begun > value; sleep 60")
    async with served(tmp_path, sandboxd) as here:
        here.commit({".courier/fix.yaml": slow, ".courier/one.yaml": run_document("one")})
        await here.until(lambda: (tmp_path / "state/transcripts/one").exists())
        ada = Identity("Ada", "ada@example.com")
        request = Request("cancel", "one", ada, datetime.now(UTC), "not this")
        # A machine without the run has its own mirror and its own, empty journal.
        clock, folder = here.scene.world.clock, tmp_path / "elsewhere"
        elsewhere = JournalClient(folder, clock=clock)
        mirror = await Mirror(folder, remote=str(here.scene.origin), clock=clock).open()
        assert not await cancel(request, state=StateBranch(mirror), client=elsewhere)
        await elsewhere.close()
        await mirror.close()
        await here.ended("one")
        record = await here.scene.record("one")
        assert (record["phase"], record["reason"]) == ("cancelled", "Cancelled")
        assert "Ada <ada@example.com>: not this" in record["message"]
