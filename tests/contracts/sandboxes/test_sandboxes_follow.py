"""Following a growing file: exact, whatever happens to the streams."""

import asyncio
from contextlib import aclosing

import pytest

from courier.errors import NotFound, SandboxGone, Unavailable
from courier.ports.sandboxes import Sandbox, Sandboxes, SandboxSpec
from courier.sandboxes.tail import Tail
from courier.system import SystemClock
from tests.contracts.sandboxes.conftest import embedded
from tests.fakes.embedded import Endpoint
from tests.fakes.wire import CuttingProxy

SPEC = SandboxSpec(timeout_seconds=120)


class HastyClock(SystemClock):
    """Waits for nothing."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.001))


async def spawn(sandbox: Sandbox, script: str, *, out: str = "out") -> tuple[str, int]:
    """Start a writer in the background; return its file and pid."""
    line = f": >{out}; setsid -f sh -c 'echo $$ >{out}.pid; {script}' >{out} 2>&1 </dev/null"
    done = await sandbox.run(
        ["sh", "-c", f"{line}; until [ -s {out}.pid ]; do :; done; cat {out}.pid"]
    )
    return f"{sandbox.home}/{out}", int(done.stdout)


async def lines_of(sandbox: Sandbox, path: str, *, pid: int | None, skip: int = 0) -> list[str]:
    return [line async for line in sandbox.follow(path, skip_lines=skip, pid=pid)]


async def test_lines_arrive_while_they_are_written(sandbox: Sandbox) -> None:
    path, pid = await spawn(sandbox, "echo one; sleep 0.5; echo two; sleep 30")
    async with aclosing(sandbox.follow(path, skip_lines=0, pid=pid)) as lines:
        assert await asyncio.wait_for(anext(lines), 5) == "one"
        assert await asyncio.wait_for(anext(lines), 5) == "two"


async def test_it_ends_with_the_writer_and_its_last_words(sandbox: Sandbox) -> None:
    path, pid = await spawn(sandbox, "echo one; sleep 0.3; printf last")
    assert await lines_of(sandbox, path, pid=pid) == ["one", "last"]


async def test_what_a_dead_writer_left_is_read_to_its_end(sandbox: Sandbox) -> None:
    path, pid = await spawn(sandbox, "echo one; echo two; printf three")
    await lines_of(sandbox, path, pid=pid)
    assert await lines_of(sandbox, path, pid=pid) == ["one", "two", "three"]
    assert await lines_of(sandbox, path, pid=None, skip=2) == ["three"]
    assert await lines_of(sandbox, path, pid=None, skip=3) == []
    assert await lines_of(sandbox, path, pid=None, skip=9) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"\n\na\n\n", ["", "", "a", ""]),
        (b"a\r\nb\x0bc\x0cd\x1ce\n", ["a\r", "b\x0bc\x0cd\x1ce"]),
        ("ü€𝄞\u2028\u0085x\n".encode(), ["ü€𝄞\u2028\u0085x"]),
        (b"\xff\xc3\n\xbc\x00\n\xe2\x82", ["\ufffd\ufffd", "\ufffd\0", "\ufffd"]),
    ],
)
async def test_only_newlines_end_lines_and_any_bytes_pass(
    sandbox: Sandbox, content: bytes, expected: list[str]
) -> None:
    path = f"{sandbox.home}/odd"
    await sandbox.write({path: content})
    assert await lines_of(sandbox, path, pid=None) == expected


async def test_long_lines_arrive_whole(sandbox: Sandbox) -> None:
    path = f"{sandbox.home}/long"
    wide = "é" * 200_000
    await sandbox.write({path: f"{wide}\nshort\n{wide}".encode()})
    assert await lines_of(sandbox, path, pid=None) == [wide, "short", wide]


@pytest.mark.slow
async def test_a_line_of_sixteen_mebibytes_arrives_whole(sandbox: Sandbox) -> None:
    path = f"{sandbox.home}/longest"
    widest = "x" * (16 * 1024 * 1024)
    await sandbox.write({path: f"{widest}\n{widest}yy\nnext\n".encode()})
    assert await lines_of(sandbox, path, pid=None) == [widest, widest, "next"]


async def test_a_missing_file_is_not_found_to_follow(sandbox: Sandbox) -> None:
    with pytest.raises(NotFound):
        await lines_of(sandbox, f"{sandbox.home}/nothing", pid=None)


async def test_leaving_early_leaves_no_process_behind(sandbox: Sandbox) -> None:
    path, pid = await spawn(sandbox, "echo one; sleep 30")
    async with aclosing(sandbox.follow(path, skip_lines=0, pid=pid)) as lines:
        await anext(lines)
    left = await sandbox.run(["sh", "-c", f"grep -lsa 'pid[=]{pid}' /proc/[0-9]*/cmdline"])
    assert left.stdout == ""


async def test_a_slow_reader_loses_nothing(sandbox: Sandbox) -> None:
    path, pid = await spawn(sandbox, "seq 1 60000")
    seen = []
    async for line in sandbox.follow(path, skip_lines=0, pid=pid):
        seen.append(line)
        if len(seen) % 10_000 == 0:
            await asyncio.sleep(0.05)
    assert seen == [str(n) for n in range(1, 60_001)]


@pytest.mark.slow
@pytest.mark.parametrize("cut_after", [5_000, 40_000])
async def test_it_is_exact_under_cut_streams(sandboxd: Endpoint, cut_after: int) -> None:
    async with CuttingProxy(sandboxd.url) as proxy:
        provider = embedded(sandboxd, url=proxy.url)
        sandbox = await provider.create(SPEC)
        script = "for i in $(seq 1 400); do echo line $i ünïcode; sleep 0.005; done; printf end"
        path, pid = await spawn(sandbox, script)
        proxy.cut_after = cut_after
        seen = await asyncio.wait_for(lines_of(sandbox, path, pid=pid), 60)
        proxy.cut_after = None
        await provider.kill(sandbox.id)
    assert seen == [f"line {n} ünïcode" for n in range(1, 401)] + ["end"]
    assert proxy.cuts > 0


@pytest.mark.slow
async def test_a_cut_in_the_middle_of_a_line_repeats_nothing(sandboxd: Endpoint) -> None:
    async with CuttingProxy(sandboxd.url) as proxy:
        provider = embedded(sandboxd, url=proxy.url)
        sandbox = await provider.create(SPEC)
        path, pid = await spawn(sandbox, "echo one; printf tw; sleep 1; echo o; printf three")
        seen: list[str] = []
        async with aclosing(sandbox.follow(path, skip_lines=0, pid=pid)) as lines:
            async for line in lines:
                seen.append(line)
                if len(seen) == 1:
                    await asyncio.sleep(0.2)
                    proxy.cut()
        await provider.kill(sandbox.id)
    assert seen == ["one", "two", "three"]
    assert proxy.cuts > 0


@pytest.mark.slow
async def test_a_link_that_stays_down_is_unavailable(sandboxd: Endpoint) -> None:
    async with CuttingProxy(sandboxd.url) as proxy:
        provider = embedded(sandboxd, url=proxy.url, clock=HastyClock())
        sandbox = await provider.create(SPEC)
        path, pid = await spawn(sandbox, "echo one; sleep 60")
        async with aclosing(sandbox.follow(path, skip_lines=0, pid=pid)) as lines:
            assert await anext(lines) == "one"
            proxy.open = False
            proxy.cut()
            with pytest.raises(Unavailable):
                await asyncio.wait_for(anext(lines), 60)
        await embedded(sandboxd).kill(sandbox.id)


async def test_a_kill_ends_following_as_gone(provider: Sandboxes, sandbox: Sandbox) -> None:
    path, pid = await spawn(sandbox, "echo one; sleep 60")
    lines = sandbox.follow(path, skip_lines=0, pid=pid)
    assert await anext(lines) == "one"
    await provider.kill(sandbox.id)
    with pytest.raises(SandboxGone):
        await asyncio.wait_for(anext(lines), 30)


async def test_a_stream_too_quiet_is_given_up_and_leaves_nothing_behind(
    sandboxd: Endpoint,
) -> None:
    provider = embedded(sandboxd)
    sandbox = await provider.create(SPEC)
    path, pid = await spawn(sandbox, "echo one; sleep 60")
    quiet = Tail(sandbox._link, path, pid=pid, silence=0.2)
    assert [line async for line in quiet.lines(skip=0)] == ["one"]
    assert not quiet.ended
    left = await sandbox.run(["sh", "-c", f"grep -lsa 'pid[=]{pid}' /proc/[0-9]*/cmdline"])
    assert left.stdout == ""
    await provider.kill(sandbox.id)
