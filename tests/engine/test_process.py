"""Agent processes: started once, followed by file, stopped whole."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from courier.engine.attempts import process
from courier.errors import NotFound, SandboxGone, Unavailable
from courier.ports.sandboxes import Sandbox, SandboxSpec
from courier.runs.briefs.brief import Launch
from courier.sandboxes.e2b import E2BSandboxes
from courier.system import SystemClock
from tests.fakes.embedded import Endpoint
from tests.fakes.wire import CuttingProxy


def provider_at(endpoint: Endpoint, url: str | None = None) -> E2BSandboxes:
    at = url or endpoint.url
    return E2BSandboxes(
        api_key=endpoint.api_key,
        api_url=at,
        sandbox_url=at,
        clock=SystemClock(),
        environ=os.environ,
    )


@pytest.fixture
async def sandbox(sandboxd: Endpoint) -> AsyncIterator[Sandbox]:
    provider = provider_at(sandboxd)
    made = await provider.create(SandboxSpec(timeout_seconds=120))
    yield made
    await provider.kill(made.id)


def shell(script: str, *, stdin: str = "", output: str = "stdout") -> Launch:
    return Launch(argv=("sh", "-c", script), stdin=stdin, output=output)


async def start(sandbox: Sandbox, launch: Launch, key: str = "one", **env: str) -> int:
    return await process.start(sandbox, launch, key=key, workspace=sandbox.home, env=env)


async def output(sandbox: Sandbox, pid: int, key: str = "one", skip: int = 0) -> list[str]:
    return [line async for line in process.follow(sandbox, key, pid=pid, skip_lines=skip)]


async def found(sandbox: Sandbox, pattern: str) -> str:
    """Return the processes whose command line matches; the pattern must not match itself."""
    done = await sandbox.run(["sh", "-c", f"grep -lsa '{pattern}' /proc/[0-9]*/cmdline"])
    return done.stdout


async def test_it_gets_input_environment_files_and_folder(sandbox: Sandbox) -> None:
    note = f"{sandbox.home}/notes/deep/note.txt"
    launch = Launch(
        argv=("sh", "-c", 'cat; echo "$PLAIN $SECRET"; cat "$1"; pwd; echo oops >&2', "x", note),
        stdin="hello\nwörld\n",
        files={note: b"from a file\n"},
        env={"PLAIN": "plain"},
    )
    pid = await start(sandbox, launch, SECRET="it's $HOME")
    lines = await output(sandbox, pid)
    assert lines == ["hello", "wörld", "plain it's $HOME", "from a file", sandbox.home]
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert (ended.exit_code, ended.stderr_tail) == (0, "oops\n")
    assert 0 <= ended.seconds < 10
    assert abs(SystemClock().now() - ended.started_at) < timedelta(seconds=30)


async def test_merged_output_keeps_its_order(sandbox: Sandbox) -> None:
    script = "echo 1; echo 2 >&2; echo 3; exit 4"
    pid = await start(sandbox, shell(script, output="both"))
    assert await output(sandbox, pid) == ["1", "2", "3"]
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert (ended.exit_code, ended.stderr_tail) == (4, "")


async def test_only_the_end_of_long_errors_is_told(sandbox: Sandbox) -> None:
    pid = await start(sandbox, shell("seq 1 5000 >&2"))
    await output(sandbox, pid)
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert ended.stderr_tail.endswith("4999\n5000\n")
    assert len(ended.stderr_tail) == process.STDERR_BYTES


async def test_a_missing_program_ends_with_127(sandbox: Sandbox) -> None:
    pid = await start(sandbox, Launch(argv=("no-such-agent",)))
    assert await output(sandbox, pid) == []
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert ended.exit_code == 127
    assert "no-such-agent" in ended.stderr_tail


async def test_a_signals_death_is_the_shells_code(sandbox: Sandbox) -> None:
    pid = await start(sandbox, shell("kill -s SEGV $$"))
    await output(sandbox, pid)
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert ended.exit_code == 128 + 11


async def test_it_does_not_inherit_ignored_signals_or_open_files(sandbox: Sandbox) -> None:
    script = "grep SigIgn /proc/self/status; ls /proc/self/fd; umask"
    plain = await sandbox.run(["sh", "-c", script])
    pid = await start(sandbox, shell(script))
    assert await output(sandbox, pid) == plain.stdout.splitlines()


async def test_secrets_are_in_the_environment_only(sandbox: Sandbox) -> None:
    pid = await start(sandbox, shell("echo ready; sleep 30"), TOKEN="canary-4711")
    source = process.follow(sandbox, "one", pid=pid, skip_lines=0)
    assert await anext(source) == "ready"
    await source.aclose()
    assert await found(sandbox, "canary-[4]711") == ""
    files = await sandbox.run(["grep", "-rlsa", "canary-4711", sandbox.home, "/tmp"])
    assert files.stdout == ""


async def test_the_start_command_answers_at_once(sandbox: Sandbox) -> None:
    began = SystemClock().monotonic()
    await start(sandbox, shell("sleep 30"))
    assert SystemClock().monotonic() - began < 10
    assert await process.ended(sandbox, "one") is None


async def test_ten_starts_at_once_are_one_process(sandbox: Sandbox) -> None:
    launch = shell("cat; echo x >>count; sleep 0.2", stdin="line\n" * 2000)
    pids = await asyncio.gather(*(start(sandbox, launch) for _ in range(10)))
    assert len(set(pids)) == 1
    assert await output(sandbox, pids[0]) == ["line"] * 2000
    assert await sandbox.read(f"{sandbox.home}/count") == b"x\n"
    left = await sandbox.run(["ls", f"{sandbox.home}/.courier/processes/one"])
    assert left.stdout.split() == ["err", "exit", "exit.new", "in", "lock", "out", "pid"]


async def test_a_second_start_is_no_start(sandbox: Sandbox) -> None:
    pid = await start(sandbox, shell("echo first; exit 3"))
    await output(sandbox, pid)
    assert await start(sandbox, shell("echo second")) == pid
    assert await output(sandbox, pid) == ["first"]
    assert await output(sandbox, pid, skip=1) == []
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert ended.exit_code == 3


async def test_keys_are_apart(sandbox: Sandbox) -> None:
    one = await start(sandbox, shell("echo one; sleep 30"), "a")
    two = await start(sandbox, shell("echo two"), "a-b")
    assert one != two
    assert await output(sandbox, two, "a-b") == ["two"]
    await process.stop(sandbox, "a", grace_seconds=1)
    first, second = await process.ended(sandbox, "a"), await process.ended(sandbox, "a-b")
    assert first is not None
    assert second is not None
    assert (first.exit_code, second.exit_code) == (None, 0)


@pytest.mark.slow
async def test_a_lost_answer_is_asked_for_again(sandboxd: Endpoint) -> None:
    async with CuttingProxy(sandboxd.url) as proxy:
        provider = provider_at(sandboxd, proxy.url)
        sandbox = await provider.create(SandboxSpec(timeout_seconds=120))
        launch = shell("echo x >>count; sleep 0.5; cat count", stdin="hello")
        lost = 0
        for after in (0.01, 0.02, 0.03, 0.05, 0.08):
            attempt = asyncio.create_task(start(sandbox, launch))
            await asyncio.sleep(after)
            proxy.cut()
            try:
                await attempt
            except Unavailable:
                lost += 1
        pid = await start(sandbox, launch)
        assert await output(sandbox, pid) == ["x"]
        await provider.kill(sandbox.id)
    assert lost > 0


async def test_a_missing_workspace_is_not_found_and_starts_nothing(sandbox: Sandbox) -> None:
    with pytest.raises(NotFound):
        await process.start(
            sandbox, shell("echo"), key="one", workspace=f"{sandbox.home}/none", env={}
        )
    with pytest.raises(NotFound):
        await process.ended(sandbox, "one")
    pid = await start(sandbox, shell("echo now"))
    assert await output(sandbox, pid) == ["now"]


@pytest.mark.parametrize("key", ["", "a/b", "../x", ".hidden", "a b", "x" * 300])
async def test_a_key_that_is_no_file_name_is_refused(sandbox: Sandbox, key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        await start(sandbox, shell("echo"), key)


async def test_stopping_ends_a_tree_that_ignores_it(sandbox: Sandbox) -> None:
    stubborn = "trap '' TERM; while :; do sleep 0.4711; done"
    script = f'echo up; (setsid sh -c "{stubborn}" &) ; {stubborn}'
    pid = await start(sandbox, shell(script))
    source = process.follow(sandbox, "one", pid=pid, skip_lines=0)
    assert await anext(source) == "up"
    assert await found(sandbox, "0.4[7]11") != ""
    await process.stop(sandbox, "one", grace_seconds=0.3)
    assert [line async for line in source] == []
    assert await found(sandbox, "0.4[7]11") == ""
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert ended.exit_code is None


async def test_stopping_lets_a_polite_process_finish(sandbox: Sandbox) -> None:
    script = "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done"
    pid = await start(sandbox, shell(script))
    source = process.follow(sandbox, "one", pid=pid, skip_lines=0)
    assert await anext(source) == "up"
    await process.stop(sandbox, "one", grace_seconds=10)
    assert [line async for line in source] == ["bye"]
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert ended.exit_code is None
    await process.stop(sandbox, "one", grace_seconds=10)
    assert await process.ended(sandbox, "one") == ended


async def test_stopping_what_has_ended_keeps_its_end(sandbox: Sandbox) -> None:
    pid = await start(sandbox, shell("setsid sleep 0.4712 >/dev/null 2>&1 & exit 6"))
    await output(sandbox, pid)
    await process.stop(sandbox, "one", grace_seconds=1)
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert ended.exit_code == 6
    await process.stop(sandbox, "never-started", grace_seconds=1)


async def test_a_process_that_vanished_has_ended_without_a_code(sandbox: Sandbox) -> None:
    pid = await start(sandbox, shell("echo up; sleep 0.2; sleep 30"))
    await sandbox.run(["sh", "-c", f"kill -s KILL -- -{pid}"])
    assert await output(sandbox, pid) in (["up"], [])
    ended = await process.ended(sandbox, "one")
    assert ended is not None
    assert ended.exit_code is None
    await asyncio.sleep(0.05)
    assert await process.ended(sandbox, "one") == ended


async def test_it_goes_on_after_a_pause(sandboxd: Endpoint) -> None:
    provider = provider_at(sandboxd)
    sandbox = await provider.create(SandboxSpec(timeout_seconds=120))
    pid = await start(sandbox, shell("for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done; exit 9"))
    await provider.pause(sandbox.id)
    again = await provider.connect(sandbox.id, timeout_seconds=120)
    assert await output(again, pid) == list("123456")
    ended = await process.ended(again, "one")
    assert ended is not None
    assert ended.exit_code == 9
    await provider.kill(sandbox.id)
    with pytest.raises(SandboxGone):
        await process.ended(again, "one")
