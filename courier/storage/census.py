"""What is known of all files of one tree, laid out so that a change is judged without a walk.

It holds plain values only: each file's facts as bytes that are opened when they are needed, and
by name which files have a document of it and which refer to one.
"""

import marshal
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from courier.planning.documents.facts import FileFacts
from courier.planning.documents.references import ANY_KIND
from courier.storage.judging import Judged
from courier.storage.reading import Entry, Told

MAYBE = "?"
"""Stands before the kind of a document that cannot be read."""

_ROOM = 3
_TOGETHER = 16
"""So many files are opened when one is needed; fewer cost more to lay down."""

Owners = dict[str, dict[str, list[int]]]

Known = tuple[str, Entry]
"""The blob a file is, empty where it could not be read, and what it says."""


class Census(NamedTuple):
    """What is known of all files of one tree.

    Attributes:
        tree: The tree it was taken of.
        astray: The paths where files were different from that tree, or could not be read.
        paths: The files below ``.courier/``, sorted.
        pages: What is known of each, in the order of `paths`, so many together as bytes.
        owners: Kind to name to the numbers of the files that have such a document.
        users: Name to the numbers of the files that refer to it.
        projects: The numbers of files that have a Project, or something of unknown kind.
        told: Path to what is wrong with a file by itself.
        troubled: The files that do not go together with others.
        counts: Kind to number of valid documents.
        others: Blob and path to what is known of files that are no longer there, as bytes.
    """

    tree: str
    astray: tuple[str, ...]
    paths: list[str]
    pages: list[bytes]
    owners: Owners
    users: dict[str, list[int]]
    projects: list[int]
    told: dict[str, tuple[Told, ...]]
    troubled: tuple[str, ...]
    counts: dict[str, int]
    others: bytes

    def owners_of(self, kind: str, name: str) -> list[int]:
        """Return the numbers of the files that have a document of a kind and name."""
        return self.owners.get(kind, {}).get(name, [])

    def known(self, path: str) -> Known | None:
        """Return what is known of a file."""
        number = self.number_of(path)
        return None if number is None else self.page(number // _TOGETHER)[number % _TOGETHER]

    def number_of(self, path: str) -> int | None:
        """Return the place of a file among the paths; None where it is not one of them."""
        number = bisect_left(self.paths, path)
        return number if number < len(self.paths) and self.paths[number] == path else None

    def page(self, at: int) -> list[Known]:
        """Return what is known of the files of one page."""
        found: list[Known] = marshal.loads(self.pages[at])  # noqa: S302
        return found

    def everything(self) -> Iterator[tuple[str, Known]]:
        """Yield every path and what is known of it."""
        known = (each for page in self.pages for each in marshal.loads(page))  # noqa: S302
        return zip(self.paths, known, strict=True)


class Memory:
    """What a census, if there is one, knows of files by their content."""

    def __init__(self, census: Census | None) -> None:
        """Keep the census."""
        self._census = census
        self._others: dict[tuple[str, str], Entry] | None = None
        self._open: tuple[int, list[Known]] = (-1, [])

    def get(self, path: str, blob: str) -> Entry | None:
        """Return what is known of a blob at a path."""
        if self._census is None:
            return None
        number = self._census.number_of(path)
        if number is not None:
            page = number // _TOGETHER
            # Files are mostly asked for in order.
            if page != self._open[0]:
                self._open = (page, self._census.page(page))
            found = self._open[1][number % _TOGETHER]
            if found[0] == blob:
                return found[1]
        if self._others is None:
            self._others = marshal.loads(self._census.others)  # noqa: S302
        return (self._others or {}).get((blob, path))

    def beside(self, judged: Judged) -> dict[tuple[str, str], Entry]:
        """Return what is known of other files, as branches are switched back."""
        if self._census is None:
            return {}
        found: dict[tuple[str, str], Entry] = marshal.loads(self._census.others)  # noqa: S302
        for path, (blob, entry) in self._census.everything():
            if blob:
                found[blob, path] = entry
        for path, (blob, _) in judged.entries.items():
            found.pop((blob, path), None)
        newest = list(found)[-_ROOM * len(judged.entries) :]
        return {name: found[name] for name in newest}


def take(tree: str, astray: Iterable[str], judged: Judged, memory: Memory) -> Census:
    """Return a census of a tree all of whose files were judged.

    Args:
        tree: Its id.
        astray: The paths where files differ from it.
        judged: What came out.
        memory: What was known before.
    """
    known = list(judged.entries.values())
    starts = range(0, len(known), _TOGETHER)
    owners, users = _by_name(judged)
    alone = {path: entry[1] for path, (_, entry) in judged.entries.items() if entry[1]}
    projects = [each for kind in _PROJECTS for each in owners.get(kind, {}).values()]
    return Census(
        tree=tree,
        astray=tuple({*astray, *judged.unread}),
        paths=list(judged.entries),
        pages=[marshal.dumps(known[at : at + _TOGETHER]) for at in starts],
        owners=owners,
        users=users,
        projects=[number for numbers in projects for number in numbers],
        told=alone,
        troubled=judged.troubled,
        counts=judged.counts,
        others=marshal.dumps(memory.beside(judged)),
    )


def _by_name(judged: Judged) -> tuple[Owners, dict[str, list[int]]]:
    """Return which files have a document of a kind and name, and which refer to a name."""
    owners: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    users: dict[str, list[int]] = defaultdict(list)
    for number, (_, (facts, _)) in enumerate(judged.entries.values()):
        whole, broken, guesses = facts
        for each in (*whole, *broken) if broken else whole:
            owners[each[0]][each[1]].append(number)
            for naming in each[3]:
                users[naming[2]].append(number)
        for kind, name in guesses:
            owners[f"{MAYBE}{kind}"][name].append(number)
    # What is written must be plain.
    return {kind: dict(names) for kind, names in owners.items()}, dict(users)


_PROJECTS = ("Project", f"{MAYBE}Project", f"{MAYBE}{ANY_KIND}")


def owned(facts: FileFacts) -> Iterator[tuple[str, str]]:
    """Yield kind and name of every document of a file, and of those it may have."""
    for each in (*facts[0], *facts[1]):
        yield each[0], each[1]
    for kind, name in facts[2]:
        yield f"{MAYBE}{kind}", name
