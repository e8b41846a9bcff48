"""Tags on real git: the `Tags` port."""

from collections.abc import Mapping

from courier.errors import NotFound
from courier.storage.remote import Remote


class Tags:
    """The tags of a mirror's remote; the mirror must be open."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def beginning(self, prefix: str) -> Mapping[str, str]:
        """Return tag to commit of the remote's tags that begin so."""
        return await self._remote.tags(prefix)

    async def fetch(self, tag: str) -> str:
        """Bring the commit of a tag here and return its id.

        Raises:
            NotFound: If there is no such tag.
        """
        to = f"refs/courier/fetched/tags/{tag}"
        commit = await self._remote.fetch_ref(f"refs/tags/{tag}", to=to)
        if commit is None:
            raise NotFound("The remote has no such tag.", detail=tag)
        return commit

    async def make(self, tag: str, commit: str) -> None:
        """Make a new tag on the remote; the same one again is success.

        Raises:
            Conflict: If it is there and on another commit.
            Misconfigured: If the remote's rules decline it.
        """
        await self._remote.push(commit, ref=f"refs/tags/{tag}", expected=None)
