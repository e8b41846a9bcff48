"""The embedded sandbox server of this machine: where it is, and starting it."""

from pathlib import Path

from courier.errors import Misconfigured
from courier.sandboxd.launcher import CannotStart, Endpoint, ensure_running
from courier.settings import Settings

SERVER_IDLE_SECONDS = 1800
"""How long the embedded server stays when there is no sandbox."""


def server_folder(settings: Settings) -> Path:
    """Return the state folder of the embedded sandbox server."""
    return settings.sandboxd or settings.home / "sandboxd"


def server_arguments(settings: Settings) -> list[str]:
    """Return the arguments the embedded sandbox server is started with."""
    plain = ["--allow-plain"] if settings.allow_plain else []
    return [*plain, *(part for path in settings.expose for part in ("--expose", str(path)))]


def serve_sandboxes(settings: Settings) -> Endpoint:
    """Return the embedded server's endpoint, starting it if none answers.

    Raises:
        Misconfigured: If it does not start.
    """
    try:
        arguments = [*server_arguments(settings), f"--idle-exit={SERVER_IDLE_SECONDS}"]
        return ensure_running(server_folder(settings), arguments=arguments)
    except CannotStart as error:
        raise Misconfigured(
            "The embedded sandbox server does not start.",
            detail=str(error),
            next_step="Run `courier doctor`.",
        ) from error
