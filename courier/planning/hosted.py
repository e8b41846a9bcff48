"""Repositories on a host: whose they are and what they are called, from their address for git."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hosted:
    """One repository on a host.

    Attributes:
        scheme: How its pages are reached, ``https`` unless git reaches it without encryption.
        host: The host, with a port where git uses one for pages too.
        owner: Whose it is.
        name: What it is called.
    """

    scheme: str
    host: str
    owner: str
    name: str


def hosted(remote: str) -> Hosted | None:
    """Return where a repository is by its address over https or ssh, in either form.

    None for a folder, and for what is no owner's repository.
    """
    scheme, host, path = _parts(remote)
    owner, _, name = path.strip("/").removesuffix(".git").partition("/")
    if not host or not owner or not name or "/" in name:
        return None
    return Hosted(scheme, host.lower(), owner, name)


def _parts(remote: str) -> tuple[str, str, str]:
    scheme, found, rest = remote.partition("://")
    if found:
        place, _, path = rest.partition("/")
        host = place.rpartition("@")[2]
        if scheme in ("http", "https"):
            return scheme, host, path
        return ("https", host.partition(":")[0], path) if scheme == "ssh" else ("", "", "")
    host, colon, path = remote.partition(":")
    if not colon or "/" in host:
        return "", "", ""
    return "https", host.rpartition("@")[2], path
