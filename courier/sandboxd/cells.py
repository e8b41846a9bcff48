"""A cell: what one sandbox is made of before anything runs in it, and how a rung would hold it."""

import json
import os
import py_compile
import shutil
import sys
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Protocol

from courier.sandboxd import agent
from courier.sandboxd.agent.confinement import Bounds
from courier.sandboxd.npm import find_npm

INSIDE_HOME = "/home/user"
INSIDE_TOOLS = "/run/sandboxd"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
VISIBLE = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt")
AGENT_PACKAGE = "courier/sandboxd/agent"
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
STORES = ("/nix/store", "/gnu/store")


@dataclass(frozen=True, slots=True)
class Tools:
    """What of this machine is shown inside besides the system's own directories.

    Attributes:
        python: The interpreter that runs the agent.
        shown: Paths shown read-only where they are.
        bins: Directories that come first on ``PATH``.
        library: Where `install_agent` has put the agent.
        links: Names on ``PATH`` and the single files they lead to.
        asked: What was asked to be shown.
    """

    python: Path
    shown: tuple[Path, ...]
    bins: tuple[Path, ...]
    library: Path
    links: tuple[tuple[str, Path], ...] = ()
    asked: tuple[Path, ...] = ()

    @property
    def path(self) -> str:
        """The value of ``PATH`` in a view of its own, where the links lie in the tools' place."""
        return self.path_with(Path(INSIDE_TOOLS, "bin"))

    @property
    def links_folder(self) -> Path:
        """Where `install_links` puts the links for sandboxes that see this machine's folders."""
        return self.library / "bin"

    def path_with(self, folder: Path) -> str:
        """Return the value of ``PATH`` where the links are in that folder."""
        links = [str(folder)] if self.links else []
        return ":".join([*links, *map(str, self.bins), SYSTEM_PATH])


@dataclass(frozen=True, slots=True)
class Cell:
    """One sandbox to hold.

    Attributes:
        id: The sandbox's id.
        directory: Its directory on this machine, holding ``home``, ``tmp`` and ``etc``.
        listen: The descriptor of the agent's listening socket.
        uid: The user to run as, or none for the server's own.
        internet: Whether it may use the network.
        processes: How many processes it may have at once, zero for no limit.
    """

    id: str
    directory: Path
    listen: int
    uid: int | None
    internet: bool = True
    processes: int = 0

    @property
    def home(self) -> Path:
        """The home directory on this machine."""
        return self.directory / "home"

    @property
    def scratch(self) -> Path:
        """The directory of temporary files on this machine."""
        return self.directory / "tmp"


class Rung(Protocol):
    """One way to hold a sandbox, as strong as this machine allows."""

    @property
    def name(self) -> str:
        """Such as ``bubblewrap``."""
        ...

    @property
    def namespaced(self) -> bool:
        """Whether the agent is the first process of its own PID namespace."""
        ...

    @property
    def cuts_network(self) -> bool:
        """Whether it can keep a sandbox off the network."""
        ...

    @property
    def own_user(self) -> bool:
        """Whether each sandbox gets a user of its own when the server is root."""
        ...

    def command(self, cell: Cell, tools: Tools, info: int) -> list[str]:
        """Return the command that starts the agent; ``info`` is a pipe for the agent's pid."""
        ...


def gather_tools(
    library: Path, expose: tuple[Path, ...] = (), trusted: tuple[Path, ...] = ()
) -> Tools:
    """Return what to show inside: the given paths, and Python, git and npm if hidden otherwise.

    Args:
        library: Where `install_agent` puts the agent.
        expose: Paths to show, and to find programs in.
        trusted: Paths to show only.
    """
    python = Path(os.path.realpath(sys.executable))
    shown: list[Path] = []
    bins: list[Path] = []
    links: dict[str, Path] = {}
    prefixes = [] if is_visible(python) else [Path(sys.base_prefix).resolve()]
    git = shutil.which("git")
    if git and not is_visible(Path(git).resolve()):
        prefixes.append(Path(git).resolve().parent.parent)
    for path in [*expose, *prefixes]:
        real = path.resolve()
        shown += [each for each in dict.fromkeys((real, path)) if not is_visible(each)]
        if real.is_dir():
            bins += _programs_of(real)
        else:
            links.setdefault(path.name, real)
    packages, programs = _hidden_npm()
    unique = tuple(dict.fromkeys([*shown, *packages, *trusted]))
    named = tuple({**programs, **links}.items())
    return Tools(python, unique, tuple(dict.fromkeys(bins)), library, named, asked=expose)


def _hidden_npm() -> tuple[list[Path], dict[str, Path]]:
    """Return what of npm has to be shown, and its programs, if a sandbox would not see it."""
    npm = find_npm(os.environ.get("PATH", ""))
    if npm is None or is_visible(npm.package):
        return [], {}
    shown = [npm.package, *([npm.programs["node"]] if npm.node else [])]
    return [each for each in shown if not is_visible(each)], dict(npm.programs)


def _programs_of(folder: Path) -> list[Path]:
    """Return where a folder's programs are; packages of npm are shown for what leads into them."""
    if folder.name == "node_modules":
        return []
    return [folder / "bin" if (folder / "bin").is_dir() else folder]


def is_visible(path: Path) -> bool:
    """Return whether a path lies in the system directories that every sandbox sees."""
    return any(path.is_relative_to(top) for top in (*VISIBLE, *STORES))


def agent_command(tools: Tools, library: str, bounds: Bounds) -> list[str]:
    """Return the command that runs the agent out of a directory holding the package."""
    program = (
        f"import sys; sys.path.insert(0, {library!r}); "
        "from courier.sandboxd.agent.main import main; main()"
    )
    return [str(tools.python), "-I", "-S", "-c", program, json.dumps(bounds._asdict())]


def install_agent(library: Path) -> None:
    """Put a compiled copy of the agent below a directory, complete before it appears there."""
    target = library / AGENT_PACKAGE
    fresh = library / f".{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for module in sorted(Path(agent.__file__).parent.glob("*.py")):
        copy = fresh / module.name
        copy.write_bytes(module.read_bytes())
        compiled = cache_from_source(str(target / module.name))
        name = str(fresh / "__pycache__" / Path(compiled).name)
        py_compile.compile(
            str(copy), name, str(target / module.name), doraise=True, invalidation_mode=UNCHECKED
        )
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(target)


def install_links(tools: Tools) -> None:
    """Put the links to single programs where sandboxes find them that have no view of their own."""
    folder = tools.links_folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, target in tools.links:
        (folder / name).symlink_to(target)
