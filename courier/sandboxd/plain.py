"""The lowest rung: no isolation, only a home directory and a tree that is killed whole."""

import os
from dataclasses import dataclass

from courier.sandboxd.agent.confinement import Bounds
from courier.sandboxd.cells import Cell, Tools, agent_command


@dataclass(frozen=True, slots=True)
class Plain:
    """Runs everything as the server's own user, who can then do all that the user can."""

    name: str = "plain"
    namespaced: bool = False
    cuts_network: bool = False
    own_user: bool = False

    def command(self, cell: Cell, tools: Tools, info: int) -> list[str]:
        """Return the command that starts the agent as it is."""
        _ = info
        bounds = Bounds(
            listen=cell.listen,
            home=str(cell.home),
            path=":".join([*map(str, tools.bins), os.environ.get("PATH", tools.path)]),
            scratch=str(cell.scratch),
            adopts=True,
        )
        return agent_command(tools, str(tools.library), bounds)
