"""What differs between two trees, as ``git diff-tree -r`` tells it, without a process."""

import stat
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from courier.storage.objects import TREE, Entry, Tree

ReadTree = Callable[[str], Awaitable[Tree]]
"""From a tree's id to its entries."""

NOTHING: Final = "000000"
NO_ID: Final = "0" * 40
_DEEPEST: Final = 4096


class Difference(NamedTuple):
    """One path that differs; the modes are ``000000`` and the ids zeros where it is not there."""

    path: bytes
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str


class TooMuch(Exception):
    """More differs than was asked for."""


_Side = str | None
"""The id of a tree, or nothing."""


async def tree_differences(
    old: str, new: str, *, read: ReadTree, most: int
) -> tuple[Difference, ...]:
    """Return every path that differs between two trees, in git's order.

    Raises:
        TooMuch: If there are more than ``most``, or the path of one is absurdly long.
    """
    found: list[Difference] = []
    left: list[Difference | tuple[bytes, _Side, _Side]] = [(b"", old, new)]
    while left:
        item = left.pop()
        if isinstance(item, Difference):
            found.append(item)
            if len(found) > most:
                raise TooMuch
            continue
        prefix, before, after = item
        if len(prefix) > _DEEPEST or len(left) > 64 * most:
            raise TooMuch
        if before != after:
            inside = _compared(prefix, await _entries(before, read), await _entries(after, read))
            left.extend(reversed(inside))
    return tuple(found)


async def _entries(tree: _Side, read: ReadTree) -> Tree:
    return {} if tree is None else await read(tree)


def _compared(prefix: bytes, old: Tree, new: Tree) -> list[Difference | tuple[bytes, _Side, _Side]]:
    before, after = _keyed(old), _keyed(new)
    items: list[Difference | tuple[bytes, _Side, _Side]] = []
    for key in sorted(before.keys() | after.keys()):
        one, two = before.get(key), after.get(key)
        if one == two:
            continue
        if key.endswith(b"/"):
            items.append((prefix + key, one.id if one else None, two.id if two else None))
        elif (shown := _difference(prefix + key, one, two)) is not None:
            items.append(shown)
    return items


def _keyed(tree: Tree) -> dict[bytes, Entry]:
    """Return the entries under names that sort as git sorts them: a folder's ends in ``/``."""
    return {name + b"/" if entry.is_tree else name: entry for name, entry in tree.items()}


def _difference(path: bytes, old: Entry | None, new: Entry | None) -> Difference | None:
    old_mode = _canonical(old.mode) if old else NOTHING
    new_mode = _canonical(new.mode) if new else NOTHING
    old_id, new_id = old.id if old else NO_ID, new.id if new else NO_ID
    if (old_mode, old_id) == (new_mode, new_id):
        return None
    return Difference(path, old_mode, new_mode, old_id, new_id)


def _canonical(mode: str) -> str:
    """Return a mode as git understands it, however it is written."""
    bits = int(mode, 8)
    if stat.S_ISREG(bits):
        return "100755" if bits & 0o100 else "100644"
    if stat.S_ISLNK(bits):
        return "120000"
    return f"{TREE:0>6}" if stat.S_ISDIR(bits) else "160000"
