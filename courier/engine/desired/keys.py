"""Which key a project's commits are signed with, by the documents in force."""

from courier.engine.desired.desired import DesiredState
from courier.engine.world import World
from courier.errors import MissingSecret
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.ports.repository import SigningKey
from courier.resources.project import Project
from courier.runs.pullrequests.pullrequest import PullRequest

_BY_HAND = "Set it where courier runs, or merge with git, by hand."


def key_in(catalog: Catalog | None, project: str) -> str | None:
    """Return the name of the secret a project's commits are signed with; None for no signing."""
    ref = Ref("Project", project)
    if catalog is None or ref not in catalog.documents:
        return None
    found = catalog.resource(ref)
    return found.spec.signing_key if isinstance(found, Project) else None


class Keys:
    """Looks keys up at the tip of the tracked branch, as it was last fetched."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._desired = DesiredState(world, world.schemas)

    async def name(self, project: str) -> str | None:
        """Return the name of the secret of one project; None where it signs nothing."""
        return key_in(await self._catalog(), project)

    async def of(self, pull: PullRequest) -> SigningKey | None:
        """Return what the merge of a proposal is signed with; None where its project signs nothing.

        Where no record tells whose it is, any project's that signs.

        Raises:
            MissingSecret: If the key has no value here.
        """
        catalog = await self._catalog()
        if catalog is None:
            return None
        await self._world.index.follow()
        listed = self._world.index.named([pull.run]).get(pull.run)
        every = sorted(ref.name for ref in catalog.of_kind("Project"))
        projects = [listed.observed.project] if listed is not None else every
        name = next((key for one in projects if (key := key_in(catalog, one))), None)
        if name is None:
            return None
        try:
            return SigningKey(self._world.secrets.resolve([name])[name])
        except MissingSecret as missing:
            told = "The merge is to be signed, and its key has no value here."
            raise MissingSecret(told, detail=missing.detail, next_step=_BY_HAND) from missing

    async def _catalog(self) -> Catalog | None:
        return (await self._desired.at(await self._world.repository.head())).catalog
