"""Limits on a sandbox as a whole, by control groups, where this process may make them.

A process joins its group before it becomes the holder, so that nothing escapes in between. Without
control groups there is only the limit on the number of processes, which the agent sets itself.
"""

import contextlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_Number = TypeVar("_Number", int, float)
PERIOD_MICROSECONDS = 100_000
WANTED = ("memory", "pids", "cpu")
JOIN = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ >"$1" || exit 125; shift; n=$((n-1)); done; '
SHELL = "/bin/sh"


@dataclass(frozen=True, slots=True)
class Bound:
    """How much one sandbox may use at most; zero means no limit."""

    memory_mb: int
    processes: int
    cpus: float = 0

    def within(self, *, cpus: float, memory_mb: int) -> "Bound":
        """Return the tighter of these limits and the given ones; zero there changes nothing."""
        return Bound(_tighter(self.memory_mb, memory_mb), self.processes, _tighter(self.cpus, cpus))


@dataclass(frozen=True, slots=True)
class Groups:
    """The control groups of one state directory.

    Attributes:
        roots: The controllers that can be used here, and the directory below which to make groups.
        unified: Whether they are one version 2 tree.
    """

    roots: tuple[tuple[str, Path], ...]
    unified: bool

    @property
    def controllers(self) -> tuple[str, ...]:
        """The names of the controllers that work here."""
        return tuple(name for name, _ in self.roots)

    def directories(self, name: str) -> list[Path]:
        """Return the groups of one sandbox."""
        return list(dict.fromkeys(root / name for _, root in self.roots))

    def make(self, name: str, bound: Bound) -> Sequence[str]:
        """Make a sandbox's groups; return the beginning of a command that joins them."""
        if not self.roots:
            return ()
        for directory in self.directories(name):
            directory.mkdir(exist_ok=True)
        self.limit(name, bound)
        files = [str(directory / "cgroup.procs") for directory in self.directories(name)]
        return (SHELL, "-c", f'{JOIN}exec "$@"', "sh", str(len(files)), *files)

    def limit(self, name: str, bound: Bound) -> None:
        """Set the limits of a sandbox's groups, also of one that runs."""
        for controller, root in self.roots:
            for file, value in _settings(controller, bound, unified=self.unified):
                with contextlib.suppress(OSError):
                    (root / name / file).write_text(value)

    def remove(self, name: str) -> bool:
        """Remove a dead sandbox's groups; return whether none is left.

        The kernel keeps a group for a moment after its last process has died.
        """
        for directory in self.directories(name):
            with contextlib.suppress(OSError):
                directory.rmdir()
        return not any(directory.exists() for directory in self.directories(name))

    def remove_roots(self) -> None:
        """Remove the groups' own directories unless sandboxes are still in them."""
        for _, root in self.roots:
            with contextlib.suppress(OSError):
                root.rmdir()

    def remove_all_but(self, kept: set[str]) -> None:
        """Remove every empty group that belongs to none of the kept sandboxes."""
        for root in dict.fromkeys(root for _, root in self.roots):
            for directory in root.iterdir():
                if directory.is_dir() and directory.name not in kept:
                    with contextlib.suppress(OSError):
                        directory.rmdir()


NO_GROUPS = Groups((), unified=False)


def pin(pid: int, cpus: float) -> None:
    """Keep a process and all it will start on so many processors; best effort."""
    with contextlib.suppress(OSError):
        usable = sorted(os.sched_getaffinity(pid))
        if 1 <= cpus < len(usable):
            os.sched_setaffinity(pid, secrets.SystemRandom().sample(usable, round(cpus)))


def find_groups(mark: str, *, mounts: Path = Path("/proc/self/mounts")) -> Groups:
    """Return the control groups that this process may use, perhaps none."""
    if os.geteuid() != 0 or not Path(SHELL).exists():
        return NO_GROUPS
    name = f"sandboxd-{mark[:12]}"
    legacy: list[tuple[str, Path]] = []
    for line in mounts.read_text().splitlines():
        _, where, kind, options, *_ = line.split(" ")
        if kind == "cgroup2":
            found = _unified(Path(where), name)
            if found:
                return Groups(found, unified=True)
        if kind == "cgroup":
            legacy += [
                (controller, Path(where) / name)
                for controller in WANTED
                if controller in options.split(",") and _made(Path(where) / name)
            ]
    return Groups(tuple(legacy), unified=False)


def _unified(mount: Path, name: str) -> tuple[tuple[str, Path], ...]:
    try:
        offered = (mount / "cgroup.controllers").read_text().split()
        usable = [controller for controller in WANTED if controller in offered]
        if not usable or not _made(mount / name):
            return ()
        enable = " ".join(f"+{controller}" for controller in usable)
        for directory in (mount, mount / name):
            (directory / "cgroup.subtree_control").write_text(enable)
    except OSError:
        return ()
    return tuple((controller, mount / name) for controller in usable)


def _tighter(one: _Number, other: _Number) -> _Number:
    return min(filter(None, (one, other)), default=one)


def _made(directory: Path) -> bool:
    try:
        directory.mkdir(exist_ok=True)
    except OSError:
        return False
    return True


def _settings(controller: str, bound: Bound, *, unified: bool) -> list[tuple[str, str]]:
    memory = str(bound.memory_mb * 2**20)
    quota = int(bound.cpus * PERIOD_MICROSECONDS)
    match controller:
        case "memory" if bound.memory_mb and unified:
            return [("memory.max", memory), ("memory.swap.max", "0"), ("memory.oom.group", "0")]
        case "memory" if bound.memory_mb:
            return [("memory.limit_in_bytes", memory), ("memory.memsw.limit_in_bytes", memory)]
        case "pids" if bound.processes:
            return [("pids.max", str(bound.processes))]
        case "cpu" if quota and unified:
            return [("cpu.max", f"{quota} {PERIOD_MICROSECONDS}")]
        case "cpu" if quota:
            return [
                ("cpu.cfs_period_us", str(PERIOD_MICROSECONDS)),
                ("cpu.cfs_quota_us", str(quota)),
            ]
    return []
