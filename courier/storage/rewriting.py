"""History made shorter: commits of records told anew, with fewer of them or with fewer files."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from courier.storage.objects import TREE, Entry, Tree, tree_content

_SKIP: Final = "[skip ci]"
_LEFT_OUT: Final = (b"parent ", b"gpgsig ", b"gpgsig-sha256 ")


@dataclass(frozen=True, slots=True)
class Shelves:
    """How commits and trees are read by id, and how an object of a kind is written."""

    read_commit: Callable[[str], Awaitable[bytes]]
    read_tree: Callable[[str], Awaitable[Tree]]
    write: Callable[[str, bytes], str]


Rewrite = Callable[[str, Shelves], Awaitable[str | None]]
"""From a tip to what takes its place: itself where nothing is to be done, None for nothing."""


def thinned(paths: Collection[str]) -> Rewrite:
    """Return what leaves files out, and with them all history, in which they would stay."""

    async def rewrite(tip: str, shelves: Shelves) -> str | None:
        content = await shelves.read_commit(tip)
        root = _tree_of(content)
        left = await _without(root, [path.encode().split(b"/") for path in paths], shelves)
        if left == root:
            return tip
        if left is None:
            return None
        told = f"Leave out {len(paths)} files whose time is over\n\n{_SKIP}\n"
        return shelves.write("commit", _retold(content, tree=left, message=told.encode()))

    return rewrite


def compacted(before: datetime) -> Rewrite:
    """Return what makes one commit of all that were made before a moment, the files as they are."""

    async def rewrite(tip: str, shelves: Shelves) -> str | None:
        line = [content async for content in _line(tip, shelves)]
        young = [number for number, one in enumerate(line) if committed_at(one) >= before]
        cut = young[-1] + 1 if young else 0
        recent, old = line[:cut], line[cut:]
        if len(old) < 2:
            return tip
        at = committed_at(old[0])
        message = (
            f"Compact the history before {at:%Y-%m-%d %H:%M} UTC\n\n"
            f"{len(old)} commits became this one. What is on record did not change; a clone with "
            "the\nformer history can fetch as ever.\n\n"
            f"{_SKIP}\n"
        )
        made = shelves.write("commit", _retold(old[0], message=message.encode()))
        for content in reversed(recent):
            made = shelves.write("commit", _retold(content, parent=made))
        return made

    return rewrite


def committed_at(commit: bytes) -> datetime:
    """Return when a commit was made, by its content."""
    line = next(each for each in _head(commit) if each.startswith(b"committer "))
    return datetime.fromtimestamp(int(line.rsplit(b" ", 2)[1]), UTC)


async def _line(tip: str, shelves: Shelves) -> AsyncIterator[bytes]:
    """Yield the contents of a commit and of all before it, each by its first parent."""
    at: str | None = tip
    while at is not None:
        content = await shelves.read_commit(at)
        yield content
        parents = (each for each in _head(content) if each.startswith(b"parent "))
        at = next((each[7:].decode() for each in parents), None)


async def _without(tree: str, paths: Iterable[list[bytes]], shelves: Shelves) -> str | None:
    """Return a tree without some of its files; None if nothing is left."""
    entries = dict(await shelves.read_tree(tree))
    inside: dict[bytes, list[list[bytes]]] = {}
    for name, *rest in paths:
        inside.setdefault(name, []).append(rest)
    for name, rests in inside.items():
        entry = entries.get(name)
        if entry is None:
            continue
        left = await _without(entry.id, rests, shelves) if entry.is_tree and all(rests) else None
        if left is None:
            del entries[name]
        else:
            entries[name] = Entry(TREE, left)
    return shelves.write("tree", tree_content(entries)) if entries else None


def _head(commit: bytes) -> list[bytes]:
    return commit.partition(b"\n\n")[0].split(b"\n")


def _tree_of(commit: bytes) -> str:
    return commit[5:45].decode()


def _retold(
    commit: bytes, *, parent: str | None = None, tree: str | None = None, message: bytes = b""
) -> bytes:
    """Return a commit's content with one parent or none; what signed it does not hold any more."""
    lines, is_left_out = [f"tree {tree or _tree_of(commit)}".encode()], False
    if parent is not None:
        lines.append(f"parent {parent}".encode())
    for line in _head(commit)[1:]:
        is_left_out = line.startswith(_LEFT_OUT) or (is_left_out and line.startswith(b" "))
        if not is_left_out:
            lines.append(line)
    return b"\n".join(lines) + b"\n\n" + (message or commit.partition(b"\n\n")[2])
