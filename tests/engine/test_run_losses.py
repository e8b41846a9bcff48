"""What dies under a run: its agent, its sandbox, the server of all sandboxes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from courier.ports.sandboxes import Sandboxes
from courier.sandboxd.launcher import ensure_running, status, stop
from courier.sandboxes.ondemand import OnDemandSandboxes
from tests.engine.worlds import Scene, git, make_origin, provider, scene, shell_plan, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

LONG = "echo begun; sleep 3; echo ended; echo done > value"


@pytest_asyncio.fixture
async def own(tmp_path: Path) -> AsyncIterator[Scene]:
    """Courier that starts its own sandbox server when it needs one."""
    place = tmp_path / "sandboxd"

    async def make() -> Sandboxes:
        found = await asyncio.to_thread(ensure_running, place, arguments=("--allow-plain",))
        return provider(Endpoint(found.url, found.api_key, place))

    origin = make_origin(tmp_path, {"value": "none\n"})
    try:
        async with scene(tmp_path / "home", origin, OnDemandSandboxes(make)) as opened:
            yield opened
    finally:
        await asyncio.to_thread(stop, place, kill_sandboxes=True)


async def test_a_killed_server_is_started_again_and_its_sandboxes_go_on(own: Scene) -> None:
    await own.submit(single_plan(own, LONG))
    await own.printed("fix", "begun")
    place = own.origin.parent / "sandboxd"
    server = status(place).pid
    assert server is not None
    os.kill(server, signal.SIGKILL)
    state = await asyncio.wait_for(own.engine.wait("fix"), 90)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert git(own.origin, "show", "courier/fix:value") == "done"
    assert len((await own.record())["steps"]) == 1
    assert own.world.transcripts.whole("fix").count(b"begun") == 1
    assert status(place).pid not in (None, server)
    assert await own.tidy()


async def test_a_killed_agent_fails_with_the_signal(here: Scene) -> None:
    await here.submit(single_plan(here, f"echo half > value; {LONG}"))
    await here.printed("fix", "begun")
    await kill_inside(here, "commands.sh")
    state = await here.engine.wait("fix")
    assert state.result == {"phase": "failed", "reason": "CommandFailed"}
    assert "signal 9" in (await here.record())["message"]
    assert git(here.origin, "show", "courier/fix:value") == "half"


async def test_a_killed_agent_whose_crash_may_pass_is_tried_again(here: Scene) -> None:
    commands = """
    echo x >> value
    echo '{"kind": "text", "text": "begun"}'
    [ "$(grep -c x value)" = 2 ] || sleep 60
    echo '{"outcome": {"text": "Done."}}'
    """
    await here.submit(single_plan(here, commands, agent="teller"))
    await here.printed("fix", "begun")
    await kill_inside(here, "commands.sh")
    state = await here.engine.wait("fix")
    assert state.result == {"phase": "completed", "reason": "Completed"}
    reasons = [step["outcome"]["reason"] for step in (await here.record())["steps"]]
    assert reasons == ["Crashed", "Completed"]


async def test_a_killed_sandbox_is_replaced_and_finished_steps_stay(here: Scene) -> None:
    check = "echo begun; [ -e value ]; sleep 3"
    await here.submit(shell_plan(here, design="echo mine > value", check=check))
    await here.printed("fix", "begun")
    await kill_sandboxes(here)
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    steps = (await here.record())["steps"]
    assert [(step["step"], step["attempt"], step["outcome"]["reason"]) for step in steps] == [
        ("design", 1, "Completed"),
        ("check", 1, "SandboxLost"),
        ("check", 2, "Completed"),
    ]
    assert git(here.origin, "show", "courier/fix:value") == "mine"
    assert await here.tidy()


async def test_sandboxes_that_keep_dying_end_the_run_with_its_work_kept(here: Scene) -> None:
    plan = shell_plan(here, design="echo mine > value", check="echo begun; sleep 60")
    await here.submit(plan)
    for attempt in ("check-1.1", "check-1.2"):
        await here.reached("fix", f"{attempt}/turn-1")
        await here.printed("fix", f'"{attempt}-turn-1", "kind": "output", "text": "begun"')
        await kill_sandboxes(here)
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "failed", "reason": "SandboxLost"}
    assert git(here.origin, "show", "courier/fix:value") == "mine"
    assert await here.tidy()


@pytest.mark.parametrize("step", ["work-1.1/workspace", "work-1.1/collect"])
async def test_a_sandbox_lost_beside_the_agent_loses_no_truth(here: Scene, step: str) -> None:
    await here.submit(single_plan(here, "echo done > value"))
    await here.reached("fix", step)
    await kill_sandboxes(here)
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert git(here.origin, "show", "courier/fix:value") == "done"
    assert await here.tidy()


async def kill_sandboxes(here: Scene) -> None:
    for found in await here.world.sandboxes.find(here.labels):
        await here.world.sandboxes.kill(found.id)


async def kill_inside(here: Scene, what: str) -> None:
    """Kill, with SIGKILL, the bash that runs a step's commands."""
    (found,) = await here.world.sandboxes.find(here.labels)
    sandbox = await here.world.sandboxes.connect(found.id, timeout_seconds=60)
    # The brackets keep the search from finding itself.
    mark = f"[{what[0]}]{what[1:]}"
    find = f'for p in /proc/[0-9]*; do grep -qsa "^bash.*{mark}" $p/cmdline && echo $p; done; :'
    told = await sandbox.run(["bash", "-c", find])
    (place,) = told.stdout.split()
    await sandbox.run(["kill", "-9", place.removeprefix("/proc/")])
