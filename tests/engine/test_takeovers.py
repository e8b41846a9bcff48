"""Whole runs by several workers: one dies, or sleeps, and another goes on with its run."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from courier.engine.postgres import PostgresClient
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from tests.engine.kills.invariants import problems_of
from tests.engine.kills.runs import CHECK, DESIGN
from tests.engine.teams import Team, team
from tests.engine.worlds import git, make_origin, plan_of, provider, shell_steps
from tests.fakes.embedded import Endpoint
from tests.fakes.postgres import Server

pytestmark = pytest.mark.slow
GATE = 'if [ "$COURIER_ITERATION" = 1 ]; then while [ ! -e ~/go-on ]; do sleep 0.1; done; fi\n'
"""Makes the first designer wait in the middle of its turn."""


@pytest_asyncio.fixture
async def crew(tmp_path: Path, sandboxd: Endpoint, postgres: Server) -> AsyncIterator[Team]:
    origin = make_origin(tmp_path, {"value": "none\n", "keep.txt": "keep\n"})
    async with team(tmp_path, origin, sandboxd, postgres.url) as made:
        yield made


def plan(crew: Team, run: str, design: str) -> FrozenPlan:
    base = git(crew.origin, "rev-parse", "main")
    return plan_of(base, run, shell_steps("shell", design, CHECK))


async def reached(client: PostgresClient, run: str, step: str) -> None:
    async with asyncio.timeout(60):
        while True:
            state = await client.status(run)
            if state is not None and state.step == step:
                return
            assert state is None or not state.phase.ended, state
            await asyncio.sleep(0.02)


async def said(crew: Team, run: str, text: bytes) -> None:
    """Wait until the team knows that an agent said something."""
    async with asyncio.timeout(60):
        while True:
            found = await crew.client.ask(
                lambda session: session.execute(
                    "SELECT content FROM transcripts WHERE run = ?", (run,)
                ).fetchall()
            )
            if any(text in bytes(content) for (content,) in found or ()):
                return
            await asyncio.sleep(0.05)


async def go_on(crew: Team, run: str) -> None:
    sandboxes = provider(crew.sandboxd)
    for found in await sandboxes.find({"courier-run": run, "courier-home": crew.name}):
        sandbox = await sandboxes.connect(found.id, timeout_seconds=300)
        await sandbox.write({f"{sandbox.home}/go-on": b""})
    await sandboxes.close()


async def taken(crew: Team, run: str, since: float) -> float:
    """Wait until a run has another owner than it had; return how many seconds that took."""
    before = await owner_of(crew, run)
    async with asyncio.timeout(60):
        while await owner_of(crew, run) in (before, None):
            await asyncio.sleep(0.05)
    return time.monotonic() - since


async def owner_of(crew: Team, run: str) -> str | None:
    rows = await crew.client.ask(
        lambda session: session.execute("SELECT owner FROM runs WHERE id = ?", (run,)).fetchall()
    )
    assert rows
    owner = rows[0][0]
    return None if owner is None else str(owner)


async def test_a_worker_killed_in_mid_turn_is_followed_by_another(crew: Team) -> None:
    victim = crew.hire()
    await crew.submit(plan(crew, "fix", DESIGN + GATE))
    await said(crew, "fix", b"design 1 line 3")
    heir = crew.hire()
    victim.kill()
    seconds = await taken(crew, "fix", time.monotonic())
    await go_on(crew, "fix")
    await asyncio.wait_for(crew.client.wait("fix"), 60)
    # A database that has just started gives everybody ten seconds to come back.
    assert seconds < 18
    assert heir.dismiss() == 0
    assert problems_of(crew.folder, ["fix"], home=heir.home) == []


async def test_a_worker_that_wakes_up_again_does_nothing_more(crew: Team) -> None:
    sleeper = crew.hire()
    await crew.submit(plan(crew, "fix", DESIGN + GATE))
    await said(crew, "fix", b"design 1 line 3")
    heir = crew.hire()
    sleeper.freeze()
    await taken(crew, "fix", time.monotonic())
    await go_on(crew, "fix")
    # It wakes while its run goes on elsewhere.
    await reached(crew.client, "fix", "check-1.1/turn-1")
    sleeper.thaw()
    await asyncio.wait_for(crew.client.wait("fix"), 60)
    await asyncio.sleep(1)
    assert sleeper.dismiss() == 0
    assert heir.dismiss() == 0
    assert problems_of(crew.folder, ["fix"], home=heir.home) == []


GO_ON = """
if [ -e progress ]; then cat progress > seen; else echo half > progress; echo begun; sleep 120; fi
echo done > value
"""
"""Does a part and hangs; begun again with that part done, it says what it finds, and ends."""


async def checkpoint(crew: Team, run: str) -> str:
    """Wait until a checkpoint of a run holds the part that was done."""
    async with asyncio.timeout(60):
        while True:
            tips = git(crew.origin, "for-each-ref", f"refs/courier/checkpoints/{run}").split()
            if tips and "progress" in git(crew.origin, "ls-tree", "--name-only", tips[0]).split():
                return tips[0]
            await asyncio.sleep(0.1)


async def test_a_worker_and_its_sandbox_gone_another_goes_on_from_the_checkpoint(
    crew: Team,
) -> None:
    victim = crew.hire()
    work = FrozenStep(name="work", type="custom", agent="shell", run=GO_ON, checkpoint_seconds=1)
    base = git(crew.origin, "rev-parse", "main")
    asked = plan_of(base, "fix", (work,)).model_copy(update={"workflow_type": "single"})
    await crew.submit(asked)
    kept = await checkpoint(crew, "fix")
    heir = crew.hire()
    victim.kill()
    # The machine is gone with everything on it: the sandbox, and the worker's disk.
    sandboxes = provider(crew.sandboxd)
    for found in await sandboxes.find({"courier-run": "fix", "courier-home": crew.name}):
        await sandboxes.kill(found.id)
    shutil.rmtree(victim.home)
    state = await asyncio.wait_for(crew.client.wait("fix"), 90)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert heir.dismiss() == 0
    assert git(crew.origin, "show", "courier/fix:seen") == "half"
    assert git(crew.origin, "rev-list", "--count", "main..courier/fix") == "1"
    names = git(crew.origin, "ls-tree", "-r", "--name-only", "courier/state", "runs/").split()
    (path,) = [name for name in names if name.endswith("/run.json")]
    first, second = json.loads(git(crew.origin, "show", f"courier/state:{path}"))["steps"]
    assert first["outcome"]["reason"] == "SandboxLost"
    assert second["resumed"]["commit"] == first["checkpoint"]["commit"]
    assert git(crew.origin, "merge-base", "--is-ancestor", kept, second["resumed"]["commit"]) == ""
    assert await sandboxes.find({"courier-run": "fix", "courier-home": crew.name}) == []
    await sandboxes.close()
