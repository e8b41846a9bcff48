"""Sandboxes as wholes: created, found, extended, paused, woken, ended."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from e2b import (
    AsyncSandbox,
    AuthenticationException,
    InvalidArgumentException,
    NotFoundException,
    SandboxException,
    SandboxNotFoundException,
    SandboxQuery,
    SandboxState,
)
from e2b.exceptions import TimeoutException

from tests.contracts.sandboxd.conftest import Provider


async def until(condition: Any, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "the condition never came true"
        await asyncio.sleep(0.02)


async def test_metadata_and_variables_are_kept(provider: Provider) -> None:
    sandbox = await provider.create(metadata={"run": "a/b=c&d"}, envs={"COLOUR": "blue"})
    info = await sandbox.get_info()
    assert info.metadata == {"run": "a/b=c&d"}
    assert info.state is SandboxState.RUNNING
    assert (await sandbox.commands.run("echo $COLOUR")).stdout == "blue\n"
    assert (await sandbox.commands.run("echo $COLOUR", envs={"COLOUR": "red"})).stdout == "red\n"
    await sandbox.kill()


async def test_every_sandbox_has_an_empty_home_of_its_own(provider: Provider) -> None:
    one, two = await asyncio.gather(provider.create(), provider.create())
    await one.files.write("mine", "1")
    assert not await two.files.exists("mine")
    names = (await two.commands.run("ls ~; echo end")).stdout
    assert names == "end\n"
    await asyncio.gather(one.kill(), two.kill())


async def test_kill_ends_it_once(provider: Provider) -> None:
    sandbox = await provider.create()
    assert await sandbox.is_running()
    assert await sandbox.kill()
    assert not await sandbox.kill()
    assert not await sandbox.is_running()
    with pytest.raises(TimeoutException, match="sandbox"):
        await sandbox.commands.run("true")
    with pytest.raises(SandboxNotFoundException):
        await provider.connect(sandbox.sandbox_id)


async def test_a_running_command_is_cut_when_its_sandbox_is_killed(reference: Provider) -> None:
    sandbox = await reference.create()
    handle = await sandbox.commands.run("sleep 60", background=True, timeout=0)
    waiting = asyncio.ensure_future(handle.wait())
    await asyncio.sleep(0.1)
    await sandbox.kill()
    with pytest.raises((TimeoutException, SandboxException)):
        await asyncio.wait_for(waiting, 5)


@pytest.mark.slow
async def test_the_timeout_ends_it(reference: Provider) -> None:
    sandbox = await reference.create(timeout=600)
    await sandbox.set_timeout(1)

    async def ended() -> bool:
        return not await sandbox.is_running()

    await until(ended, 10)


async def test_connecting_extends_but_never_shortens(reference: Provider) -> None:
    sandbox = await reference.create(timeout=300)
    before = (await sandbox.get_info()).end_at
    await reference.connect(sandbox.sandbox_id, timeout=10)
    assert (await sandbox.get_info()).end_at == before
    await reference.connect(sandbox.sandbox_id, timeout=900)
    left = (await sandbox.get_info()).end_at - datetime.now(UTC)
    assert 880 < left.total_seconds() < 901
    await sandbox.kill()


async def test_a_paused_sandbox_stands_still_and_goes_on(provider: Provider) -> None:
    sandbox = await provider.create()
    await sandbox.commands.run(
        "i=0; while true; do i=$((i+1)); echo $i > m; mv m n; sleep 0.05; done",
        background=True,
        timeout=0,
    )
    pid = (await sandbox.commands.list())[0].pid
    await asyncio.sleep(0.2)
    assert await sandbox.pause()
    assert not await sandbox.pause()
    assert (await sandbox.get_info()).state is SandboxState.PAUSED
    woken = await provider.connect(sandbox.sandbox_id, timeout=60)
    first = int((await woken.files.read("n")).strip() or 0)
    assert [p.pid for p in await woken.commands.list()] == [pid]

    async def counted_on() -> bool:
        text = (await woken.files.read("n")).strip()
        return bool(text) and int(text) > first

    await until(counted_on)
    await woken.kill()


async def test_nothing_runs_while_paused(provider: Provider) -> None:
    endpoint = provider.local
    sandbox = await provider.create()
    await sandbox.commands.run(
        "while true; do date +%s%N > now; sleep 0.01; done", background=True, timeout=0
    )
    await asyncio.sleep(0.1)
    await sandbox.pause()
    written = endpoint.state_dir / "sandboxes" / sandbox.sandbox_id / "home" / "now"
    before = written.read_bytes()
    await asyncio.sleep(0.2)
    assert written.read_bytes() == before
    await sandbox.kill()


async def test_a_pause_without_memory_keeps_the_files_only(provider: Provider) -> None:
    sandbox = await provider.create()
    await sandbox.files.write("kept", "yes")
    await sandbox.commands.run("sleep 60", background=True, timeout=0)
    assert await sandbox.pause(keep_memory=False)
    woken = await provider.connect(sandbox.sandbox_id)
    assert await woken.commands.list() == []
    assert await woken.files.read("kept") == "yes"
    assert (await woken.commands.run("echo on")).stdout == "on\n"
    await woken.kill()


async def test_calls_to_a_paused_sandbox_fail_as_if_it_were_gone(reference: Provider) -> None:
    sandbox = await reference.create()
    await sandbox.pause()
    assert not await sandbox.is_running()
    await sandbox.kill()


async def test_a_call_wakes_a_sandbox_that_resumes_by_itself(reference: Provider) -> None:
    sandbox = await reference.create(lifecycle={"on_timeout": "pause", "auto_resume": True})
    await sandbox.files.write("kept", "yes")
    await sandbox.pause()
    assert await sandbox.files.read("kept") == "yes"
    info = await sandbox.get_info()
    assert info.state is SandboxState.RUNNING
    assert (info.end_at - datetime.now(UTC)).total_seconds() > 250
    await sandbox.kill()


async def test_the_timeout_pauses_if_asked_to(reference: Provider) -> None:
    sandbox = await reference.create(timeout=600, lifecycle={"on_timeout": "pause"})
    await sandbox.set_timeout(0)

    async def paused() -> bool:
        return (await sandbox.get_info()).state is SandboxState.PAUSED

    await until(paused, 10)
    assert await sandbox.kill()


async def _listed(query: SandboxQuery | None, provider: Provider, limit: int) -> list[list[str]]:
    pages = []
    paginator = AsyncSandbox.list(query=query, limit=limit, **provider.options)
    while paginator.has_next:
        pages.append([info.sandbox_id for info in await paginator.next_items()])
    return pages


async def test_list_filters_by_metadata_and_state_and_pages(reference: Provider) -> None:
    label = {"batch": f"b {time.time_ns()}"}
    made = await asyncio.gather(*(reference.create(metadata=label) for _ in range(3)))
    await made[0].pause()
    ids = {each.sandbox_id for each in made}
    pages = await _listed(SandboxQuery(metadata=label), reference, 2)
    assert [len(page) for page in pages] == [2, 1]
    assert set().union(*pages) == ids
    paused = SandboxQuery(metadata=label, state=[SandboxState.PAUSED])
    assert await _listed(paused, reference, 10) == [[made[0].sandbox_id]]
    other = SandboxQuery(metadata=label | {"no": "such"})
    assert await _listed(other, reference, 10) == [[]]
    await asyncio.gather(*(each.kill() for each in made))


async def test_an_unknown_template_is_refused_by_name(reference: Provider) -> None:
    with pytest.raises((NotFoundException, SandboxException), match="no-such-template"):
        await reference.create(template="no-such-template")


async def test_a_wrong_key_is_refused(reference: Provider) -> None:
    options = reference.options | {"api_key": "e2b_" + "0" * 40}
    with pytest.raises(AuthenticationException):
        await AsyncSandbox.create(**options)


async def test_the_same_idempotency_key_makes_one_sandbox(reference: Provider) -> None:
    key = f"once-{time.time_ns()}"
    made = await asyncio.gather(*(reference.create(idempotency_key=key) for _ in range(3)))
    assert len({each.sandbox_id for each in made}) == 1
    await made[0].kill()


async def test_a_snapshot_is_a_template(provider: Provider) -> None:
    sandbox = await provider.create()
    await sandbox.files.write("dir/kept", "yes")
    snapshot = await sandbox.create_snapshot()
    assert await sandbox.is_running()
    again = await provider.create(template=snapshot.snapshot_id)
    assert await again.files.read("dir/kept") == "yes"
    await again.files.write("dir/kept", "changed")
    assert await sandbox.files.read("dir/kept") == "yes"
    assert await AsyncSandbox.delete_snapshot(snapshot.snapshot_id, **provider.options)
    await asyncio.gather(sandbox.kill(), again.kill())


async def test_metrics_tell_of_memory_in_use(reference: Provider) -> None:
    sandbox = await reference.create()
    await sandbox.commands.run(
        "python3 -c 'b = bytearray(40_000_000); input()'", background=True, stdin=True, timeout=0
    )
    for _ in range(40):
        found = await sandbox.get_metrics()
        if found and found[-1].mem_used > 40_000_000:
            break
        await asyncio.sleep(0.05)
    assert found[-1].mem_used > 40_000_000
    assert found[-1].cpu_count > 0
    await sandbox.kill()


async def test_a_timeout_beyond_a_day_is_refused(reference: Provider) -> None:
    with pytest.raises((InvalidArgumentException, SandboxException), match=r"[Tt]imeout"):
        await reference.create(timeout=400 * 86400)
