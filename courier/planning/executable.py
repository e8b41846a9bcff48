"""What this version does not do yet, in plain words, so that nothing is dropped in silence."""

from collections.abc import Collection, Iterator
from typing import Final

from courier.planning.asked import Asked

FORGES: Final = frozenset({"local"})
"""Forges whose pull requests can be opened today."""


def unexecuted_parts(asked: Asked) -> Iterator[str]:
    """Yield a sentence for everything a run asks for that is checked but not done yet."""
    yield from _of_project(asked)


def unexecuted_agent(agent: str, *, drivers: Collection[str]) -> str | None:
    """Return why no step can be done by that agent; None if it can."""
    if agent in drivers:
        return None
    works = ", ".join(sorted(drivers)) or "none"
    return f'Agent "{agent}" cannot be run yet. Agents that work today: {works}.'


def unexecuted_machine(egress: str) -> str | None:
    """Return why a sandbox cannot be made like that; None if it can."""
    if egress == "listed":
        return "A list of allowed hosts is not enforced yet; write `egress: open` or `none`."
    return None


def _of_project(asked: Asked) -> Iterator[str]:
    forge = asked.project.spec.repository.forge
    if forge not in FORGES:
        works = ", ".join(sorted(FORGES))
        yield f'Forge "{forge}" cannot be used yet. Forges that work today: {works}.'


def same_repository(left: str, right: str) -> bool:
    """Return whether two addresses mean one repository; ssh and https forms count as equal."""
    return _plain(left) == _plain(right)


def _plain(url: str) -> str:
    text = url.strip().rstrip("/").removesuffix(".git").rstrip("/")
    if "://" in text:
        scheme, _, rest = text.partition("://")
        return rest if scheme == "file" else _without_user(rest)
    host, colon, path = text.partition(":")
    if colon and "/" not in host:
        return _without_user(f"{host}/{path.lstrip('/')}")
    return text


def _without_user(rest: str) -> str:
    host, slash, path = rest.partition("/")
    return f"{host.rpartition('@')[2].lower()}{slash}{path}"
