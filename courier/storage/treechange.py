"""Changes replayed on a tree: only the folders on their paths are read and made anew."""

import json
from collections import ChainMap
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from courier.errors import Misused
from courier.ports.state import AppendLine, Change, DeleteFile, SwapFile, WriteFile
from courier.storage.names import checked_path
from courier.storage.objects import FILE, TREE, Entry, Tree, tree_content

ReadTree = Callable[[str], Awaitable[Tree]]
ReadBlob = Callable[[str], Awaitable[bytes]]
Write = Callable[[str, bytes], str]


@dataclass(frozen=True, slots=True)
class Objects:
    """How trees and blobs are read by id, and how an object of a kind is written."""

    read_tree: ReadTree
    read_blob: ReadBlob
    write: Write


@dataclass(slots=True)
class _Folder:
    """A folder being changed: its id until then, its entries, and the opened folders in it."""

    id: str | None
    entries: dict[bytes, Entry]
    opened: dict[bytes, "_Folder"] = field(default_factory=dict)
    is_changed: bool = False


class TreeChange:
    """A tree being changed in memory; `written` stores what came of it."""

    def __init__(self, objects: Objects, root: str) -> None:
        self._objects = objects
        self._root_id = root
        self._root: _Folder | None = None
        self._contents: ChainMap[str, bytes | None] = ChainMap()
        self._folders: set[str] = set()

    async def apply(self, changes: Sequence[Change]) -> None:
        """Make changes, all or none.

        Raises:
            Misused: If a path is malformed, goes through a file, or is a folder.
        """
        contents, folders = self._contents, self._folders
        self._contents, self._folders = ChainMap({}, contents), set(folders)
        try:
            for change in changes:
                await self._make(change)
        except BaseException:
            self._contents, self._folders = contents, folders
            raise
        contents.update(self._contents.maps[0])
        self._contents = contents

    async def written(self) -> str:
        """Store every changed file and folder; return the root's id."""
        for path, content in self._contents.items():
            *folders, name = path.encode().split(b"/")
            folder = await self._folder(folders, make=content is not None)
            if folder is None:
                continue
            folder.is_changed = True
            if content is None:
                folder.entries.pop(name, None)
            else:
                folder.entries[name] = Entry(FILE, self._objects.write("blob", content))
        self._contents.clear()
        self._folders.clear()
        if self._root is None:
            return self._root_id
        return self._store(self._root) or self._objects.write("tree", b"")

    async def _make(self, change: Change) -> None:
        before = await self._content(change.path)
        after = _after(change, before)
        if after != before:
            self._contents[change.path] = after
            if after is not None:
                self._folders.update(_above(change.path))

    async def _content(self, path: str) -> bytes | None:
        if path in self._contents:
            return self._contents[path]
        checked_path(path)
        if path in self._folders or any(
            self._contents.get(folder) is not None for folder in _above(path)
        ):
            raise Misused("The path would be both a file and a folder.", detail=path)
        *folders, name = path.encode().split(b"/")
        folder = await self._folder(folders, make=False)
        entry = folder.entries.get(name) if folder is not None else None
        if entry is None:
            return None
        if entry.is_tree:
            raise Misused("The path is a folder of the branch.", detail=path)
        return await self._objects.read_blob(entry.id)

    async def _folder(self, names: list[bytes], *, make: bool) -> _Folder | None:
        if self._root is None:
            entries = dict(await self._objects.read_tree(self._root_id))
            self._root = _Folder(self._root_id, entries)
        folder = self._root
        for name in names:
            below = folder.opened.get(name) or await self._open(folder, name, make=make)
            if below is None:
                return None
            folder = below
        return folder

    async def _open(self, folder: _Folder, name: bytes, *, make: bool) -> _Folder | None:
        entry = folder.entries.get(name)
        if entry is None and not make:
            return None
        if entry is not None and not entry.is_tree:
            raise Misused("The path goes through a file.", detail=name.decode(errors="replace"))
        opened = (
            _Folder(None, {})
            if entry is None
            else _Folder(entry.id, dict(await self._objects.read_tree(entry.id)))
        )
        folder.opened[name] = opened
        return opened

    def _store(self, folder: _Folder) -> str | None:
        """Return the id of a folder, written anew if need be, or None if nothing is in it."""
        for name, below in folder.opened.items():
            made = self._store(below)
            if made == below.id:
                continue
            folder.is_changed = True
            if made is None:
                folder.entries.pop(name, None)
            else:
                folder.entries[name] = Entry(TREE, made)
        if not folder.is_changed:
            return folder.id
        if not folder.entries:
            return None
        return self._objects.write("tree", tree_content(folder.entries))


def _after(change: Change, before: bytes | None) -> bytes | None:
    match change:
        case WriteFile(content=content):
            return content
        case DeleteFile(was=was):
            return None if was in (None, before) else before
        case SwapFile(content=content, was=was):
            return content if before == was else before
        case AppendLine(line=line, key=key):
            return _appended(before or b"", line, key)
        case _:
            assert_never(change)


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _appended(before: bytes, line: bytes, key: str) -> bytes:
    if b"\n" in line:
        raise Misused("A line to append holds a newline.", detail=key)
    if _has_key(before, key):
        return before
    end = b"" if not before or before.endswith(b"\n") else b"\n"
    return before + end + line + b"\n"


def _has_key(lines: bytes, key: str) -> bool:
    quoted = {json.dumps(key).encode(), json.dumps(key, ensure_ascii=False).encode()}
    if not any(form in lines for form in quoted):
        return False
    return any(
        _key_of(line) == key for line in lines.split(b"\n") if any(form in line for form in quoted)
    )


def _key_of(line: bytes) -> object:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value.get("key") if isinstance(value, dict) else None
