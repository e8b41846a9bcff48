"""The agent programs of this machine, and what a sandbox must see of each to run it."""

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGES: Final = {
    "claude": "@anthropic-ai/claude-code",
    "codex": "@openai/codex",
    "opencode": "opencode-ai",
    "pi": "@earendil-works/pi-coding-agent",
}
"""Agent program to the npm package it comes in."""

NODE_NEEDED: Final = {"pi": (22, 19)}
"""Agent program to the oldest Node.js that runs it; the others are native programs."""


@dataclass(frozen=True, slots=True)
class Program:
    """One agent program that was found.

    Attributes:
        name: Its name on ``PATH``.
        file: Where ``PATH`` finds it.
        exposed: The files and folders a sandbox must see and find programs in.
        node: The Node.js that runs it; None for a native program, or where there is none.
    """

    name: str
    file: Path
    exposed: tuple[Path, ...]
    node: Path | None = None


def find_programs(path: str) -> list[Program]:
    """Return the agent programs in the folders of a ``PATH``, in the order of `PACKAGES`."""
    found = ((name, shutil.which(name, path=path)) for name in PACKAGES)
    return [_examined(name, Path(file), path) for name, file in found if file is not None]


def _examined(name: str, file: Path, path: str) -> Program:
    real = file.resolve()
    if not runs_by_node(real):
        return Program(name, file, (file,))
    native = _native(name, real)
    if native is not None:
        return Program(name, file, (native,))
    node = node_for(file, path)
    shown = [_packages(real), file, *([node] if node else [])]
    return Program(name, file, tuple(shown), node)


def runs_by_node(real: Path) -> bool:
    """Return whether a file is a script that Node.js runs."""
    try:
        with real.open("rb") as script:
            first = script.readline(256)
    except OSError:
        return False
    return first.startswith(b"#!") and b"node" in first


def _native(name: str, script: Path) -> Path | None:
    """Return the folder of the native program that a script of the same name only starts.

    Stopping such a script leaves the program behind it alive, so the program is run itself.
    """
    package = script.parent.parent
    platforms = f"{PACKAGES[name].rpartition('/')[2]}-*/vendor/{platform.machine()}-*/bin/{name}"
    scope = PACKAGES[name].rpartition("/")[0]
    inside = package / "node_modules" / scope
    found = [each for folder in (inside, package.parent) for each in folder.glob(platforms)]
    return found[0].parent.parent if found else None


def _packages(script: Path) -> Path:
    """Return the folder with the script's package and all that it needs."""
    above = [folder for folder in script.parents if folder.name == "node_modules"]
    return above[-1] if above else script.parent


def node_for(file: Path, path: str) -> Path | None:
    """Return the Node.js that runs a script: the one beside it, else the one on a ``PATH``."""
    beside = file.parent / "node"
    if beside.exists():
        return beside
    found = shutil.which("node", path=path)
    return Path(found) if found else None


def exposed_by(programs: list[Program]) -> Iterator[Path]:
    """Yield what sandboxes must see for all of them, each once."""
    yield from dict.fromkeys(path for program in programs for path in program.exposed)
