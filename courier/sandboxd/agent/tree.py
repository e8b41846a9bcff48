"""Every process of the sandbox at once: freeze, thaw, kill, count.

As the first process of its own PID namespace the agent reaches all with one signal to -1. Without
a namespace it adopts orphans and walks its descendants instead.
"""

import os
import signal
import time
from collections.abc import Callable

PR_SET_CHILD_SUBREAPER = 36
SWEEPS = 200


def adopt_orphans() -> None:
    """Become the parent of every orphaned descendant, so that none escapes the tree."""
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Tree:
    """The processes below the agent; ``reap`` collects the dead ones."""

    def __init__(self, reap: Callable[[], None]) -> None:
        self._reap = reap
        self._alone = os.getpid() == 1

    def freeze(self) -> None:
        """Stop every process."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let every process go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill every process; returns when none is left."""
        self._signal(signal.SIGKILL)
        if self._alone:
            return
        for _ in range(SWEEPS):
            self._reap()
            if not self.pids():
                return
            self._signal(signal.SIGKILL)
            time.sleep(0.005)

    def pids(self) -> list[int]:
        """Return the processes of the sandbox, without the agent itself."""
        numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        own = os.getpid()
        if self._alone:
            return [pid for pid in numbers if pid != own]
        parents = {pid: _parent(pid) for pid in numbers}
        return [pid for pid in numbers if pid != own and _descends(pid, own, parents)]

    def _signal(self, number: int) -> None:
        if self._alone:
            _send(-1, number)
            return
        sent: set[int] = set()
        for _ in range(SWEEPS):
            fresh = set(self.pids()) - sent
            if not fresh:
                return
            for pid in fresh:
                _send(pid, number)
            sent |= fresh


def usage(pids: list[int]) -> tuple[float, int]:
    """Return the processor seconds used and the bytes of memory held by the processes."""
    seconds, pages = 0.0, 0
    for pid in pids:
        fields = _stat(pid)
        if len(fields) > 21:
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            pages += max(int(fields[21]), 0)
    return seconds, pages * os.sysconf("SC_PAGE_SIZE")


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _stat(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if len(fields) > 1 and fields[0] != "Z" else 0


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    seen = set()
    while pid > 1 and pid not in seen:
        seen.add(pid)
        pid = parents.get(pid, 0)
        if pid == ancestor:
            return True
    return False
