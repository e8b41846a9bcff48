"""git objects as bytes: trees read and made, new objects written loose, straight to disk."""

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Final

from courier.errors import Unavailable

FILE: Final = "100644"
TREE: Final = "40000"
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


def write_object(objects: Path, kind: str, content: bytes) -> str:
    """Write an object loose unless it is there loose; return its id.

    A kill at any point leaves at most an orphaned temporary file.

    Raises:
        Unavailable: If the disk is full or not writable.
    """
    made = object_id(kind, content)
    path = objects / made[:2] / made[2:]
    if path.exists():
        return made
    temporary = path.parent / f"tmp_obj_{made[2:]}_{os.getpid()}"
    try:
        path.parent.mkdir(exist_ok=True)
        with temporary.open("wb") as file:
            file.write(zlib.compress(_header(kind, content) + content, 1))
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o444)
        temporary.replace(path)
    except OSError as failed:
        raise Unavailable("A git object could not be written.", detail=str(failed)) from failed
    return made


def _header(kind: str, content: bytes) -> bytes:
    return f"{kind} {len(content)}\0".encode()
