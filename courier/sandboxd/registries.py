"""What the settings files of npm and pip say of registries and authorities, as variables."""

import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from courier.sandboxd.npm import find_npm

NPM: Final = {"registry": "NPM_CONFIG_REGISTRY", "cafile": "NPM_CONFIG_CAFILE"}
PIP: Final = {
    "index-url": "PIP_INDEX_URL",
    "extra-index-url": "PIP_EXTRA_INDEX_URL",
    "cert": "PIP_CERT",
}
SECTIONS: Final = ("global", "install")


def with_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with what the files of its user say besides; it counts more."""
    said: dict[str, str] = {}
    for file in _npm_files(environment):
        said = _of_npm(file) | said
    for file in _pip_files(environment):
        said |= _of_pip(file)
    taken = {name.lower() for name, value in environment.items() if value}
    return {**{name: value for name, value in said.items() if name.lower() not in taken}} | dict(
        environment
    )


def _npm_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield npm's files, the one that counts most first."""
    home = environment.get("HOME", "")
    chosen = environment.get("NPM_CONFIG_USERCONFIG") or environment.get("npm_config_userconfig")
    if chosen or home:
        yield Path(chosen or f"{home}/.npmrc")
    npm = find_npm(environment.get("PATH", ""))
    if npm is not None:
        yield npm.settings


def _pip_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield pip's files, the one that counts most last; its file for all users is seen inside."""
    home = environment.get("HOME", "")
    if home:
        yield Path(home, ".pip", "pip.conf")
    folder = environment.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    if folder:
        yield Path(folder, "pip", "pip.conf")
    if chosen := environment.get("PIP_CONFIG_FILE"):
        yield Path(chosen)


def _of_npm(file: Path) -> dict[str, str]:
    found = {}
    for line in _text(file).splitlines():
        key, _, value = (part.strip() for part in line.partition("="))
        value = value.strip("\"'")
        # What stands in for another variable may stand in for a secret.
        if key in NPM and value and "${" not in value:
            found[NPM[key]] = value
    return found


def _of_pip(file: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_text(file))
    except configparser.Error:
        return {}
    said = [
        (name, parser.get(part, key))
        for part in SECTIONS
        for key, name in PIP.items()
        if parser.has_option(part, key)
    ]
    return {name: " ".join(value.split()) for name, value in said if value.strip()}


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
