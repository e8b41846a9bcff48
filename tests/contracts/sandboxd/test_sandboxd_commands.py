"""Processes, as envd runs them, pleasant or not."""

import asyncio
import time

import pytest
from e2b import (
    AsyncSandbox,
    CommandExitException,
    InvalidArgumentException,
    NotFoundException,
    SandboxException,
)
from e2b.exceptions import AuthenticationException, TimeoutException

from tests.contracts.sandboxd.conftest import Provider


async def test_output_and_exit_codes(sandbox: AsyncSandbox) -> None:
    done = await sandbox.commands.run("echo out; echo err >&2; pwd")
    home = (await sandbox.commands.run("echo $HOME")).stdout.strip()
    assert (done.stdout, done.stderr, done.exit_code) == (f"out\n{home}\n", "err\n", 0)
    with pytest.raises(CommandExitException) as failed:
        await sandbox.commands.run("echo partial; exit 7")
    assert (failed.value.exit_code, failed.value.stdout) == (7, "partial\n")
    assert failed.value.error == "exit status 7"


async def test_output_arrives_while_the_command_runs(single: AsyncSandbox) -> None:
    seen: list[tuple[str, float]] = []
    started = time.monotonic()
    await single.commands.run(
        "echo one; sleep 0.4; echo two",
        on_stdout=lambda text: seen.append((text, time.monotonic() - started)),
    )
    assert "".join(text for text, _ in seen) == "one\ntwo\n"
    assert seen[0][1] < seen[-1][1] - 0.3


async def test_large_output_arrives_whole_and_in_order(single: AsyncSandbox) -> None:
    done = await single.commands.run("seq 1 200000", timeout=30)
    assert done.stdout == "".join(f"{n}\n" for n in range(1, 200001))


async def test_bytes_split_inside_a_character_survive(single: AsyncSandbox) -> None:
    done = await single.commands.run("printf '\\303'; sleep 0.1; printf '\\251'")
    assert done.stdout == "é"


async def test_a_missing_directory_is_refused(single: AsyncSandbox) -> None:
    with pytest.raises(InvalidArgumentException, match="does not exist"):
        await single.commands.run("true", cwd="/no/such/place")


async def test_the_working_directory_may_be_relative(single: AsyncSandbox) -> None:
    await single.files.make_dir("deep/er")
    home = (await single.commands.run("pwd")).stdout.strip()
    assert (await single.commands.run("pwd", cwd="deep/er")).stdout == f"{home}/deep/er\n"


async def test_the_local_server_has_one_user_and_no_root(
    provider: Provider, sandbox: AsyncSandbox
) -> None:
    assert provider.local
    assert (await sandbox.commands.run("true", user="user")).exit_code == 0
    with pytest.raises(AuthenticationException, match="no root"):
        await sandbox.commands.run("true", user="root")


async def test_a_timeout_kills_the_process_on_the_server(sandbox: AsyncSandbox) -> None:
    with pytest.raises(TimeoutException):
        await sandbox.commands.run("sleep 30; echo late > late", timeout=0.5)
    for _ in range(100):
        if not await sandbox.commands.list():
            break
        await asyncio.sleep(0.02)
    assert await sandbox.commands.list() == []


@pytest.mark.slow
async def test_a_background_command_dies_at_its_timeout_too(single: AsyncSandbox) -> None:
    """The SDK's default of 60 seconds holds for background commands as well."""
    await single.commands.run("sleep 30", background=True, timeout=0.5)
    assert len(await single.commands.list()) == 1
    await asyncio.sleep(0.8)
    assert await single.commands.list() == []


async def test_leaving_a_stream_leaves_the_command(single: AsyncSandbox) -> None:
    handle = await single.commands.run("sleep 0.4; echo done > done", background=True, timeout=0)
    await handle.disconnect()
    assert [each.pid for each in await single.commands.list()] == [handle.pid]
    await asyncio.sleep(0.6)
    assert await single.files.read("done") == "done\n"


async def test_output_without_a_subscriber_is_lost(single: AsyncSandbox) -> None:
    handle = await single.commands.run(
        "echo early; sleep 0.5; echo late", background=True, timeout=0
    )
    await handle.disconnect()
    await asyncio.sleep(0.2)
    again = await single.commands.connect(handle.pid)
    assert (await again.wait()).stdout == "late\n"


async def test_an_exit_can_be_asked_for_a_while(single: AsyncSandbox) -> None:
    handle = await single.commands.run("exit 9", background=True, timeout=0)
    await handle.disconnect()
    await asyncio.sleep(0.3)
    again = await single.commands.connect(handle.pid)
    with pytest.raises(CommandExitException) as ended:
        await again.wait()
    assert ended.value.exit_code == 9
    assert await single.commands.list() == []


async def test_two_subscribers_hear_the_same(single: AsyncSandbox) -> None:
    one = await single.commands.run("read x; echo heard $x", background=True, stdin=True, timeout=0)
    two = await single.commands.connect(one.pid)
    await single.commands.send_stdin(one.pid, "it\n")
    first, second = await asyncio.gather(one.wait(), two.wait())
    assert first.stdout == second.stdout == "heard it\n"


async def test_input_and_its_end(sandbox: AsyncSandbox) -> None:
    handle = await sandbox.commands.run("cat; echo end", background=True, stdin=True, timeout=0)
    await sandbox.commands.send_stdin(handle.pid, "a\n")
    await sandbox.commands.send_stdin(handle.pid, "b\n")
    await sandbox.commands.close_stdin(handle.pid)
    assert (await handle.wait()).stdout == "a\nb\nend\n"


async def test_without_input_there_is_an_empty_one(single: AsyncSandbox) -> None:
    assert (await single.commands.run("cat; echo end")).stdout == "end\n"


@pytest.mark.slow
async def test_streamed_input_keeps_its_order(single: AsyncSandbox) -> None:
    handle = await single.commands.run("md5sum", background=True, stdin=True, timeout=0)
    async with single.commands.stream_input(handle.pid) as pipe:
        for number in range(500):
            await pipe.send(f"{number}\n" * 50)
    await single.commands.close_stdin(handle.pid)
    expected = await single.commands.run("for i in $(seq 0 499); do yes $i | head -50; done|md5sum")
    assert (await handle.wait()).stdout == expected.stdout


async def test_kill_reaches_one_process_only(sandbox: AsyncSandbox) -> None:
    handle = await sandbox.commands.run(
        "sleep 30 & echo $! > child; wait", background=True, timeout=0
    )
    await asyncio.sleep(0.3)
    child = (await sandbox.files.read("child")).strip()
    assert await handle.kill()
    with pytest.raises(CommandExitException) as ended:
        await handle.wait()
    assert (ended.value.exit_code, ended.value.error) == (-1, "signal: killed")
    assert (await sandbox.commands.run(f"kill -0 {child} && echo alive")).stdout == "alive\n"
    assert not await sandbox.commands.kill(handle.pid)


async def test_an_end_waits_for_whoever_holds_the_output(single: AsyncSandbox) -> None:
    started = time.monotonic()
    done = await single.commands.run("(sleep 0.5; echo late) & echo early")
    assert done.stdout == "early\nlate\n"
    assert time.monotonic() - started > 0.45


@pytest.mark.slow
async def test_a_slow_subscriber_blocks_the_process(single: AsyncSandbox) -> None:
    release = asyncio.Event()

    async def stall(_: str) -> None:
        await release.wait()

    handle = await single.commands.run(
        "head -c 80000000 /dev/zero | tr '\\0' x; echo end > ended",
        background=True,
        timeout=0,
        on_stdout=stall,
    )
    await asyncio.sleep(0.8)
    assert not await single.files.exists("ended")
    release.set()
    await handle.disconnect()
    for _ in range(100):
        if await single.files.exists("ended"):
            break
        await asyncio.sleep(0.05)
    assert await single.files.exists("ended")


async def test_listing_shows_what_was_asked_for(single: AsyncSandbox) -> None:
    handle = await single.commands.run(
        "sleep 30", background=True, timeout=0, envs={"A": "b"}, cwd="/"
    )
    (found,) = await single.commands.list()
    assert (found.pid, found.cmd, found.cwd) == (handle.pid, "/bin/bash", "/")
    assert found.args == ["-l", "-c", "sleep 30"]
    assert found.envs == {"A": "b"}


async def test_an_unknown_process_is_not_found(single: AsyncSandbox) -> None:
    assert not await single.commands.kill(999_999)
    with pytest.raises(NotFoundException):
        await single.commands.connect(999_999)
    with pytest.raises((NotFoundException, SandboxException)):
        await single.commands.send_stdin(999_999, "x")


async def test_python_and_git_are_there(sandbox: AsyncSandbox) -> None:
    done = await sandbox.commands.run(
        "git init -q r && cd r && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x"
        " && git log --oneline | wc -l && python3 -c 'print(6*7)'"
    )
    assert done.stdout.split() == ["1", "42"]


@pytest.mark.slow
async def test_many_commands_at_once(single: AsyncSandbox) -> None:
    done = await asyncio.gather(*(single.commands.run(f"echo {n}") for n in range(40)))
    assert [each.stdout for each in done] == [f"{n}\n" for n in range(40)]
