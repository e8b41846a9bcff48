"""Tags of a remote: the versions its assets are published under."""

from collections.abc import Mapping
from typing import Protocol


class Tags(Protocol):
    """The remote's tags. Every method may raise `Unavailable` or `Misconfigured`."""

    async def beginning(self, prefix: str) -> Mapping[str, str]:
        """Return tag to commit of the remote's tags that begin so."""
        ...

    async def fetch(self, tag: str) -> str:
        """Bring the commit of a tag here and return its id.

        Raises:
            NotFound: If there is no such tag.
        """
        ...

    async def make(self, tag: str, commit: str) -> None:
        """Make a new tag on the remote; the same one again is success.

        Raises:
            Conflict: If it is there and on another commit.
            Misconfigured: If the remote's rules decline it.
        """
        ...
