"""Which environment git's processes get, and how they prove who they are to a remote."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_USERS = (
    "HOME",
    "USER",
    "LOGNAME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
)
_NETWORK = (
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
)
_ASKPASS = """#!/bin/sh
case "$1" in
  Username*) printf '%s\\n' "$COURIER_GIT_USER" ;;
  *) cat -- "$COURIER_GIT_TOKEN_FILE" ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How remotes are reached. Only processes that talk to the remote see any of it.

    Attributes:
        kind: ``none`` offers nothing; ``user`` lets git use the user's own set-up (home,
            git configuration, credential helpers, SSH agent); ``token`` answers with a file.
        environment: This process's environment; only named variables are taken from it.
        token_file: For ``token``: a file of mode 0600 that holds the token and nothing else.
        username: For ``token``: the user name that goes with it.
    """

    kind: Literal["none", "user", "token"] = "none"
    environment: Mapping[str, str] = field(default_factory=dict)
    token_file: Path | None = None
    username: str = "x-access-token"


def local_environment(credentials: Credentials, home: Path) -> dict[str, str]:
    """Return what every git process gets: nothing inherited but the search path."""
    return {
        "PATH": credentials.environment.get("PATH", _PATH),
        "HOME": str(home),
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    }


def remote_environment(credentials: Credentials, home: Path) -> dict[str, str]:
    """Return what a git process that talks to the remote gets."""
    given = credentials.environment
    variables = local_environment(credentials, home)
    variables.update({name: given[name] for name in _NETWORK if name in given})
    if credentials.kind == "user":
        del variables["GIT_CONFIG_NOSYSTEM"], variables["GIT_CONFIG_GLOBAL"]
        variables.update({name: given[name] for name in _USERS if name in given})
    elif credentials.kind == "token":
        variables["GIT_ASKPASS"] = str(askpass_path(home))
        variables["COURIER_GIT_USER"] = credentials.username
        variables["COURIER_GIT_TOKEN_FILE"] = str(credentials.token_file)
    return variables


def remote_settings(credentials: Credentials) -> tuple[str, ...]:
    """Return git settings for talking to the remote; a token must not meet a stored helper."""
    return () if credentials.kind == "user" else ("credential.helper=",)


def askpass_path(home: Path) -> Path:
    """Return where the program is that answers git's questions for a user name and token."""
    return home / "askpass"


def write_askpass(home: Path) -> None:
    """Put the answering program in place; it holds no secret itself."""
    path = askpass_path(home)
    path.write_text(_ASKPASS)
    path.chmod(0o700)
