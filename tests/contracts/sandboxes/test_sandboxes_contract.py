"""What every provider of sandboxes promises."""

import asyncio
from datetime import timedelta

import pytest

from courier.errors import NotFound, SandboxGone, Unavailable
from courier.ports.sandboxes import Sandbox, Sandboxes, SandboxSpec
from courier.system import SystemClock
from tests.contracts.sandboxes.conftest import Opener, embedded
from tests.fakes.embedded import Endpoint

TRICKY = "a b'c\"d\\e$HOME`f`*?;&|\n\tü€𝄞"


async def test_a_command_ends_with_its_output_and_exit_code(sandbox: Sandbox) -> None:
    done = await sandbox.run(["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert (done.exit_code, done.stdout, done.stderr) == (7, "out\n", "err\n")


async def test_arguments_arrive_as_they_are(sandbox: Sandbox) -> None:
    done = await sandbox.run(["printf", "%s|", TRICKY, "", "-n", "--", "$(id)"])
    assert done.stdout == f"{TRICKY}||-n|--|$(id)|"


async def test_environment_reaches_the_process_and_no_command_line(sandbox: Sandbox) -> None:
    script = 'printf %s "$TOKEN"; grep -lsa tricky-[v]alue /proc/[0-9]*/cmdline; :'
    done = await sandbox.run(["sh", "-c", script], env={"TOKEN": "tricky-value $X 'y'\n"})
    assert done.stdout == "tricky-value $X 'y'\n"


async def test_a_given_path_survives_the_login_shell(opened: Opener) -> None:
    path = "/opt/tools/bin:/usr/bin:/bin"
    sandbox = await opened(env={"PATH": path, "GREETING": "hello"})
    done = await sandbox.run(["sh", "-c", 'echo "$PATH $GREETING ${COURIER_PATH-}"'])
    assert done.stdout == f"{path} hello \n"
    done = await sandbox.run(["sh", "-c", 'echo "$PATH"'], env={"PATH": "/usr/bin:/bin"})
    assert done.stdout == "/usr/bin:/bin\n"


async def test_commands_run_in_the_folder_asked_for(sandbox: Sandbox) -> None:
    assert (await sandbox.run(["pwd"], cwd="/usr")).stdout == "/usr\n"
    assert (await sandbox.run(["pwd"])).stdout == f"{sandbox.home}\n"


async def test_a_missing_program_is_an_exit_code(sandbox: Sandbox) -> None:
    done = await sandbox.run(["no-such-program"])
    assert done.exit_code == 127
    assert "no-such-program" in done.stderr


@pytest.mark.parametrize(("signal", "codes"), [("TERM", (-1, -15, 143)), ("KILL", (-1, -9, 137))])
async def test_a_signals_death_is_told_by_the_exit_code(
    sandbox: Sandbox, signal: str, codes: tuple[int, ...]
) -> None:
    done = await sandbox.run(["sh", "-c", f"echo before; kill -s {signal} $$"])
    assert done.exit_code in codes
    assert done.stdout == "before\n"


async def test_output_of_any_bytes_arrives_as_text(sandbox: Sandbox) -> None:
    done = await sandbox.run(["printf", "a\\377b\\303\\274\\000c"])
    assert done.stdout == "a\ufffdbü\0c"


async def test_large_output_arrives_whole(sandbox: Sandbox) -> None:
    done = await sandbox.run(["sh", "-c", "yes 0123456789abcde | head -n 200000"])
    assert done.stdout == "0123456789abcde\n" * 200_000


async def test_a_command_over_its_time_is_killed(sandbox: Sandbox) -> None:
    with pytest.raises(Unavailable):
        await sandbox.run(["sleep", "4711"], timeout_seconds=0.5)
    left = await sandbox.run(["sh", "-c", "grep -lsa 'sleep.[4]711' /proc/[0-9]*/cmdline"])
    assert left.stdout == ""


async def test_files_of_any_bytes_come_back(sandbox: Sandbox) -> None:
    path = f"{sandbox.home}/new folder/ü 'x' \"y\" %20 & #.bin"
    content = bytes(range(256)) * 1000
    await sandbox.write({path: content, f"{sandbox.home}/empty": b""})
    assert await sandbox.read(path) == content
    assert await sandbox.read(f"{sandbox.home}/empty") == b""
    await sandbox.write({path: b"shorter"})
    assert await sandbox.read(path) == b"shorter"


async def test_many_files_are_written_at_once(sandbox: Sandbox) -> None:
    files = {f"{sandbox.home}/many/{n}": str(n).encode() for n in range(50)}
    await sandbox.write(files)
    done = await sandbox.run(["sh", "-c", "cat many/* | wc -c"])
    assert int(done.stdout) == sum(map(len, files.values()))


async def test_a_missing_file_is_not_found(sandbox: Sandbox) -> None:
    with pytest.raises(NotFound):
        await sandbox.read(f"{sandbox.home}/nothing")


async def test_home_is_the_same_for_who_connects_later(
    provider: Sandboxes, sandbox: Sandbox
) -> None:
    assert sandbox.home.startswith("/")
    again = await provider.connect(sandbox.id, timeout_seconds=60)
    assert (again.id, again.home) == (sandbox.id, sandbox.home)
    await sandbox.write({f"{sandbox.home}/mark": b"1"})
    assert await again.read(f"{again.home}/mark") == b"1"


async def test_sandboxes_are_found_by_all_their_labels(provider: Sandboxes, opened: Opener) -> None:
    one = await opened(labels={"run": "find-1", "owner": "test-find"})
    two = await opened(labels={"run": "find-2", "owner": "test-find"})
    assert [info.id for info in await provider.find({"run": "find-1"})] == [one.id]
    both = await provider.find({"owner": "test-find"})
    assert [info.id for info in both] == [one.id, two.id]
    assert await provider.find({"run": "find-3"}) == []
    info = (await provider.find({"run": "find-2", "owner": "test-find"}))[0]
    assert info.labels == {"run": "find-2", "owner": "test-find"}
    assert info.state == "running"
    assert timedelta(seconds=200) < info.ends_at - SystemClock().now() < timedelta(seconds=310)


@pytest.mark.parametrize("odd", ["a b", "a=b&c", "50%20", "a+b", "a/b:c,d", "ü€"])
async def test_labels_may_hold_any_printable_text(
    provider: Sandboxes, opened: Opener, odd: str
) -> None:
    sandbox = await opened(labels={"note": odd})
    found = await provider.find({"note": odd})
    assert [(info.id, info.labels) for info in found] == [(sandbox.id, {"note": odd})]


async def test_extend_counts_from_now(provider: Sandboxes, opened: Opener) -> None:
    sandbox = await opened(labels={"run": "extend"})
    await sandbox.extend(1000)
    info = (await provider.find({"run": "extend"}))[0]
    assert timedelta(seconds=900) < info.ends_at - SystemClock().now() < timedelta(seconds=1010)


async def test_connecting_lets_it_live_at_least_that_long(
    provider: Sandboxes, opened: Opener
) -> None:
    sandbox = await opened(labels={"run": "connect"})
    for seconds in (10, 1000):
        await provider.connect(sandbox.id, timeout_seconds=seconds)
        info = (await provider.find({"run": "connect"}))[0]
        left = info.ends_at - SystemClock().now()
        assert left > timedelta(seconds=max(seconds, 300) - 60)


async def test_a_paused_sandbox_is_found_and_wakes_with_its_processes(
    provider: Sandboxes, opened: Opener
) -> None:
    sandbox = await opened(labels={"run": "pause"})
    ticking = "(while :; do echo tick >>ticks; sleep 0.05; done) >/dev/null 2>&1 & echo $!"
    pid = (await sandbox.run(["sh", "-c", ticking])).stdout.strip()
    await provider.pause(sandbox.id)
    await provider.pause(sandbox.id)
    assert [info.state for info in await provider.find({"run": "pause"})] == ["paused"]
    again = await provider.connect(sandbox.id, timeout_seconds=60)
    assert [info.state for info in await provider.find({"run": "pause"})] == ["running"]
    before = len(await again.read(f"{again.home}/ticks"))
    await asyncio.sleep(0.3)
    assert len(await again.read(f"{again.home}/ticks")) > before
    assert (await again.run(["kill", "-0", pid])).exit_code == 0


async def test_a_paused_sandbox_is_not_called_gone(provider: Sandboxes, opened: Opener) -> None:
    sandbox = await opened()
    await provider.pause(sandbox.id)
    with pytest.raises(Unavailable, match="paused"):
        await sandbox.run(["true"])


async def test_killing_tells_whether_it_existed(provider: Sandboxes, opened: Opener) -> None:
    sandbox = await opened(labels={"run": "kill"})
    assert await provider.kill(sandbox.id)
    assert not await provider.kill(sandbox.id)
    assert await provider.find({"run": "kill"}) == []


async def test_every_call_to_a_killed_sandbox_says_it_is_gone(
    provider: Sandboxes, sandbox: Sandbox
) -> None:
    await provider.kill(sandbox.id)
    with pytest.raises(SandboxGone):
        await sandbox.run(["true"])
    with pytest.raises(SandboxGone):
        await sandbox.read("/etc/passwd")
    with pytest.raises(SandboxGone):
        await sandbox.write({f"{sandbox.home}/x": b""})
    with pytest.raises(SandboxGone):
        await anext(sandbox.follow("/etc/passwd", skip_lines=0, pid=1))
    with pytest.raises(SandboxGone):
        await sandbox.extend(60)
    with pytest.raises(SandboxGone):
        await provider.connect(sandbox.id, timeout_seconds=60)
    with pytest.raises(SandboxGone):
        await provider.pause(sandbox.id)


async def test_a_kill_ends_a_running_command_as_gone(provider: Sandboxes, sandbox: Sandbox) -> None:
    running = asyncio.create_task(sandbox.run(["sleep", "100"]))
    await asyncio.sleep(0.3)
    await provider.kill(sandbox.id)
    with pytest.raises(SandboxGone):
        await asyncio.wait_for(running, 20)


async def test_an_unknown_template_is_not_found(provider: Sandboxes) -> None:
    with pytest.raises(NotFound):
        await provider.create(SandboxSpec(template="no-such-template-4711"))


async def test_sandboxes_live_on_after_close(provider: Sandboxes, sandbox: Sandbox) -> None:
    await provider.close()
    again = await provider.connect(sandbox.id, timeout_seconds=60)
    assert (await again.run(["echo", "here"])).stdout == "here\n"


@pytest.mark.slow
async def test_finding_sees_beyond_one_page(plain_sandboxd: Endpoint) -> None:
    provider = embedded(plain_sandboxd)
    ids: list[str] = []
    for start in range(0, 130, 10):
        specs = [SandboxSpec(labels={"run": f"page-{start + n}", "many": "1"}) for n in range(10)]
        ids += [made.id for made in await asyncio.gather(*map(provider.create, specs))]
    found = await provider.find({"many": "1"})
    assert {info.id for info in found} == set(ids)
    assert len(found) == 130
    assert list(found) == sorted(found, key=lambda info: info.started_at)
    await asyncio.gather(*map(provider.kill, ids))
    assert await provider.find({"many": "1"}) == []
