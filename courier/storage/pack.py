"""One pack of git's, read in this process: every object is checked against its id."""

import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha1
from pathlib import Path
from typing import Final

from courier.errors import Unavailable
from courier.storage.catfile import Found

_KINDS: Final = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_OFS_DELTA, _REF_DELTA = 6, 7
_MAGIC: Final = b"\xfftOc\0\0\0\2"
_FANOUT: Final = 256 * 4


class Pack:
    """The objects of one pack that git has indexed and checked; none builds on what is outside.

    Args:
        data: The pack.
        offsets: Where in it each object begins, by id.
    """

    def __init__(self, data: bytes, offsets: Mapping[str, int]) -> None:
        self._data = data
        self._offsets = offsets
        self._known: dict[int, tuple[str, bytes]] = {}

    @classmethod
    def of(cls, objects: Path) -> "Pack":
        """Return the one pack below a folder of objects; an empty one if there is none.

        Raises:
            Unavailable: If its index is of another version.
        """
        indexes = list((objects / "pack").glob("*.idx"))
        if not indexes:
            return cls(b"", {})
        return cls(indexes[0].with_suffix(".pack").read_bytes(), _read(indexes[0].read_bytes()))

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, name: str) -> bool:
        return name in self._offsets

    def get(self, name: str) -> Found | None:
        """Return an object with its content; None if it is not in the pack.

        Raises:
            Unavailable: If it is not what its id says.
        """
        at = self._offsets.get(name)
        if at is None:
            return None
        kind, content = self._unfolded(at)
        header = f"{kind} {len(content)}\0".encode()
        if sha1(header + content, usedforsecurity=False).hexdigest() != name:
            raise Unavailable("An object of a pack is not what its id says.", detail=name)
        return Found(name, kind, len(content), content)

    def _unfolded(self, at: int) -> tuple[str, bytes]:
        deltas: list[tuple[int, bytes]] = []
        while at not in self._known:
            kind, body = self._header(at)
            if kind in _KINDS:
                self._known[at] = _KINDS[kind], _inflated(self._data, body)
            else:
                base, body = self._base(kind, at, body)
                deltas.append((at, _inflated(self._data, body)))
                at = base
        found = self._known[at]
        for place, delta in reversed(deltas):
            found = self._known[place] = found[0], applied(found[1], delta)
        return found

    def _header(self, at: int) -> tuple[int, int]:
        byte = self._data[at]
        kind = byte >> 4 & 7
        while byte & 0x80:
            at += 1
            byte = self._data[at]
        return kind, at + 1

    def _base(self, kind: int, at: int, body: int) -> tuple[int, int]:
        if kind == _REF_DELTA:
            return self._offsets[self._data[body : body + 20].hex()], body + 20
        byte = self._data[body]
        back = byte & 0x7F
        while byte & 0x80:
            body += 1
            byte = self._data[body]
            back = (back + 1) << 7 | byte & 0x7F
        return at - back, body + 1


def applied(base: bytes, delta: bytes) -> bytes:
    """Return what a delta makes of its base."""
    _, at = _varint(delta, 0)
    size, at = _varint(delta, at)
    parts = []
    while at < len(delta):
        code = delta[at]
        at += 1
        if code & 0x80:
            start, at = _little(delta, at, code, 4)
            length, at = _little(delta, at, code >> 4 & 7, 3)
            parts.append(base[start : start + (length or 0x10000)])
        else:
            parts.append(delta[at : at + code])
            at += code
    made = b"".join(parts)
    if len(made) != size:
        raise Unavailable("A delta of a pack does not give what it says.")
    return made


def _little(data: bytes, at: int, bits: int, most: int) -> tuple[int, int]:
    value = 0
    for place in range(most):
        if bits >> place & 1:
            value |= data[at] << 8 * place
            at += 1
    return value, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def _inflated(data: bytes, at: int) -> bytes:
    return zlib.decompressobj().decompress(memoryview(data)[at:])


def _read(index: bytes) -> Mapping[str, int]:
    if not index.startswith(_MAGIC):
        raise Unavailable("An index of a pack is of another version.")
    names = len(_MAGIC) + _FANOUT
    count = int.from_bytes(index[names - 4 : names], "big")
    small = names + 24 * count
    return dict(_entries(index, count, names=names, small=small))


def _entries(index: bytes, count: int, *, names: int, small: int) -> Iterator[tuple[str, int]]:
    large = small + 4 * count
    for number in range(count):
        offset = int.from_bytes(index[small + 4 * number : small + 4 * number + 4], "big")
        if offset & 0x80000000:
            place = large + 8 * (offset & 0x7FFFFFFF)
            offset = int.from_bytes(index[place : place + 8], "big")
        yield index[names + 20 * number : names + 20 * number + 20].hex(), offset
