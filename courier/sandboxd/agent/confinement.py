"""What the agent gives up before it serves: root, and resources without limit."""

import contextlib
import os
import resource
import signal
from typing import Any, NamedTuple

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4


class Bounds(NamedTuple):
    """How the agent is started.

    Attributes:
        listen: The descriptor of the listening socket.
        home: The home directory as seen inside.
        path: The value of ``PATH`` inside.
        scratch: The directory for temporary files inside.
        uid: The user to become, or none to stay who it is.
        processes: How many processes and threads there may be at once, zero for no limit.
        reach: What Landlock is to allow, as `landlock.restrict` takes it, or none.
        adopts: Whether orphans have to be adopted because there is no PID namespace.
    """

    listen: int
    home: str
    path: str
    scratch: str
    uid: int | None = None
    processes: int = 0
    reach: dict[str, Any] | None = None
    adopts: bool = False


def become_ordinary(bounds: Bounds) -> None:
    """Drop to the sandbox's user for good, and accept its limits."""
    if bounds.adopts:
        _load_early()
    if bounds.uid is not None:
        os.setgroups([])
        os.setresgid(bounds.uid, bounds.uid, bounds.uid)
        os.setresuid(bounds.uid, bounds.uid, bounds.uid)
    os.umask(0o022)
    if not bounds.adopts or bounds.reach is not None:
        _close_to_others(ends_with_parent=not bounds.adopts)
    if bounds.reach is not None:
        from courier.sandboxd.agent.landlock import restrict

        restrict(**bounds.reach)
    _limit(resource.RLIMIT_CORE, 0)
    if bounds.processes:
        _limit(resource.RLIMIT_NPROC, bounds.processes)


def _load_early() -> None:
    """Load what is needed only sometimes, while the interpreter's files are still in reach."""
    import ctypes
    import encodings.idna
    import shutil

    _ = ctypes, encodings.idna, shutil


def _close_to_others(*, ends_with_parent: bool) -> None:
    """Keep processes of the same user from tracing the agent, and let it die with its holder."""
    import ctypes

    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if ends_with_parent:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _limit(which: int, most: int) -> None:
    _, hard = resource.getrlimit(which)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (value, value))
