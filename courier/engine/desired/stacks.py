"""Getting what planning wishes for: files beside the documents, and what they once were."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from courier.planning.asked.library import AssetFile, Found, Library, Wish
from courier.ports.assets import Assets
from courier.ports.repository import Repository

T = TypeVar("T")


class CommitAssets:
    """The files of one commit."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self._commit = commit

    async def assets(self, path: str) -> Sequence[AssetFile]:
        """Return the file at a path, or everything below it, alphabetically."""
        return await self._repository.assets(self._commit, path)


class Stacks:
    """Where a library is filled from.

    Args:
        repository: Knows every commit.
        current: What lies beside the documents that are planned for.
    """

    def __init__(self, repository: Repository, current: Assets) -> None:
        self._repository = repository
        self._current = current

    async def planned(self, decide: Callable[[Library], T]) -> T:
        """Return what is decided once nothing more is wished for."""
        library = Library()
        while True:
            decided = decide(library)
            wishes = library.wishes()
            if not wishes:
                return decided
            for wish in wishes:
                library.put(wish, await self._get(wish))

    async def _get(self, wish: Wish) -> Found:
        if not wish.at:
            return Found(tuple(await self._current.assets(wish.path)))
        commit = await self._repository.find_commit(wish.at)
        if commit is None:
            return Found()
        return Found(tuple(await self._repository.assets(commit, wish.path)), commit)
