"""Starting the process that holds a sandbox, and ending it for certain."""

import asyncio
import contextlib
import hashlib
import os
import re
import signal
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from courier.sandboxd.cells import Cell, Rung, Tools
from courier.sandboxd.records import Holder

MARK = "SANDBOXD_STATE"
BACKLOG = 512
DEATH_POLL_SECONDS = 0.005
DEATH_SECONDS = 5.0


def mark_of(root: Path) -> str:
    """Return the mark that processes of one state directory carry in their environment."""
    return hashlib.sha256(str(root).encode()).hexdigest()[:24]


def listen(sockets_fd: int, name: str) -> socket.socket:
    """Return a socket listening at a name in an open directory."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(f"/proc/self/fd/{sockets_fd}/{name}")
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


async def spawn(
    rung: Rung, cell: Cell, tools: Tools, *, mark: str, joining: Sequence[str] = ()
) -> tuple[asyncio.subprocess.Process, int]:
    """Start the holder of a cell; return it and the pipe on which it tells the agent's pid.

    ``joining`` begins the command, to enter control groups first.
    """
    info, told = os.pipe()
    try:
        with (cell.directory / "holder.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *joining,
                *rung.command(cell, tools, told),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(cell.listen, told),
                start_new_session=True,
                env={MARK: mark, "SANDBOXD_ID": cell.id},
            )
    except OSError:
        os.close(info)
        raise
    finally:
        os.close(told)
    return process, info


def identify(pid: int, info: int, *, namespaced: bool) -> Holder:
    """Return the pids of a holder whose agent has answered."""
    agent_pid = pid
    if namespaced:
        os.set_blocking(info, False)
        with contextlib.suppress(BlockingIOError):
            found = re.search(rb'"child-pid":\s*(\d+)', os.read(info, 4096))
            agent_pid = int(found.group(1)) if found else 0
    return Holder(pid, start_of(pid), agent_pid, start_of(agent_pid))


def start_of(pid: int) -> int:
    """Return when a process started, in the kernel's ticks; zero when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])


def lives(pid: int, started: int) -> bool:
    """Return whether that very process is alive."""
    return pid > 0 and started > 0 and start_of(pid) == started


def strike(holder: Holder) -> None:
    """Kill the agent, and with it its namespace, and the process above it."""
    for pid, started in (
        (holder.agent_pid, holder.agent_started),
        (holder.pid, holder.started),
    ):
        if lives(pid, started):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def await_death(holder: Holder) -> bool:
    """Wait until both processes are gone; return whether they are."""
    for _ in range(int(DEATH_SECONDS / DEATH_POLL_SECONDS)):
        if not (lives(holder.pid, holder.started) or lives(holder.agent_pid, holder.agent_started)):
            return True
        await asyncio.sleep(DEATH_POLL_SECONDS)
    return False


def marked(mark: str) -> Iterator[tuple[int, str]]:
    """Yield every live process that carries the mark, with the sandbox's id."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"{MARK}={mark}".encode() not in variables:
            continue
        named = [each[12:] for each in variables if each.startswith(b"SANDBOXD_ID=")]
        yield int(entry.name), named[0].decode() if named else ""
