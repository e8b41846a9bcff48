"""Starting the process that holds a sandbox, and ending it for certain."""

import asyncio
import contextlib
import hashlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from courier.sandboxd.cells import Cell, Rung, Tools
from courier.sandboxd.homes import ALONE_UID
from courier.sandboxd.records import Holder

MARK = "SANDBOXD_STATE"
BACKLOG = 512
DEATH_POLL_SECONDS = 0.005
DEATH_SECONDS = 5.0
STRAGGLER_SWEEPS = 20


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


def on_death(holder: Holder, callback: Callable[[], None]) -> Callable[[], None] | None:
    """Call back once the agent is dead; return what stops that, or nothing if it cannot be seen."""
    try:
        fd = os.pidfd_open(holder.agent_pid)
    except OSError:
        return None
    loop = asyncio.get_running_loop()
    done = False

    def stop() -> None:
        nonlocal done
        if not done:
            done = True
            loop.remove_reader(fd)
            os.close(fd)

    def died() -> None:
        stop()
        callback()

    loop.add_reader(fd, died)
    return stop


async def await_death(holder: Holder) -> bool:
    """Wait until both processes are gone; return whether they are."""
    for _ in range(int(DEATH_SECONDS / DEATH_POLL_SECONDS)):
        if not (lives(holder.pid, holder.started) or lives(holder.agent_pid, holder.agent_started)):
            return True
        await asyncio.sleep(DEATH_POLL_SECONDS)
    return False


def kill_stragglers(sandbox_id: str, uid: int | None) -> None:
    """Kill what is left of a sandbox without namespaces whose agent has died."""
    for _ in range(STRAGGLER_SWEEPS):
        found = list(_stragglers(sandbox_id, uid))
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(DEATH_POLL_SECONDS)


def _stragglers(sandbox_id: str, uid: int | None) -> Iterator[int]:
    variable = f"E2B_SANDBOX_ID={sandbox_id}".encode()
    for pid, variables in _environments():
        if variable in variables or (uid not in (None, ALONE_UID) and _owner(pid) == uid):
            yield pid


def marked(mark: str) -> Iterator[tuple[int, str]]:
    """Yield every live process that carries the mark, with the sandbox's id."""
    for pid, variables in _environments():
        if f"{MARK}={mark}".encode() in variables:
            named = [each[12:] for each in variables if each.startswith(b"SANDBOXD_ID=")]
            yield pid, named[0].decode() if named else ""


def _environments() -> Iterator[tuple[int, list[bytes]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                yield int(entry.name), (entry / "environ").read_bytes().split(b"\0")


def _owner(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None
