"""What is known of all files of one tree, laid out so that a change is judged without a walk.

It holds plain values only: each file's facts as bytes that are opened when they are needed, and
by name which files have a document of it and which refer to one.
"""

import marshal
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from courier.planning.facts import FileFacts
from courier.planning.references import ANY_KIND
from courier.storage.judging import Judged
from courier.storage.reading import Entry, Told

MAYBE = "?"
"""Stands before the kind of a document that cannot be read."""

_ROOM = 3

Known = tuple[str, Entry]
"""The blob a file is, empty where it could not be read, and what it says."""


class Census(NamedTuple):
    """What is known of all files of one tree.

    Attributes:
        tree: The tree it was taken of.
        astray: The paths where files were different from that tree, or could not be read.
        paths: The files below ``.courier/``, sorted.
        ends: Where in `records` what is known of each ends.
        records: What is known of each, as bytes.
        owners: Kind and name to the numbers of the files that have such a document.
        users: Name to the numbers of the files that refer to it.
        projects: The numbers of files that have a Project, or may have one.
        told: Path to what is wrong with a file by itself.
        troubled: The files that do not go together with others.
        counts: Kind to number of valid documents.
        others: Blob and path to what is known of files that are no longer there, as bytes.
    """

    tree: str
    astray: tuple[str, ...]
    paths: list[str]
    ends: list[int]
    records: bytes
    owners: dict[str, list[int]]
    users: dict[str, list[int]]
    projects: list[int]
    told: dict[str, tuple[Told, ...]]
    troubled: tuple[str, ...]
    counts: dict[str, int]
    others: bytes

    def known(self, path: str) -> Known | None:
        """Return what is known of a file."""
        number = bisect_left(self.paths, path)
        if number == len(self.paths) or self.paths[number] != path:
            return None
        start = self.ends[number - 1] if number else 0
        found: Known = marshal.loads(memoryview(self.records)[start:])  # noqa: S302
        return found


class Memory:
    """What a census, if there is one, knows of files by their content."""

    def __init__(self, census: Census | None) -> None:
        """Keep the census."""
        self._census = census
        self._others: dict[tuple[str, str], Entry] | None = None

    def get(self, path: str, blob: str) -> Entry | None:
        """Return what is known of a blob at a path."""
        if self._census is None:
            return None
        found = self._census.known(path)
        if found is not None and found[0] == blob:
            return found[1]
        if self._others is None:
            self._others = marshal.loads(self._census.others)  # noqa: S302
        return (self._others or {}).get((blob, path))

    def beside(self, judged: Judged) -> dict[tuple[str, str], Entry]:
        """Return what is known of other files, as branches are switched back."""
        if self._census is None:
            return {}
        found: dict[tuple[str, str], Entry] = marshal.loads(self._census.others)  # noqa: S302
        for path in self._census.paths:
            known = self._census.known(path)
            if known and known[0]:
                blob, entry = known
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
    records: list[bytes] = []
    ends: list[int] = []
    owners: dict[str, list[int]] = {}
    users: dict[str, list[int]] = {}
    end = 0
    for number, known in enumerate(judged.entries.values()):
        records.append(marshal.dumps(known))
        end += len(records[-1])
        ends.append(end)
        facts = known[1][0]
        for key in owned(facts):
            owners.setdefault(key, []).append(number)
        for name in used(facts):
            users.setdefault(name, []).append(number)
    unread = [path for path, (blob, _) in judged.entries.items() if not blob]
    return Census(
        tree=tree,
        astray=tuple({*astray, *unread}),
        paths=list(judged.entries),
        ends=ends,
        records=b"".join(records),
        owners=owners,
        users=users,
        projects=[
            at for key, numbers in owners.items() if key.startswith(_PROJECTS) for at in numbers
        ],
        told={path: told for path, (_, (_, told)) in judged.entries.items() if told},
        troubled=judged.troubled,
        counts=judged.counts,
        others=marshal.dumps(memory.beside(judged)),
    )


_PROJECTS = ("Project/", f"{MAYBE}Project/", f"{MAYBE}{ANY_KIND}/")


def owned(facts: FileFacts) -> Iterator[str]:
    """Yield kind and name of every document of a file, and of those it may have."""
    for each in facts[0]:
        yield f"{each[0]}/{each[1]}"
    for each in facts[1]:
        yield f"{each[0]}/{each[1]}"
    for kind, name in facts[2]:
        yield f"{MAYBE}{kind}/{name}"


def used(facts: FileFacts) -> Iterator[str]:
    """Yield every name that documents of a file refer to, of whatever kind."""
    whole, broken, _ = facts
    names = {naming[2] for each in whole for naming in each[3]}
    names.update(naming[2] for each in broken for naming in each[3])
    names.update(claim[1][1] for each in (*whole, *broken) for claim in each[5])
    yield from names
