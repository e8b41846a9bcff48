"""git objects as bytes: trees read and made, new objects written loose, straight to disk."""

import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from threading import get_ident
from typing import Final

from courier.errors import Unavailable

FILE: Final = "100644"
TREE: Final = "40000"
_AT_ONCE: Final = 100
EMPTY_TREE: Final = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree: its mode as git writes it, and the object's id."""

    mode: str
    id: str

    @property
    def is_tree(self) -> bool:
        """Return whether it is a folder."""
        return self.mode == TREE


Tree = Mapping[bytes, Entry]
"""A tree's entries by name."""


def parsed_tree(data: bytes) -> dict[bytes, Entry]:
    """Return the entries of a tree object's content."""
    entries = {}
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        entries[data[space + 1 : end]] = Entry(
            data[at:space].decode("ascii"), data[end + 1 : end + 21].hex()
        )
        at = end + 21
    return entries


def tree_content(entries: Tree) -> bytes:
    """Return a tree object's content; git sorts folders as if their names ended in ``/``."""
    ordered = sorted(
        entries.items(), key=lambda item: item[0] + b"/" if item[1].is_tree else item[0]
    )
    return b"".join(
        entry.mode.encode() + b" " + name + b"\0" + bytes.fromhex(entry.id)
        for name, entry in ordered
    )


def object_id(kind: str, content: bytes) -> str:
    """Return the id git gives an object."""
    return sha1(_header(kind, content) + content, usedforsecurity=False).hexdigest()


def write_objects(objects: Path, made: Sequence[tuple[str, bytes]]) -> None:
    """Write objects, each a kind and its content, loose unless they are there loose.

    They are on the disk before they can be found, and can be found in the order given. A kill at
    any point leaves at most orphaned temporary files.

    Raises:
        Unavailable: If the disk is full or not writable.
    """
    for start in range(0, len(made), _AT_ONCE):
        _write(objects, made[start : start + _AT_ONCE])


def _write(objects: Path, made: Sequence[tuple[str, bytes]]) -> None:
    staged: dict[Path, tuple[Path, int]] = {}
    try:
        try:
            for kind, content in made:
                _stage(objects, kind, content, staged)
            for _, fd in staged.values():
                os.fsync(fd)
        finally:
            for _, fd in staged.values():
                os.close(fd)
        for path, (temporary, _) in staged.items():
            temporary.replace(path)
    except OSError as failed:
        raise Unavailable("A git object could not be written.", detail=str(failed)) from failed


def _stage(objects: Path, kind: str, content: bytes, staged: dict[Path, tuple[Path, int]]) -> None:
    name = object_id(kind, content)
    path = objects / name[:2] / name[2:]
    if path in staged or path.exists():
        return
    temporary = path.with_name(f"tmp_obj_{name[2:]}_{os.getpid()}_{get_ident()}")
    path.parent.mkdir(exist_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o444)
    staged[path] = temporary, fd
    whole = memoryview(zlib.compress(_header(kind, content) + content, 1))
    while whole:
        whole = whole[os.write(fd, whole) :]


def _header(kind: str, content: bytes) -> bytes:
    return f"{kind} {len(content)}\0".encode()
