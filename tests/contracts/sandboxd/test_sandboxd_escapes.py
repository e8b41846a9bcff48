"""Attempts to get out of a sandbox, or at another one, or to live on after the end."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from e2b import AsyncSandbox, CommandExitException, SandboxException, SandboxNotFoundException
from e2b.exceptions import TimeoutException

from courier.sandboxd.addresses import PROXIES
from courier.sandboxd.limits import find_groups
from courier.sandboxd.records import SandboxRecord
from courier.sandboxd.surroundings import AUTHORITIES, EXCEPTIONS
from tests.contracts.sandboxd.conftest import Provider, options_for
from tests.fakes.embedded import serving

BOMB = """
import os, signal
made = []
try:
    while len(made) < 200:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        made.append(pid)
except OSError:
    pass
print(len(made))
for pid in made:
    os.kill(pid, signal.SIGKILL)
"""


@pytest.fixture(params=["bubblewrap", "landlock"])
def walled(request: pytest.FixtureRequest, providers: dict[str, Provider]) -> Provider:
    return providers[request.param]


async def fails(sandbox: AsyncSandbox, command: str) -> bool:
    try:
        await sandbox.commands.run(command)
    except CommandExitException:
        return True
    return False


async def test_it_is_not_root_and_cannot_become_it(walled: Provider) -> None:
    sandbox = await walled.create()
    assert (await sandbox.commands.run("id -u; id -G")).stdout.split() not in ([], ["0", "0"])
    assert await fails(sandbox, "test $(id -u) -eq 0")
    assert await fails(sandbox, "python3 -c 'import os; os.setuid(0)'")
    status = (await sandbox.commands.run("cat /proc/self/status")).stdout
    assert "NoNewPrivs:\t1" in status
    for kind in ("CapPrm", "CapEff", "CapAmb"):
        assert f"{kind}:\t0000000000000000" in status
    await sandbox.kill()


async def test_secrets_of_the_machine_stay_out_of_reach(walled: Provider) -> None:
    state = walled.local.state_dir
    sandbox, other = await asyncio.gather(walled.create(), walled.create())
    await other.files.write("private", "x")
    others_home = state / "sandboxes" / other.sandbox_id / "home"
    assert (others_home / "private").exists()
    for path in ("/etc/shadow", state / "api-key", state / "sandboxes", others_home / "private"):
        assert await fails(sandbox, f"cat {path} || ls {path}/"), path
        with pytest.raises(SandboxException):
            await sandbox.files.read(str(path))
        with pytest.raises(SandboxException):
            await sandbox.files.list(str(path))
    await asyncio.gather(sandbox.kill(), other.kill())


async def test_nothing_outside_of_home_can_be_written(walled: Provider) -> None:
    sandbox = await walled.create()
    targets = ("/", "/etc", "/usr", "/usr/bin", "/opt", "/proc/sys/kernel", "/sys", "/run", "/root")
    for target in targets:
        assert await fails(sandbox, f"touch {target}/escaped"), target
        with pytest.raises(SandboxException):
            await sandbox.files.write(f"{target}/escaped", "x")
    for inhabited in (walled.local.state_dir, Path(__file__).parent):
        with contextlib.suppress(SandboxException):
            await sandbox.files.write(f"{inhabited}/escaped", "x")
        assert not (inhabited / "escaped").exists(), "at most its namesake inside"
    await sandbox.kill()


async def test_links_do_not_lead_the_files_api_outside(walled: Provider) -> None:
    sandbox = await walled.create()
    await sandbox.commands.run("ln -s / root; ln -s /etc/shadow shadow; ln -s ../../.. up")
    key = walled.local.state_dir / "api-key"
    for path in ("shadow", f"root{key}", f"up/../../../..{key}"):
        with pytest.raises(SandboxException):
            await sandbox.files.read(path)
    for path in ("root/etc/escaped", "root/usr/escaped"):
        with pytest.raises(SandboxException):
            await sandbox.files.write(path, "x")
    target = Path("/tmp") / f"escaped-{time.time_ns()}"
    await sandbox.commands.run(f"ln -s {target} link")
    with contextlib.suppress(SandboxException):
        await sandbox.files.write("link/x", "x")
    assert not target.exists(), "at most its namesake inside"
    await sandbox.kill()


async def test_other_processes_are_out_of_reach(walled: Provider) -> None:
    sandbox, other = await asyncio.gather(walled.create(), walled.create())
    victim = await other.commands.run("sleep 61.5", background=True, timeout=0)
    server = _pid_of_server(walled)
    assert await fails(sandbox, f"kill -9 {server}") or server == 0
    for attempt in ("pkill -9 -f '61[.]5'", "python3 -c 'import os; os.kill(-1, 9)'"):
        with contextlib.suppress(TimeoutException):
            await fails(sandbox, attempt)
    assert [each.pid for each in await other.commands.list()] == [victim.pid]
    if walled.rung == "bubblewrap":
        seen = (await sandbox.commands.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")).stdout
        assert "uvicorn" not in seen
        assert "--state-dir" not in seen
        assert "61.5" not in seen
    await asyncio.gather(sandbox.kill(), other.kill())


def _pid_of_server(provider: Provider) -> int:
    return int((provider.local.state_dir / "server.lock").read_text())


async def test_the_servers_variables_do_not_leak(walled: Provider) -> None:
    sandbox = await walled.create()
    found = (await sandbox.commands.run("env; tr '\\0' '\\n' < /proc/1/environ || true")).stdout
    passed_on = {*AUTHORITIES, *PROXIES, *EXCEPTIONS}
    for name in set(os.environ) - {"PATH", "HOME", "LANG", "USER", "LOGNAME", "TERM", "PWD"}:
        if name not in passed_on and name not in ("SHLVL", "_", "OLDPWD", "TMPDIR", "SHELL"):
            assert f"\n{name}=" not in found, name
    await sandbox.kill()


async def test_the_agents_own_socket_is_not_reachable_by_name(walled: Provider) -> None:
    sandbox = await walled.create()
    assert await fails(sandbox, f"ls {walled.local.state_dir}/sockets/{sandbox.sandbox_id}")
    await sandbox.kill()


async def test_daemons_die_with_their_sandbox(provider: Provider) -> None:
    mark = f"7{time.time_ns() % 10**9}"
    sandbox = await provider.create()
    await sandbox.commands.run(
        f"for i in 1 2 3; do (setsid nohup sleep {mark} >/dev/null 2>&1 &) ; done; "
        f"python3 -c 'import os\nif os.fork(): os._exit(0)\nos.setsid()\n"
        f'if os.fork(): os._exit(0)\nos.execvp("sleep", ["sleep", "{mark}"])\' >/dev/null 2>&1'
    )
    assert provider.local
    await until(lambda: len(_running(mark)) == 4)
    await sandbox.kill()
    assert _running(mark) == []


async def test_daemons_of_a_paused_sandbox_die_too(provider: Provider) -> None:
    mark = f"8{time.time_ns() % 10**9}"
    sandbox = await provider.create()
    await sandbox.commands.run(f"(setsid sleep {mark} >/dev/null 2>&1 &)")
    assert provider.local
    await until(lambda: len(_running(mark)) == 1)
    await sandbox.pause()
    await sandbox.kill()
    assert _running(mark) == []


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the condition never came true")


def _running(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and (entry / "cmdline").read_bytes() == f"sleep\0{mark}\0".encode()
            ):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
async def test_a_fork_bomb_is_contained(open_directory: Path, best: Provider) -> None:
    if best.rung == "plain":
        pytest.skip("this rung has no limits")
    with serving(open_directory / "few", "--isolation", best.rung, "--pids", "40") as endpoint:
        few = Provider(best.rung, options_for(endpoint), endpoint)
        bomb, other = await asyncio.gather(few.create(), few.create())
        done = await bomb.commands.run(f'python3 -c "{BOMB}"')
        assert int(done.stdout or 0) < 40
        assert (await other.commands.run("echo fine")).stdout == "fine\n"
        await asyncio.gather(bomb.kill(), other.kill())


@pytest.mark.slow
async def test_memory_is_limited_where_control_groups_work(open_directory: Path) -> None:
    if "memory" not in find_groups("test").controllers:
        pytest.skip("no memory control group can be made here")
    find_groups("test").remove_roots()
    with serving(open_directory / "small", "--memory-mb", "80", "--allow-plain") as endpoint:
        small = Provider("", options_for(endpoint), endpoint)
        sandbox = await small.create()
        assert (await sandbox.commands.run("python3 -c 'bytearray(20_000_000)'")).exit_code == 0
        assert await fails(sandbox, "python3 -c 'b = bytearray(300_000_000)'")
        assert (await sandbox.commands.run("echo alive")).stdout == "alive\n"
        await sandbox.kill()


@pytest.mark.slow
async def test_a_sandbox_can_be_kept_off_the_network(providers: dict[str, Provider]) -> None:
    provider = providers["bubblewrap"]
    sandbox = await provider.create(allow_internet_access=False)
    reach = "import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
    port = int(provider.local.url.rpartition(":")[2])
    assert await fails(sandbox, f'python3 -c "{reach.format(port=port)}"')
    assert (await sandbox.commands.run("cat /proc/net/dev | grep -c :")).stdout == "1\n"
    await sandbox.commands.run(
        "python3 -m http.server 8000 --bind 127.0.0.1 >/dev/null 2>&1",
        background=True,
        timeout=0,
    )
    for _ in range(100):
        if not await fails(sandbox, f'python3 -c "{reach.format(port=8000)}"'):
            break
    assert not await fails(sandbox, f'python3 -c "{reach.format(port=8000)}"')
    assert (await sandbox.get_info()).allow_internet_access is False
    await sandbox.kill()


async def test_rungs_that_cannot_cut_the_network_say_so(providers: dict[str, Provider]) -> None:
    for rung in ("landlock", "plain"):
        with pytest.raises(SandboxException, match="cannot keep a sandbox off the network"):
            await providers[rung].create(allow_internet_access=False)


async def test_unreadable_leftovers_are_removed(walled: Provider) -> None:
    sandbox = await walled.create()
    await sandbox.commands.run("mkdir -p a/b/c; touch a/b/c/d; chmod 000 a/b/c a/b a")
    directory = walled.local.state_dir / "sandboxes" / sandbox.sandbox_id
    await sandbox.kill()
    for _ in range(100):
        if not directory.exists():
            break
        await asyncio.sleep(0.02)
    assert not directory.exists()


@pytest.mark.parametrize("rung", ["bubblewrap", "landlock", "plain"])
async def test_a_dead_agent_ends_its_sandbox(providers: dict[str, Provider], rung: str) -> None:
    provider = providers[rung]
    mark = f"9{time.time_ns() % 10**9}"
    sandbox = await provider.create()
    await sandbox.commands.run(f"(setsid sleep {mark} >/dev/null 2>&1 &)")
    await until(lambda: len(_running(mark)) == 1)
    record = SandboxRecord.load(provider.local.state_dir / "sandboxes" / sandbox.sandbox_id)
    assert record is not None
    os.kill(record.holder.agent_pid, signal.SIGKILL)
    await until(lambda: _running(mark) == [])
    with pytest.raises(SandboxNotFoundException):
        await _asked_until_gone(sandbox)


async def _asked_until_gone(sandbox: AsyncSandbox) -> None:
    """Ask for as long as the server has not heard of the death."""
    for _ in range(200):
        await sandbox.get_info()
        await asyncio.sleep(0.02)
