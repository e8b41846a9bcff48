"""Where a repository is on GitHub: from the address git knows it by."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from courier.errors import Misconfigured
from courier.planning.hosted import hosted

PUBLIC: Final = "https://github.com"
"""Where GitHub is, unless it is somebody's own server."""


@dataclass(frozen=True, slots=True)
class Address:
    """One repository.

    Attributes:
        web: Where GitHub is for people, without a slash at its end.
        owner: Whose the repository is.
        name: What it is called.
    """

    web: str
    owner: str
    name: str

    @property
    def is_public(self) -> bool:
        """Return whether it is on github.com."""
        return self.web == PUBLIC

    @property
    def rest(self) -> str:
        """Return where the REST interface is."""
        return "https://api.github.com" if self.is_public else f"{self.web}/api/v3"

    @property
    def graphql(self) -> str:
        """Return where the GraphQL interface is."""
        return f"{'https://api.github.com' if self.is_public else f'{self.web}/api'}/graphql"

    @property
    def path(self) -> str:
        """Return the repository's place below `rest`."""
        return f"/repos/{self.owner}/{self.name}"

    def is_reached_by(self, remote: str) -> bool:
        """Return whether git would send a token given for this place to that remote."""
        told, here = urlsplit(remote), urlsplit(self.web)
        host = told.netloc.rpartition("@")[2].lower()
        return (told.scheme, host) == (here.scheme, here.netloc.lower())


def address_of(remote: str, *, web: str | None = None) -> Address:
    """Return where a repository is on GitHub.

    Args:
        remote: Where it is for git: over https or ssh, in either form.
        web: Where GitHub is; None for the remote's own host.

    Raises:
        Misconfigured: If the remote is no repository on a GitHub.
    """
    found = hosted(remote)
    if found is None:
        raise Misconfigured(
            "This repository is not on GitHub.",
            detail=f"Its remote is {_plain(remote)}.",
            next_step="Write `repository.forge: local`, or work on a clone of one that is.",
        )
    place = web.rstrip("/") if web else f"{found.scheme}://{found.host}"
    public = place.lower() in (PUBLIC, "https://www.github.com", "https://ssh.github.com")
    return Address(PUBLIC if public else place, found.owner, found.name)


def _plain(remote: str) -> str:
    scheme, found, rest = remote.partition("://")
    return f"{scheme}{found}{rest.rpartition('@')[2]}" if found else remote
