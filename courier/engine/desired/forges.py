"""The forges a repository's Projects name, and pull requests found among them."""

from collections.abc import Mapping, Sequence

from courier.engine.desired.desired import DesiredState
from courier.engine.world import World
from courier.errors import Misused, NotFound
from courier.ports.forges import Forge
from courier.resources.project import Project
from courier.runs.pullrequests.pullrequest import PullRequest


class Offices:
    """The forges in use: those the Projects of the tracked branch name, `local` if none does."""

    def __init__(self, world: World, desired: DesiredState) -> None:
        self._world = world
        self._desired = desired

    async def open_ones(self) -> Mapping[str, Forge]:
        """Return the forges in use by name."""
        try:
            await self._world.repository.fetch()
            catalog = (await self._desired.at(await self._world.repository.head())).catalog
        except NotFound:
            catalog = None
        projects = catalog.of_kind("Project") if catalog is not None else ()
        named = {
            project.spec.repository.forge
            for project in (catalog.resource(ref) for ref in projects if catalog is not None)
            if isinstance(project, Project)
        }
        return {name: self._world.forge_named(name) for name in sorted(named or {"local"})}

    async def list(self, *, status: str | None = None) -> Sequence[PullRequest]:
        """Return the pull requests of all forges in use, newest first."""
        forges = (await self.open_ones()).values()
        found = [pull for forge in forges for pull in await forge.list(status=status)]
        return sorted(found, key=lambda pull: (pull.created_at, pull.number), reverse=True)

    async def find(self, number: int, *, forge: str | None = None) -> tuple[Forge, PullRequest]:
        """Return a pull request with the forge it is on.

        Args:
            number: Its number there.
            forge: The forge's name; None for whichever in use has one of that number.

        Raises:
            NotFound: If none has.
            Misused: If several have.
        """
        if forge is not None:
            one = self._world.forge_named(forge)
            return one, await one.get(number)
        found = []
        for one in (await self.open_ones()).values():
            pull = (await one.look([number])).get(number)
            found += [(one, pull)] if pull is not None else []
        if len(found) > 1:
            names = " or ".join(f"{pull.forge}#{number}" for _, pull in found)
            raise Misused(
                "Two forges have a pull request of that number.", next_step=f"Say {names}."
            )
        if not found:
            raise NotFound(
                "There is no such pull request.",
                detail=f"#{number}",
                next_step="See `courier pr list`.",
            )
        return found[0]
