"""What this version does not do yet, in plain words, so that nothing is dropped in silence."""

from collections.abc import Collection, Iterator

from courier.planning.hosted import hosted
from courier.resources.project import Project


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


def misplaced(project: Project, repository: str) -> Iterator[str]:
    """Yield why pull requests cannot be where a project wants them, if they cannot."""
    if project.spec.repository.forge == "github" and hosted(repository) is None:
        yield (
            'Forge "github" needs a clone of a repository on GitHub, and this one comes from '
            f"{repository}; write `repository.forge: local`."
        )


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
