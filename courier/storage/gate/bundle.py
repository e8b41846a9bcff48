"""A bundle's bytes, judged before git sees them: its header, and how large its pack unfolds."""

import re
import zlib
from dataclasses import dataclass
from typing import Final

from courier.diagnostics import Diagnostic
from courier.storage.gate.findings import finding

_SIGNATURES: Final = {b"# v2 git bundle": 2, b"# v3 git bundle": 3}
_HEADER_BYTES: Final = 64 << 10
_PREREQUISITES: Final = 64
_PREREQUISITE: Final = re.compile(rb"-([0-9a-f]{40})(?: .*)?")
_REFERENCE: Final = re.compile(rb"([0-9a-f]{40}) (\S+)")
_TRAILER: Final = 20
_COMMIT, _TREE, _BLOB, _TAG, _OFS_DELTA, _REF_DELTA = 1, 2, 3, 4, 6, 7


@dataclass(frozen=True, slots=True)
class Bundle:
    """A well-formed header: what the pack builds on, its one head, where the pack begins."""

    prerequisites: tuple[str, ...]
    head: str
    pack_at: int


@dataclass(frozen=True, slots=True)
class PackLimits:
    """How much a pack may unfold to: objects, bytes of one object, bytes of all together."""

    objects: int = 100_000
    object_bytes: int = 16 << 20
    all_bytes: int = 80 << 20


class _Broken(Exception):
    """The pack is not what it says it is."""


class _TooLarge(Exception):
    """The pack unfolds to more than it may."""


def read_header(data: bytes, *, ref: str) -> Bundle | Diagnostic:
    """Return what a bundle's header says, or why it is refused.

    Args:
        data: The whole bundle.
        ref: The one ref it must hold.
    """
    end = data.find(b"\n\n", 0, _HEADER_BYTES)
    if end < 0:
        return finding("BrokenBundle", "The bundle's header does not end.")
    signature, *lines = data[:end].split(b"\n")
    version = _SIGNATURES.get(signature)
    if version is None:
        return finding("UnsupportedBundle", "The bundle is of an unknown version.")
    capabilities = [line for line in lines if line.startswith(b"@")]
    if (version == 2 and capabilities) or set(capabilities) - {b"@object-format=sha1"}:
        return finding("UnsupportedBundle", "The bundle needs something courier does not take.")
    return _read_references([line for line in lines if not line.startswith(b"@")], ref, end + 2)


def _read_references(lines: list[bytes], ref: str, pack_at: int) -> Bundle | Diagnostic:
    needs = [_PREREQUISITE.fullmatch(line) for line in lines if line.startswith(b"-")]
    heads = [_REFERENCE.fullmatch(line) for line in lines if not line.startswith(b"-")]
    if len(needs) > _PREREQUISITES or not all(needs) or not all(heads):
        return finding("BrokenBundle", "The bundle's header is malformed.")
    found = [(match[2].decode(errors="replace"), match[1].decode()) for match in heads if match]
    if len(found) != 1 or found[0][0] != ref:
        names = ", ".join(repr(name[:80]) for name, _ in found[:5]) or "none"
        return finding(
            "WrongRef", "The bundle must hold one expected ref.", f"Wanted {ref!r}, got {names}."
        )
    needed = tuple(match[1].decode() for match in needs if match)
    return Bundle(prerequisites=needed, head=found[0][1], pack_at=pack_at)


def judge_pack(pack: memoryview, limits: PackLimits) -> Diagnostic | None:
    """Walk a pack's entries without keeping them; return why it is refused, or None.

    Sizes are read before anything is unfolded, so a bomb costs no more than its own bytes.
    """
    try:
        _walk(pack, limits)
    except _Broken as broken:
        return finding("BrokenPack", "The bundle's pack is broken.", str(broken))
    except _TooLarge as large:
        return finding("TooLarge", "The work is too large.", str(large))
    return None


def _walk(pack: memoryview, limits: PackLimits) -> None:
    if len(pack) < 12 + _TRAILER or bytes(pack[:8]) != b"PACK\0\0\0\2":
        raise _Broken("It has no pack header.")
    count = int.from_bytes(pack[8:12], "big")
    if count > limits.objects:
        raise _TooLarge(f"It holds {count} objects; {limits.objects} are allowed.")
    body = pack[: len(pack) - _TRAILER]
    at, total = 12, 0
    for _ in range(count):
        at, size = _entry(body, at, limits)
        total += size
        if total > limits.all_bytes:
            raise _TooLarge(f"It unfolds to more than {limits.all_bytes} bytes.")
    if at != len(body):
        raise _Broken("Something follows its last object.")


def _entry(body: memoryview, at: int, limits: PackLimits) -> tuple[int, int]:
    kind, size, at = _entry_header(body, at)
    if kind not in (_COMMIT, _TREE, _BLOB, _TAG, _OFS_DELTA, _REF_DELTA):
        raise _Broken("It holds an object of no known kind.")
    _within(size, limits)
    if kind == _REF_DELTA:
        at += 20
    elif kind == _OFS_DELTA:
        while _byte(body, at) & 0x80:
            at += 1
        at += 1
    at, start = _unfold(body, at, size)
    if kind in (_OFS_DELTA, _REF_DELTA):
        _, after = _varint(start, 0)
        size, _ = _varint(start, after)
        _within(size, limits)
    return at, size


def _within(size: int, limits: PackLimits) -> None:
    if size > limits.object_bytes:
        raise _TooLarge(f"It holds an object of {size} bytes; {limits.object_bytes} are allowed.")


def _entry_header(body: memoryview, at: int) -> tuple[int, int, int]:
    first = _byte(body, at)
    size, shift = first & 0x0F, 4
    while _byte(body, at) & 0x80:
        at += 1
        size |= (_byte(body, at) & 0x7F) << shift
        shift += 7
        if shift > 70:
            raise _Broken("It holds an object of absurd size.")
    return (first >> 4) & 7, size, at + 1


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
    raise _Broken("It holds a malformed delta.")


def _byte(body: memoryview, at: int) -> int:
    if at >= len(body):
        raise _Broken("It ends too early.")
    return body[at]


def _unfold(body: memoryview, at: int, size: int) -> tuple[int, bytes]:
    """Return where the compressed stream ends, and the first bytes of what it holds."""
    stream = zlib.decompressobj()
    step = min(1 << 16, size + (size >> 9) + 128)
    start, got = b"", 0
    try:
        while not stream.eof:
            fed = stream.unconsumed_tail or bytes(body[at : at + step])
            if not fed:
                raise _Broken("It ends too early.")
            at += 0 if stream.unconsumed_tail else len(fed)
            out = stream.decompress(fed, 1 << 20)
            start = start or out[:32]
            got += len(out)
            if got > size:
                raise _Broken("An object is larger than it says.")
    except zlib.error as broken:
        raise _Broken("An object cannot be unfolded.") from broken
    if got != size:
        raise _Broken("An object is smaller than it says.")
    return at - len(stream.unused_data), start
