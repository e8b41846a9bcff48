"""The server's own end: asked for, or by force; and what the next one finds."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from e2b import AsyncSandbox, SandboxNotFoundException

from courier.sandboxd.launcher import (
    CannotStart,
    Endpoint,
    ensure_running,
    status,
    stop,
)
from courier.sandboxd.records import SandboxRecord
from tests.contracts.sandboxd.conftest import Provider

pytestmark = pytest.mark.slow
FLAGS = ("--allow-plain", "--spares", "1")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "a directory with a path far too long for a socket's name" / ("x" * 60)
    yield directory
    stop(directory, kill_sandboxes=True)
    if list((directory / "sandboxes").iterdir()):
        with contextlib.suppress(CannotStart):
            ensure_running(directory, arguments=FLAGS)
            stop(directory, kill_sandboxes=True)


def options(endpoint: Endpoint) -> dict[str, Any]:
    return {"api_key": endpoint.api_key, "api_url": endpoint.url, "sandbox_url": endpoint.url}


async def create(endpoint: Endpoint, **wanted: Any) -> AsyncSandbox:
    return await AsyncSandbox.create(**wanted, **options(endpoint))


def kill_server(state: Path) -> None:
    pid = status(state).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while status(state).pid == pid:
        time.sleep(0.005)


def test_starting_twice_starts_one(state: Path) -> None:
    started = time.monotonic()
    first = ensure_running(state, arguments=FLAGS)
    assert time.monotonic() - started < 2
    assert ensure_running(state, arguments=FLAGS) == first
    found = status(state)
    assert found.running
    assert (found.endpoint, found.sandboxes) == (first, 0)
    said = json.loads((state / "server.json").read_text())
    assert said.keys() >= {"pid", "port", "url", "apiKeyFile", "isolation", "version"}
    assert stop(state)
    assert not stop(state)
    assert status(state).pid is None
    assert not (state / "server.json").exists()


async def test_without_sandboxes_it_leaves_by_itself(state: Path) -> None:
    endpoint = ensure_running(state, arguments=(*FLAGS, "--idle-exit", "1"))
    sandbox = await create(endpoint)
    await asyncio.sleep(2)
    assert status(state).running, "a server with a sandbox stays"
    await sandbox.kill()
    async with asyncio.timeout(10):
        while status(state).pid is not None:
            await asyncio.sleep(0.05)


def test_many_callers_at_once_start_one(state: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: ensure_running(state, arguments=FLAGS), range(12)))
    assert len(set(found)) == 1


def test_a_second_server_for_the_same_directory_refuses(state: Path) -> None:
    ensure_running(state, arguments=FLAGS)
    command = [sys.executable, "-m", "courier.sandboxd", "--state-dir", str(state), *FLAGS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 1
    assert "already serves" in done.stderr


def test_a_server_that_cannot_start_says_why(state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        with pytest.raises(CannotStart, match="in use"):
            ensure_running(state, arguments=(*FLAGS, "--port", port))
    with pytest.raises(CannotStart, match="invalid int value"):
        ensure_running(state, arguments=("--pids", "many"))


def test_a_server_that_is_killed_while_it_starts_is_followed_by_another(state: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(ensure_running, state, arguments=FLAGS)
        while (found := status(state)).pid is None:
            time.sleep(0.001)
        assert found.endpoint is None
        os.kill(found.pid, signal.SIGKILL)
        endpoint = starting.result(60)
    assert status(state).endpoint == endpoint
    assert status(state).pid != found.pid


async def test_sandboxes_survive_a_server_that_is_killed(state: Path) -> None:
    endpoint = ensure_running(state, arguments=FLAGS)
    sandbox = await create(endpoint, metadata={"run": "1"}, envs={"KEPT": "yes"}, timeout=100)
    frozen = await create(endpoint)
    await frozen.pause()
    process = await sandbox.commands.run(
        "for i in $(seq 30); do echo $i >> log; sleep 0.05; done", background=True, timeout=0
    )
    before = await sandbox.get_info()
    kill_server(state)
    again = ensure_running(state, arguments=FLAGS)
    assert again == endpoint, "the same port and key, so that clients need not be told"
    found = await AsyncSandbox.connect(sandbox.sandbox_id, **options(again))
    after = await found.get_info()
    assert (after.metadata, after.started_at) == (before.metadata, before.started_at)
    assert [each.pid for each in await found.commands.list()] == [process.pid]
    handle = await found.commands.connect(process.pid)
    await handle.wait()
    assert (await found.files.read("log")).split() == [str(n) for n in range(1, 31)]
    assert (await found.commands.run("echo $KEPT")).stdout == "yes\n"
    assert not await frozen.pause(), "still paused"
    assert await found.kill()
    assert await frozen.kill()


async def test_a_dead_agents_sandbox_is_swept(state: Path) -> None:
    endpoint = ensure_running(state, arguments=FLAGS)
    sandbox = await create(endpoint)
    directory = state / "sandboxes" / sandbox.sandbox_id
    record = SandboxRecord.load(directory)
    assert record is not None
    kill_server(state)
    os.kill(record.holder.agent_pid, signal.SIGKILL)
    (state / "sandboxes" / "broken").mkdir()
    (state / "sandboxes" / "broken" / "sandbox.json").write_text("{")
    again = ensure_running(state, arguments=FLAGS)
    assert not directory.exists()
    assert not (state / "sandboxes" / "broken").exists()
    with pytest.raises(SandboxNotFoundException):
        await AsyncSandbox.connect(sandbox.sandbox_id, **options(again))


async def test_spares_of_a_killed_server_are_swept(state: Path) -> None:
    ensure_running(state, arguments=FLAGS)
    spares: list[str] = []
    while len(spares) < 1:
        await asyncio.sleep(0.05)
        spares = [path.name for path in (state / "sandboxes").iterdir()]
    while not _holders(spares[0]):
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    kill_server(state)
    for _ in range(100):
        if not _holders(spares[0]):
            break
        await asyncio.sleep(0.02)
    assert _holders(spares[0]) == [], "a spare needs its server"
    ensure_running(state, arguments=FLAGS)
    assert not (state / "sandboxes" / spares[0]).exists()


def _holders(sandbox_id: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and sandbox_id.encode() in (entry / "environ").read_bytes():
                found.append(entry.name)
    return found


async def test_a_timeout_that_passed_meanwhile_is_kept(state: Path) -> None:
    endpoint = ensure_running(state, arguments=FLAGS)
    sandbox = await create(endpoint, timeout=1)
    kill_server(state)
    await asyncio.sleep(1.1)
    ensure_running(state, arguments=FLAGS)
    for _ in range(50):
        if not await sandbox.is_running():
            break
        await asyncio.sleep(0.02)
    assert not await sandbox.is_running()


async def test_a_stop_with_open_streams_is_quick(state: Path) -> None:
    endpoint = ensure_running(state, arguments=FLAGS)
    sandbox = await create(endpoint)
    handles = [
        await sandbox.commands.run("sleep 60", background=True, timeout=0) for _ in range(20)
    ]
    started = time.monotonic()
    assert await asyncio.to_thread(stop, state)
    assert time.monotonic() - started < 3
    for handle in handles:
        await handle.disconnect()
    again = ensure_running(state, arguments=FLAGS)
    found = await AsyncSandbox.connect(sandbox.sandbox_id, **options(again))
    assert len(await found.commands.list()) == 20
    await found.kill()


async def test_stopping_may_kill_the_sandboxes_too(state: Path) -> None:
    endpoint = ensure_running(state, arguments=FLAGS)
    sandbox = await create(endpoint)
    await asyncio.to_thread(stop, state, kill_sandboxes=True)
    assert _holders(sandbox.sandbox_id) == []


def test_every_isolation_is_reported(providers: dict[str, Provider]) -> None:
    command = [sys.executable, "-m", "courier.sandboxd", "--doctor", "--json", "--allow-plain"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    report = json.loads(done.stdout)
    assert [rung["name"] for rung in report["rungs"]] == ["bubblewrap", "landlock", "plain"]
    assert report["chosen"] in {rung["name"] for rung in report["rungs"] if rung["works"]}
    for rung in report["rungs"]:
        assert rung["detail"]
        assert rung["works"] or rung["advice"]
