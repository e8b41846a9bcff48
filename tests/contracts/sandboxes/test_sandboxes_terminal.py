"""What every provider promises of terminals, ports, and sandboxes nobody looks after."""

import asyncio

import pytest

from courier.errors import Misconfigured
from courier.ports.sandboxes import Sandbox, Sandboxes, Terminal, TerminalSize
from tests.contracts.sandboxes.conftest import Opener

pytestmark = pytest.mark.slow

SIZE = TerminalSize(rows=30, columns=91)


class Screen:
    """Collects what a terminal shows."""

    def __init__(self, terminal: Terminal) -> None:
        self.seen = b""
        self.task = asyncio.create_task(self._read(terminal))

    async def _read(self, terminal: Terminal) -> None:
        async for data in terminal.output():
            self.seen += data

    async def until(self, text: bytes) -> None:
        async with asyncio.timeout(20):
            while text not in self.seen:
                await asyncio.sleep(0.02)


async def test_a_terminal_is_one_with_a_size_that_can_change(sandbox: Sandbox) -> None:
    terminal = await sandbox.terminal(SIZE, cwd="/usr", env={"GREETING": "hello"})
    screen = Screen(terminal)
    await terminal.send(b'tty; stty size; pwd; echo "<$GREETING>"\r')
    await screen.until(b"<hello>")
    assert b"/dev/pts/" in screen.seen
    assert b"30 91" in screen.seen
    assert b"\r\n/usr\r\n" in screen.seen
    await terminal.resize(TerminalSize(rows=40, columns=120))
    await terminal.send(b"stty size\r")
    await screen.until(b"40 120")
    await terminal.send(b"exit 7\r")
    assert await terminal.ended() == 7
    async with asyncio.timeout(10):
        await screen.task
    await terminal.close()


async def test_keys_are_keys_interrupts_included(sandbox: Sandbox) -> None:
    terminal = await sandbox.terminal(SIZE, cwd=sandbox.home)
    screen = Screen(terminal)
    await terminal.send(b"sleep 300; echo rc=$?\r")
    await asyncio.sleep(0.5)
    await terminal.send(b"\x03")
    await terminal.send(b"echo rc=$((100+30))\r")
    await screen.until(b"rc=130")
    await terminal.send("printf '<%s>' 'ü€𝄞'\r".encode())
    await screen.until("<ü€𝄞>".encode())
    await terminal.close()
    await asyncio.gather(screen.task, return_exceptions=True)


async def test_closing_ends_the_shell(sandbox: Sandbox) -> None:
    terminal = await sandbox.terminal(SIZE, cwd=sandbox.home)
    screen = Screen(terminal)
    await terminal.send(b"echo $$ > ~/shell; echo rea''dy\r")
    await screen.until(b"ready\r\n")
    await terminal.close()
    await terminal.close()
    screen.task.cancel()
    await asyncio.gather(screen.task, return_exceptions=True)
    pid = (await sandbox.read(f"{sandbox.home}/shell")).decode().strip()
    for _ in range(50):
        if (await sandbox.run(["kill", "-0", pid])).exit_code != 0:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the shell is still there")


async def test_a_folder_that_is_not_there_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(Misconfigured):
        await sandbox.terminal(SIZE, cwd="/no/such/folder")


async def test_a_port_has_an_address_where_requests_arrive(sandbox: Sandbox) -> None:
    import httpx

    serve = "cd ~ && echo hello >page && (python3 -m http.server 8123 >/dev/null 2>&1 &)"
    await sandbox.run(["sh", "-c", serve])
    url = sandbox.address(8123)
    # What curl and browsers do by themselves with names below localhost.
    host = url.removeprefix("http://")
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(50):
            port = host.rpartition(":")[2]
            answer = await client.get(f"http://127.0.0.1:{port}/page", headers={"Host": host})
            if answer.status_code == 200:
                break
            await asyncio.sleep(0.1)
    assert answer.text == "hello\n"


async def test_nobody_there_in_time_it_is_paused_with_everything_in_it(
    opened: Opener, provider: Sandboxes
) -> None:
    sandbox = await opened(timeout_seconds=2, on_timeout="pause", labels={"courier-test": "pause"})
    await sandbox.run(["sh", "-c", "echo kept >~/kept; sleep 300 >/dev/null 2>&1 & echo $! >~/pid"])
    for _ in range(80):
        found = await provider.find({"courier-test": "pause"})
        states = {one.id: one.state for one in found}
        if states.get(sandbox.id) == "paused":
            break
        await asyncio.sleep(0.1)
    assert states[sandbox.id] == "paused"
    again = await provider.connect(sandbox.id, timeout_seconds=60)
    alive = "cat ~/kept && kill -0 $(cat ~/pid) && echo alive"
    done = await again.run(["sh", "-c", alive])
    assert done.stdout == "kept\nalive\n"
