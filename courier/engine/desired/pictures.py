"""Pictures of the repository: looked at where documents name them."""

from collections.abc import Collection, Mapping, Sequence

from courier.planning.freezing.images import LARGEST
from courier.planning.observed.observed import ObservedImage
from courier.ports.repository import Repository

_HEAD = 32


class Pictures:
    """Looks at files of commits; the same ones at the same commit are looked at once."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._commit = ""
        self._known: dict[str, ObservedImage | None] = {}

    async def look(self, commit: str, paths: Collection[str]) -> Mapping[str, ObservedImage]:
        """Return those paths that are files of the commit, with how they begin."""
        if commit != self._commit:
            self._commit, self._known = commit, {}
        fresh = sorted(path for path in paths if path not in self._known)
        if fresh:
            self._known |= await self._read(commit, fresh)
        return {path: found for path in paths if (found := self._known[path]) is not None}

    async def _read(self, commit: str, paths: Sequence[str]) -> dict[str, ObservedImage | None]:
        files = await self._repository.files(commit, "")
        known = [path for path in paths if path in files]
        sizes = await self._repository.sizes([files[path] for path in known])
        of = dict(zip(known, sizes, strict=True))
        small = [path for path in known if of[path] <= LARGEST]
        contents = await self._repository.read([files[path] for path in small])
        heads = {path: content[:_HEAD] for path, content in zip(small, contents, strict=True)}
        return dict.fromkeys(paths) | {
            path: ObservedImage(files[path], of[path], heads.get(path, b"")) for path in known
        }
