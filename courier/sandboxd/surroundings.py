"""What of the machine's settings sandboxes need to reach the network as the machine does.

Certificate authorities and proxies reach every process of a sandbox; where packages come from
reaches the builds of templates only. Nothing with a password is passed on.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from courier.sandboxd.addresses import PROXIES, is_clean
from courier.sandboxd.cells import Rung, is_visible
from courier.sandboxd.landlock import closed_ancestor

AUTHORITIES: Final = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "GIT_SSL_CAINFO",
    "NPM_CONFIG_CAFILE",
    "npm_config_cafile",
)
EXCEPTIONS: Final = ("no_proxy", "NO_PROXY")
REGISTRIES: Final = (
    "NPM_CONFIG_REGISTRY",
    "npm_config_registry",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_DEFAULT_INDEX",
)
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
LARGEST_BYTES: Final = 16 * 2**20
PASSWORD: Final = "It holds a user name or password."  # noqa: S105 - a sentence
_PRIVATE = b"PRIVATE KEY-----"

Question = Callable[[Path], bool]
"""Whether a sandbox could read a path, if it were shown."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is passed on.

    Attributes:
        variables: For every process of every sandbox.
        building: For the commands of template builds, besides.
        shown: Files and folders that these name and no sandbox would see otherwise.
        kept_back: Variable to the reason why it is not passed on.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    building: Mapping[str, str] = field(default_factory=dict)
    shown: tuple[Path, ...] = ()
    kept_back: Mapping[str, str] = field(default_factory=dict)


def survey(settings: Mapping[str, str], may_read: Question) -> Surroundings:
    """Return what of the settings is passed on.

    Args:
        settings: The environment, with what settings files say besides.
        may_read: Whether a sandbox could read a path.
    """
    kept_back: dict[str, str] = {}
    variables: dict[str, str] = {}
    shown: list[Path] = []
    for name in _set(settings, AUTHORITIES):
        paths, reason = _authorities(settings[name], may_read)
        if reason:
            kept_back[name] = reason
        if paths:
            variables[name] = os.pathsep.join(map(str, paths))
            shown += [each for path in paths for each in _hidden(path)]
    addresses = {name: settings[name] for name in _set(settings, (*PROXIES, *REGISTRIES))}
    clean = {name: value for name, value in addresses.items() if is_clean(value)}
    kept_back |= dict.fromkeys(addresses.keys() - clean.keys(), PASSWORD)
    proxies = {name: value for name, value in clean.items() if name in PROXIES}
    return Surroundings(
        variables | proxies | (_exceptions(settings) if proxies else {}),
        {name: value for name, value in clean.items() if name in REGISTRIES},
        tuple(dict.fromkeys(shown)),
        kept_back,
    )


def readable_in(rung: Rung) -> Question:
    """Return the question whether sandboxes that are held that way could read a path."""
    foreign = rung.own_user and os.geteuid() == 0

    def may_read(path: Path) -> bool:
        wanted = os.R_OK | (os.X_OK if path.is_dir() else 0)
        if not foreign:
            return os.access(path, wanted)
        reached = not rung.namespaced or is_visible(path.resolve())
        if reached and closed_ancestor(path.resolve().parent) is not None:
            return False
        return path.stat().st_mode & wanted == wanted

    return may_read


def _set(settings: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    return [name for name in names if settings.get(name)]


def _authorities(value: str, may_read: Question) -> tuple[list[Path], str]:
    """Return what sandboxes are shown of the paths in a variable, and why not of the others."""
    found: list[Path] = []
    reason = ""
    for path in map(Path, filter(None, value.split(os.pathsep))):
        problem = _problem(path, may_read)
        reason = f"{path} {problem}." if problem else reason
        found += [] if problem else [path]
    return found, reason


def _problem(path: Path, may_read: Question) -> str:
    try:
        if not path.is_absolute() or not path.exists():
            return "does not exist"
        if not may_read(path):
            return "cannot be read by sandboxes"
        return _danger(path) if _hidden(path) else ""
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"


def _hidden(path: Path) -> list[Path]:
    """Return which of a path, and what it leads to, a sandbox sees only if it is shown."""
    return [each for each in (path, path.resolve()) if not is_visible(each)]


def _danger(path: Path) -> str:
    """Return why showing a path would show more than certificates."""
    for file in _files(path):
        if not file.is_file():
            return "holds more than files"
        if file.stat().st_size > LARGEST_BYTES:
            return "is too large for certificates"
        if _PRIVATE in file.read_bytes():
            return "holds a private key"
    return ""


def _files(path: Path) -> Iterator[Path]:
    yield from path.iterdir() if path.is_dir() else (path,)


def _exceptions(settings: Mapping[str, str]) -> dict[str, str]:
    given = next((settings[name] for name in _set(settings, EXCEPTIONS)), "")
    names = dict.fromkeys([*filter(None, given.split(",")), *LOOPBACK])
    return dict.fromkeys(EXCEPTIONS, ",".join(names))
