"""The files of commits: listed once, and then by what differs from the last ones asked for."""

from collections.abc import Iterator, Mapping
from typing import Final

from courier.errors import Unavailable
from courier.storage.names import checked_commit
from courier.storage.plumbing import Plumbing

_REGULAR: Final = ("100644", "100755")
_KEPT: Final = 4


class Listing:
    """Lists the regular files below folders of commits, with the ids of their blobs."""

    def __init__(self, plumbing: Plumbing) -> None:
        self._plumbing = plumbing
        self._last: dict[str, tuple[str, dict[str, str]]] = {}

    async def files(self, commit: str, prefix: str) -> Mapping[str, str]:
        """Return path to blob id of every regular file under a folder of a commit.

        Raises:
            Unavailable: If there is no such commit.
        """
        folder = prefix.strip("/")
        last = self._last.pop(folder, None)
        found = await self._amended(checked_commit(commit), folder, *last) if last else None
        if found is None:
            found = await self._whole(commit, folder)
        self._last[folder] = (commit, found)
        while len(self._last) > _KEPT:
            self._last.pop(next(iter(self._last)))
        return found.copy()

    async def _whole(self, commit: str, folder: str) -> dict[str, str]:
        answer = await self._plumbing.local.run(
            "ls-tree", "-r", "-z", "--full-tree", commit, *_inside(folder)
        )
        found = {}
        for line in _texts(answer.out):
            facts, _, path = line.partition("\t")
            mode, _, blob = facts.split(" ")
            if mode in _REGULAR:
                found[path] = blob
        return found

    async def _amended(
        self, commit: str, folder: str, former: str, known: dict[str, str]
    ) -> dict[str, str] | None:
        """Return what is known with what differs since; None where that cannot be told."""
        if commit == former:
            return known
        flags = ("-r", "-z", "--no-renames", "--no-commit-id")
        try:
            answer = await self._plumbing.local.run(
                "diff-tree", *flags, former, commit, *_inside(folder)
            )
        except Unavailable:
            return None
        found, told = known.copy(), iter(_texts(answer.out))
        for facts, path in zip(told, told, strict=True):
            _, mode, _, blob, _ = facts.split(" ")
            if mode in _REGULAR:
                found[path] = blob
            else:
                found.pop(path, None)
        return found


def _inside(folder: str) -> tuple[str, ...]:
    return ("--", f"{folder}/") if folder else ()


def _texts(out: bytes) -> Iterator[str]:
    return iter(out.decode("utf-8", "surrogateescape").split("\0")[:-1])
