"""Files below `.courier/` that are no documents, as the documents beside them were read."""

from collections.abc import Sequence
from typing import Protocol

from courier.planning.asked.library import AssetFile


class Assets(Protocol):
    """One commit, or one working tree with its changes."""

    async def assets(self, path: str) -> Sequence[AssetFile]:
        """Return the file at a path from the root, or everything below it, alphabetically.

        Nothing is followed. Contents are read only where `readable` says so of all together.
        """
        ...
