"""The files below ``.courier/`` of a working tree: which there are, and which git knows unchanged.

Imports next to nothing: this runs before every `courier validate`.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

FOLDER = ".courier"
UNREADABLE = "FileUnreadable"
"""What is said of a file that cannot be opened; it may be readable the next time."""

_REGULAR = ("100644", "100755")
_NEAR = 300
"""So many changes are judged by themselves; of more, it costs no more to look at all files."""
_BLOB = len("100644 blob ")
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "--no-optional-locks")


class Tree(NamedTuple):
    """What is known of a working tree before any file is read.

    Attributes:
        root: The folder that holds ``.courier/``.
        tree: The id git gives to the content of ``.courier/`` at HEAD; empty where there is none.
        status: What git says differs from that; None where git says nothing at all.
        prefix: Where the root is in the repository, with a slash at its end, or empty.
    """

    root: str
    tree: str
    status: bytes | None
    prefix: str

    @property
    def is_clean(self) -> bool:
        """Return whether the files are those of the tree at HEAD."""
        return bool(self.tree) and self.status == b""


def find_root(start: str) -> str | None:
    """Return the nearest folder, from `start` upwards, that holds ``.courier/``."""
    here = os.path.abspath(start)  # noqa: PTH100
    if os.path.basename(here) == FOLDER:  # noqa: PTH119
        here = os.path.dirname(here)  # noqa: PTH120
    while not os.path.isdir(f"{here}/{FOLDER}"):  # noqa: PTH112
        above = os.path.dirname(here)  # noqa: PTH120
        if above == here:
            return None
        here = above
    return here


def look(root: str, environment: Mapping[str, str]) -> Tree:
    """Ask git about a working tree; both questions run at the same time."""
    status = _start(_status_words(root), environment)
    asked = _start(_named_words(root), environment)
    told = _finish(status)
    answer = _finish(asked)
    lines = answer.decode("utf-8", "surrogateescape").split("\n") if answer else []
    if told is None:
        return Tree(root, "", None, "")
    if len(lines) < 2:
        return Tree(root, "", told, _prefix(root, environment))
    return Tree(root, lines[1], told, lines[0])


def named(root: str, environment: Mapping[str, str]) -> Tree:
    """Return a working tree with what HEAD says of it; its status was not asked for."""
    answer = _finish(_start(_named_words(root), environment))
    lines = answer.decode("utf-8", "surrogateescape").split("\n") if answer else []
    return Tree(root, lines[1], None, lines[0]) if len(lines) > 1 else Tree(root, "", None, "")


def with_status(tree: Tree, environment: Mapping[str, str]) -> Tree:
    """Return a working tree with what git says now that differs from HEAD."""
    return tree._replace(status=_finish(_start(_status_words(tree.root), environment)))


def blobs(tree: Tree, environment: Mapping[str, str]) -> dict[str, str]:
    """Return path below ``.courier/`` to blob id; an empty id says: not known, read it."""
    if tree.status is None:
        return dict.fromkeys(_scan(f"{tree.root}/{FOLDER}"), "")
    found: dict[str, str] = {}
    if tree.tree:
        listed = committed(tree, environment)
        if listed is None:
            return dict.fromkeys(_scan(f"{tree.root}/{FOLDER}"), "")
        found = listed
    for path, blob in astray(tree).items():
        if blob is None:
            found.pop(path, None)
        else:
            found[path] = blob
    return found


def committed(tree: Tree, environment: Mapping[str, str]) -> dict[str, str] | None:
    """Return path below ``.courier/`` to blob id as HEAD has them; None where git does not say."""
    return _listed(tree, (), environment)


def astray(tree: Tree) -> dict[str, str | None]:
    """Return what differs from HEAD: path to an empty id where there is a file, else to None."""
    return {
        path: "" if _is_regular(f"{tree.root}/{FOLDER}/{path}") else None for path in dirty(tree)
    }


def changes(
    tree: Tree, former: str, former_astray: Collection[str], environment: Mapping[str, str]
) -> dict[str, str | None] | None:
    """Return what may be different from a tree of before.

    Args:
        tree: What is known of the working tree.
        former: The id of that tree.
        former_astray: The files that were different from it.
        environment: The environment for git.

    Returns:
        Path below ``.courier/`` to blob id; empty where the file is unlike any commit, None where
        it is gone. None if that is unknown or more than can be judged by itself.
    """
    if tree.status is None or not tree.tree or not former:
        return None
    found: dict[str, str | None] = {}
    if former != tree.tree:
        words = ("diff-tree", "-r", "-z", "--no-renames", former, tree.tree)
        told = _finish(_start((*_GIT, "-C", tree.root, *words), environment))
        if told is None:
            return None
        fields = told.decode("utf-8", "surrogateescape").split("\0")
        for facts, path in zip(fields[::2], fields[1::2], strict=False):
            _, mode, _, blob, _ = facts.split(" ")
            found[path] = blob if mode in _REGULAR else None
    now = astray(tree)
    rest = [path for path in former_astray if path not in found and path not in now]
    if len(found) + len(now) + len(rest) > _NEAR:
        return None
    listed = _listed(tree, rest, environment) if rest else {}
    if listed is None:
        return None
    return {**found, **dict.fromkeys(rest), **listed, **now}


def _listed(
    tree: Tree, paths: Collection[str], environment: Mapping[str, str]
) -> dict[str, str] | None:
    """Return path to blob id of the tree's files, or of some; None where git does not say."""
    words = ("ls-tree", "-rz", "--full-tree", tree.tree, *paths)
    listed = _finish(_start((*_GIT, "-C", tree.root, *words), environment))
    if listed is None:
        return None
    end = _BLOB + len(tree.tree)
    return {
        line[end + 1 :]: line[_BLOB:end]
        for line in listed.decode("utf-8", "surrogateescape").split("\0")
        if line.startswith(_REGULAR)
    }


def has_moved(tree: Tree, paths: Collection[str], environment: Mapping[str, str]) -> bool:
    """Return whether one of these tracked files is no longer what the index says."""
    words = ("diff-files", "--name-only", "-z", "--", FOLDER)
    answer = _finish(_start((*_GIT, "-C", tree.root, *words), environment))
    if answer is None:
        return True
    start = f"{tree.prefix}{FOLDER}/"
    changed = answer.decode("utf-8", "surrogateescape").split("\0")
    return not {path.removeprefix(start) for path in changed}.isdisjoint(paths)


def _named_words(root: str) -> tuple[str, ...]:
    return (*_GIT, "-C", root, "rev-parse", "--show-prefix", f"HEAD:./{FOLDER}")


def _status_words(root: str) -> tuple[str, ...]:
    words = ("status", "--porcelain=v1", "-z", "-uall", "--no-renames", "--", FOLDER)
    return (*_GIT, "-C", root, *words)


def dirty(tree: Tree) -> Iterator[str]:
    """Yield the paths below ``.courier/`` where git says that files differ from HEAD."""
    start = f"{tree.prefix}{FOLDER}/"
    for line in (tree.status or b"").decode("utf-8", "surrogateescape").split("\0")[:-1]:
        if line[3:].startswith(start):
            yield line[3:].removeprefix(start)


def _prefix(root: str, environment: Mapping[str, str]) -> str:
    answer = _finish(_start((*_GIT, "-C", root, "rev-parse", "--show-prefix"), environment))
    return answer.decode("utf-8", "surrogateescape").rstrip("\n") if answer else ""


def _scan(folder: str, below: str = "") -> Iterator[str]:
    with os.scandir(f"{folder}/{below}") as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _scan(folder, f"{below}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                yield f"{below}{entry.name}"


def _is_regular(path: str) -> bool:
    return os.path.isfile(path) and not os.path.islink(path)  # noqa: PTH113, PTH114


def _start(words: tuple[str, ...], environment: Mapping[str, str]) -> tuple[int, int] | None:
    # The subprocess module costs more to import than these questions cost to ask.
    reading, writing = os.pipe()
    actions = (
        (os.POSIX_SPAWN_DUP2, writing, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    )
    try:
        pid = os.posix_spawnp(words[0], words, environment, file_actions=actions)
    except OSError:
        os.close(reading)
        return None
    finally:
        os.close(writing)
    return pid, reading


def _finish(started: tuple[int, int] | None) -> bytes | None:
    if started is None:
        return None
    pid, reading = started
    with open(reading, "rb") as pipe:  # noqa: PTH123
        out = pipe.read()
    _, code = os.waitpid(pid, 0)
    return out if code == 0 else None
