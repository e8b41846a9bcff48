"""Small blobs that are asked for again and again, kept by id."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

from courier.storage.plumbing import Plumbing

_ALL: Final = 16 << 20
_ONE: Final = 64 << 10


class KeptBlobs:
    """The contents of blobs, those last asked for from memory."""

    def __init__(self, plumbing: Plumbing) -> None:
        self._plumbing = plumbing
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    async def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return the contents of blobs by id; those that are no blobs are left out."""
        unknown = [name for name in dict.fromkeys(names) if name not in self._kept]
        read = await self._plumbing.reader.read(unknown)
        found = {each.id: each.content for each in read if each is not None and each.kind == "blob"}
        for name in names:
            if name in self._kept:
                self._kept.move_to_end(name)
                found[name] = self._kept[name]
        for name in unknown:
            self._keep(name, found.get(name))
        return found

    def _keep(self, name: str, content: bytes | None) -> None:
        if content is None or len(content) > _ONE or name in self._kept:
            return
        self._kept[name] = content
        self._size += len(content)
        while self._size > _ALL:
            self._size -= len(self._kept.popitem(last=False)[1])
