"""The middle rung: the kernel's allow-list for files, without namespaces.

Files outside the sandbox's own directory and the system's are out of reach, and other processes
cannot be signalled where the kernel is new enough. Processes, sockets and the network are shared.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from courier.sandboxd.agent.confinement import Bounds
from courier.sandboxd.cells import STORES, VISIBLE, Cell, Tools, agent_command

READ_TOO = ("/proc", "/sys/devices/system", "/run/systemd/resolve")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")
TERMINALS = ("/dev/ptmx", "/dev/pts")


@dataclass(frozen=True, slots=True)
class Landlock:
    """Holds sandboxes with Landlock; a server that is root gives each a user of its own."""

    name: str = "landlock"
    namespaced: bool = False
    cuts_network: bool = False
    own_user: bool = True

    def command(self, cell: Cell, tools: Tools, info: int) -> list[str]:
        """Return the command that starts the agent, which restricts itself before it serves."""
        _ = info
        bounds = Bounds(
            listen=cell.listen,
            home=str(cell.home),
            path=tools.path_with(tools.links_folder),
            scratch=str(cell.scratch),
            uid=cell.uid,
            processes=cell.processes if cell.uid is not None else 0,
            reach={
                "reads": [*VISIBLE, *STORES, *READ_TOO, *map(str, tools.shown)],
                "writes": [str(cell.home), str(cell.scratch)],
                "devices": [*DEVICES, *TERMINALS],
            },
            adopts=True,
        )
        return agent_command(tools, str(tools.library), bounds)


def closed_ancestor(directory: Path) -> Path | None:
    """Return the directory on the way that other users cannot pass, if there is one."""
    for ancestor in (directory, *directory.parents):
        if ancestor.exists() and not ancestor.stat().st_mode & 0o001:
            return ancestor
    return None


def needs_passage() -> bool:
    """Return whether sandboxes get users of their own, who must be able to reach their homes."""
    return os.geteuid() == 0
