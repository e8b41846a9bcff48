"""Notifiers: what brings a letter to where a project wants to be told."""

from typing import Protocol

from courier.errors import Misconfigured
from courier.runs.notices.notice import Letter


class Notifier(Protocol):
    """Sends letters; the same letter twice has the same id, by which a receiver may know it."""

    async def send(self, letter: Letter) -> None:
        """Return once the receiver has taken it, or where there is nothing to say it on.

        Raises:
            RateLimited: If the receiver asks for patience.
            Unavailable: If it does not answer, or has a passing fault.
            MissingSecret: If the address, or what signs, has no value here.
            Misconfigured: If the receiver will not take it, however often it is sent.
        """
        ...


class Mute:
    """Sends nothing: where nobody can be told."""

    async def send(self, letter: Letter) -> None:  # noqa: ARG002 - the port
        """Refuse."""
        raise Misconfigured("Nothing can be sent from here.")
