"""Judging a change to a tree that all is known of: only what the change reaches is looked at.

The answer is the one that a look at all files gives; where much is reached, there is none.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from courier.planning.catalog.crosscheck import crosscheck, depends
from courier.planning.documents.facts import FileFacts, Parts
from courier.planning.documents.references import ANY_KIND
from courier.resources.names import BUILTIN_NAMES
from courier.storage.census import MAYBE, Census, Memory, owned
from courier.storage.judging import Judged, in_order
from courier.storage.reading import Entry, Reader
from courier.storage.workingtree import FOLDER

_FAR = 1_000
"""So many files are looked at sooner all together."""

Given = dict[str, list[tuple[str, Parts]]]
"""Name to the kinds and parts of the documents that have it."""

_WHO_IS_THE_PROJECT = ("Project", f"{MAYBE}Project", f"{MAYBE}{ANY_KIND}")


def judge_change(
    root: str, census: Census, changes: Mapping[str, str | None], *, most_new: int
) -> Judged | None:
    """Check the files that changed since a census, and those the change reaches.

    Args:
        root: The folder that holds ``.courier/``.
        census: What is known of all files before the change.
        changes: Path below ``.courier/`` to blob id; empty where the file is unlike any commit,
            None where it is gone.
        most_new: The most blobs to learn of; where there are more, all is better judged anew.

    Returns:
        What came out; None where too much is reached.
    """
    reader = Reader(root, Memory(census))
    new = _read(reader, changes, most_new)
    if new is None:
        return None
    old = {path: known[1] for path in changes if (known := census.known(path))}
    reach = _Reach(census, old, new)
    shifted = reach.shifted()
    if shifted is None:
        return None
    looked_at = reach.looked_at(shifted)
    if len(looked_at) > _FAR or reach.has_chains():
        return None
    findings = crosscheck(
        {f"{FOLDER}/{path}": facts for path, facts in reach.needed(looked_at).items()},
        only={f"{FOLDER}/{path}" for path in looked_at},
        named=reach.named,
    )
    told = [each for path, said in census.told.items() if path not in changes for each in said]
    told += [each for _, said in new.values() for each in said]
    told += reader.placed(findings)
    return Judged(tuple(in_order(told)), reach.counts(), reader.trusted, reader.learnt, {}, (), ())


def _read(
    reader: Reader, changes: Mapping[str, str | None], most_new: int
) -> dict[str, Entry] | None:
    found: dict[str, Entry] = {}
    for path, blob in sorted(changes.items()):
        if blob:
            known = reader.entry(path, blob)
            entry = known[1] if known else None
        else:
            entry = None if blob is None else reader.fresh(path)
        if entry is not None:
            found[path] = entry
        if reader.learnt > most_new:
            return None
    return found


class _Reach:
    """A census, and what files said before and say after a change."""

    def __init__(self, census: Census, old: Mapping[str, Entry], new: Mapping[str, Entry]) -> None:
        self._census = census
        self._old = old
        self._new = new
        self._paths = census.paths
        self._touched = {*old, *new}

    def shifted(self) -> set[tuple[str, str]] | None:
        """Return kind and name of all that is no longer what it was; None if a Project is."""
        found: set[tuple[str, str]] = set()
        for path in self._touched:
            before, after = _given(self._old.get(path)), _given(self._new.get(path))
            for name in before.keys() | after.keys():
                was, now = before.get(name, []), after.get(name, [])
                if was != now:
                    found.update((kind, name) for kind, _ in (*was, *now))
        return None if any(kind in _WHO_IS_THE_PROJECT for kind, _ in found) else found

    def looked_at(self, shifted: Iterable[tuple[str, str]]) -> set[str]:
        """Return the files that may be judged differently than before."""
        numbers: set[int] = set()
        for kind, name in shifted:
            numbers.update(self._census.users.get(name, ()))
            numbers.update(self._census.owners_of(kind, name))
        reached = {self._paths[number] for number in numbers}
        return (reached | {*self._census.troubled}) - self._touched | self._new.keys()

    def has_chains(self) -> bool:
        """Return whether Runs wait for others where anything changed or was wrong.

        Only then a circle may have come, gone or to be told again, and any file be part of it.
        """
        entries = [entry[0] for entry in (*self._old.values(), *self._new.values())]
        entries += [self._facts(path) for path in self._census.troubled]
        return any(depends(facts) for each in entries for facts in (*each[0], *each[1]))

    def needed(self, paths: Iterable[str]) -> dict[str, FileFacts]:
        """Return the facts of files, and of all others that what is said of them depends on."""
        found = {path: entry[0] for path, entry in self._new.items()}
        found |= {path: self._facts(path) for path in paths if path not in found}
        keys = {key for path in paths for key in _asked(found[path])}
        numbers = {number for key in keys for number in self._census.owners_of(*key)}
        for number in numbers.union(self._census.projects):
            path = self._paths[number]
            if path not in self._touched and path not in found:
                found[path] = self._facts(path)
        return found

    def named(self, kind: str) -> list[str]:
        """Return every name of a kind, sorted."""
        found = {
            name
            for name, numbers in self._census.owners.get(kind, {}).items()
            if any(self._paths[number] not in self._touched for number in numbers)
        }
        for facts, _ in self._new.values():
            found.update(name for each, name in owned(facts) if each == kind)
        return sorted(found.union(BUILTIN_NAMES.get(kind, ())) - {""})

    def counts(self) -> dict[str, int]:
        """Return kind to number of valid documents."""
        counts = Counter(self._census.counts)
        counts.update(facts[0] for entry in self._new.values() for facts in entry[0][0])
        counts.subtract(Counter(facts[0] for entry in self._old.values() for facts in entry[0][0]))
        return {kind: count for kind, count in counts.items() if count}

    def _facts(self, path: str) -> FileFacts:
        known = self._census.known(path)
        if known is None:
            raise KeyError(path)
        return known[1][0]


def _given(entry: Entry | None) -> Given:
    found: Given = {}
    if entry is not None:
        whole, broken, guesses = entry[0]
        for each in sorted((*whole, *broken), key=lambda facts: facts[2]):
            found.setdefault(each[1], []).append((each[0], each[4]))
        for kind, name in guesses:
            found.setdefault(name, []).append((f"{MAYBE}{kind}", None))
    return found


def _asked(facts: FileFacts) -> Iterator[tuple[str, str]]:
    """Yield what the owners are needed of, to judge a file; who may be a Project always is."""
    yield from owned(facts)
    for each in (*facts[0], *facts[1]):
        for _, kinds, name in each[3]:
            for kind in kinds:
                yield kind, name
                yield f"{MAYBE}{kind}", name
