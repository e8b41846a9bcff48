"""The objects a quarantine sees: those of one checked pack, and below them the mirror's."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from courier.errors import Unavailable
from courier.storage.catfile import Found, ObjectReader
from courier.storage.objects import Tree, parsed_tree, write_objects
from courier.storage.pack import Pack

_SMALL: Final = 1 << 20
_FEW: Final = 200


class Borrowed:
    """Reads objects by id without any process of its own."""

    def __init__(self, pack: Pack, mirror: ObjectReader) -> None:
        self._pack = pack
        self._mirror = mirror
        self._trees: dict[str, Tree] = {}

    async def measure(self, names: Sequence[str]) -> list[Found | None]:
        """Return each object, perhaps without its content; None where there is none."""
        own = await self._own(names)
        others = [name for name in names if name not in own]
        lent = dict(zip(others, await self._mirror.measure(others), strict=True))
        return [own.get(name) or lent.get(name) for name in names]

    async def read(self, names: Sequence[str]) -> list[Found | None]:
        """Return each object with its content; None where there is none."""
        own = await self._own(names)
        others = [name for name in names if name not in own]
        lent = dict(zip(others, await self._mirror.read(others), strict=True))
        return [own.get(name) or lent.get(name) for name in names]

    async def tree(self, name: str) -> Tree:
        """Return a tree's entries.

        Raises:
            Unavailable: If there is no such tree.
        """
        if name not in self._trees:
            found = (await self.read([name]))[0]
            if found is None or found.kind != "tree":
                raise Unavailable("A tree is missing.", detail=name)
            self._trees[name] = parsed_tree(found.content)
        return self._trees[name]

    async def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree.

        Raises:
            Unavailable: If there is no such commit.
        """
        found = (await self.read([commit]))[0]
        if found is None or found.kind != "commit":
            raise Unavailable("A commit is missing.", detail=commit)
        return found.content[5:45].decode()

    async def copied(self, commits: Mapping[str, bytes], *, to: Path) -> bool:
        """Write what commits need of the pack, loose; False if that is too much.

        What an object needs is written before it, so that a kill leaves nothing that dangles.
        """
        if len(self._pack) > _SMALL:
            return False
        wanted = list(self._needed(commits))
        if len(wanted) > _FEW:
            return False
        await asyncio.to_thread(self._write, wanted, to)
        return True

    def _write(self, names: Sequence[str], objects: Path) -> None:
        found = [found for name in names if (found := self._pack.get(name)) is not None]
        write_objects(objects, [(each.kind, each.content) for each in found])

    def _needed(self, commits: Mapping[str, bytes]) -> Iterator[str]:
        """Yield the objects of the pack that commits reach, each after what it needs."""
        seen: set[str] = set()
        for name, content in commits.items():
            yield from self._below(content[5:45].decode(), seen)
            yield name

    def _below(self, tree: str, seen: set[str]) -> Iterator[str]:
        left = [(tree, False)]
        while left:
            name, is_ready = left.pop()
            if is_ready:
                yield name
            elif name not in seen and (found := self._pack.get(name)) is not None:
                seen.add(name)
                left.append((name, True))
                if found.kind == "tree":
                    inside = parsed_tree(found.content).values()
                    left += [(entry.id, False) for entry in inside if entry.mode != "160000"]

    async def _own(self, names: Sequence[str]) -> dict[str, Found]:
        mine = [name for name in names if name in self._pack]
        if len(self._pack) <= _SMALL:
            return self._found(mine)
        return await asyncio.to_thread(self._found, mine)

    def _found(self, names: Sequence[str]) -> dict[str, Found]:
        return {name: found for name in names if (found := self._pack.get(name)) is not None}
