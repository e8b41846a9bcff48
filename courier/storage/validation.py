"""Validating a working tree, doing again only what a change reaches.

An unchanged tree costs two questions to git. Of one that changed a little, only the files that
changed and those whose verdict depends on them are looked at; otherwise all are, and only files
whose content is new are read.
"""

import os
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from courier import __version__
from courier.shipped import schema_stamp
from courier.storage.verdicts import Cache
from courier.storage.workingtree import (
    UNREADABLE,
    Tree,
    astray,
    blobs,
    changes,
    committed,
    dirty,
    has_moved,
    look,
    named,
    with_status,
)

if TYPE_CHECKING:
    from courier.storage.census import Census
    from courier.storage.judging import Judged

_PARSER = "fast21"
_FEW = 20
"""So many files are read again sooner than what is known of all is written anew."""

Told = tuple[str, str, str, str, str, int, int]
"""A diagnostic as plain values: severity, code, summary, detail, file, line, column."""


class Verdict(NamedTuple):
    """What is wrong with the documents of a tree.

    Attributes:
        diagnostics: Every problem as plain values, in reading order; see `problems`.
        counts: Kind to number of valid documents.
        tree: The id of the tree that was judged; empty where files differ from every commit.
    """

    diagnostics: tuple[Told, ...]
    counts: Mapping[str, int]
    tree: str

    @property
    def is_valid(self) -> bool:
        """Return whether no problem is an error."""
        return not any(told[0] == "error" for told in self.diagnostics)


def validate_tree(
    root: str, *, environment: Mapping[str, str], cache_folder: str | None
) -> Verdict:
    """Judge the documents of a working tree.

    Args:
        root: The folder that holds ``.courier/``.
        environment: The environment for git.
        cache_folder: Where to keep what may be of use later; None to keep and trust nothing.
    """
    cache = Cache(cache_folder, _key) if cache_folder else None
    shelf = f"facts-{zlib.crc32(os.fsencode(root)):08x}"
    if cache and not cache.has(shelf):
        found = _first(root, environment, cache)
        if found is not None:
            tree, judged = found
            kept = (cache, shelf if judged.learnt > _FEW else "", None)
            return _settled(tree, judged, environment, kept)
    tree = look(root, environment)
    if cache and tree.is_clean:
        known = cache.load(f"tree-{tree.tree}")
        if known is not None:
            return Verdict(*known)
    return _judged(tree, environment, cache, shelf)


def _first(root: str, environment: Mapping[str, str], cache: Cache) -> "tuple[Tree, Judged] | None":
    """Return what comes of files nothing is known about, by asking git once they were read.

    That answers at once what differs from HEAD and that nothing moved meanwhile.
    """
    tree = named(root, environment)
    if not tree.tree or cache.has(f"tree-{tree.tree}"):
        return None
    files = committed(tree, environment)
    if files is None:
        return None
    from courier.storage.census import Memory
    from courier.storage.judging import judge

    asked: list[Tree] = []

    def late() -> Mapping[str, str | None]:
        asked.append(with_status(tree, environment))
        return astray(asked[0])

    judged = judge(root, files, Memory(None), late=late)
    return None if asked[0].status is None else (asked[0], judged)


def _judged(tree: Tree, environment: Mapping[str, str], cache: Cache | None, shelf: str) -> Verdict:
    from courier.storage.census import Memory
    from courier.storage.judging import judge

    census = _kept(cache, shelf)
    found = changes(tree, census.tree, census.astray, environment) if census else None
    judged = None
    if census and found is not None:
        from courier.storage.reach import judge_change

        judged = judge_change(tree.root, census, found, most_new=_FEW)
    if judged is not None:
        return _settled(tree, judged, environment, (cache, "", census))
    judged = judge(tree.root, blobs(tree, environment), Memory(census))
    is_far = census is not None and found is None and bool(tree.tree)
    learns = judged.learnt > _FEW or is_far
    return _settled(tree, judged, environment, (cache, shelf if learns else "", census))


def _settled(
    tree: Tree,
    judged: "Judged",
    environment: Mapping[str, str],
    kept: "tuple[Cache | None, str, Census | None]",
) -> Verdict:
    """Return the verdict; keep it, and where a shelf is named what was learnt, if it may be."""
    from courier.storage.census import Memory, take

    cache, shelf, census = kept
    verdict = Verdict(judged.diagnostics, judged.counts, tree.tree if tree.is_clean else "")
    lasts = tree.is_clean and not any(told[1] == UNREADABLE for told in judged.diagnostics)
    if cache and (shelf or lasts) and not _moved(tree, judged.trusted, environment):
        if shelf:
            cache.save(shelf, tuple(take(tree.tree, dirty(tree), judged, Memory(census))))
        if lasts:
            cache.save(f"tree-{tree.tree}", tuple(verdict))
    return verdict


def _kept(cache: Cache | None, shelf: str) -> "Census | None":
    from courier.storage.census import Census

    kept = cache.load(shelf) if cache else None
    return None if kept is None else Census(*kept)


def _moved(tree: Tree, trusted: Sequence[str], environment: Mapping[str, str]) -> bool:
    # A file edited while we read must not be remembered under the id it had before.
    paths = set(trusted).difference(dirty(tree))
    return bool(paths) and tree.status is not None and has_moved(tree, paths, environment)


def _key() -> str:
    return f"{__version__} {_PARSER} {schema_stamp()}"
