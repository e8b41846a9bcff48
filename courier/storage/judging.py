"""Judging all files of a working tree, from what is known of them or else by reading them."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from courier.planning.catalog.crosscheck import crosscheck
from courier.storage.reading import Entry, Former, Reader, Told
from courier.storage.workingtree import FOLDER


class Judged(NamedTuple):
    """What came out.

    Attributes:
        diagnostics: Every problem, in reading order.
        counts: Kind to number of valid documents.
        trusted: The files that were taken for the blobs git said they are.
        learnt: How many files nothing was known of before.
        entries: Path below ``.courier/`` to blob and what is known, if all files were looked at.
        unread: The files that could not be read, if all were looked at.
        troubled: The files that do not go together with others.
    """

    diagnostics: tuple[Told, ...]
    counts: dict[str, int]
    trusted: list[str]
    learnt: int
    entries: Mapping[str, tuple[str, Entry]]
    unread: tuple[str, ...]
    troubled: tuple[str, ...]


Late = Callable[[], Mapping[str, str | None]]
"""Tells once the files were read which are not the blobs they were taken for, or are gone."""


def judge(
    root: str, blobs: Mapping[str, str], former: Former, *, late: Late | None = None
) -> Judged:
    """Check all files of a working tree.

    Args:
        root: The folder that holds ``.courier/``.
        blobs: Path below ``.courier/`` to blob id; an empty id is worked out.
        former: What was known before.
        late: Asked after reading, where it was not asked before; what it says is read again.
    """
    reader = Reader(root, former)
    entries = {
        path: found for path, blob in sorted(blobs.items()) if (found := reader.entry(path, blob))
    }
    if late is not None:
        entries = _corrected(entries, reader, late())
    findings = crosscheck({f"{FOLDER}/{path}": found[1][0] for path, found in entries.items()})
    told = [each for found in entries.values() for each in found[1][1]]
    told += reader.placed(findings)
    counts = Counter([facts[0] for found in entries.values() for facts in found[1][0][0]])
    troubled = {finding.path.removeprefix(f"{FOLDER}/") for finding in findings}
    return Judged(
        tuple(in_order(told)),
        dict(counts),
        reader.trusted,
        reader.learnt,
        entries,
        tuple(reader.unread),
        tuple(sorted(troubled)),
    )


def _corrected(
    entries: dict[str, tuple[str, Entry]], reader: Reader, found: Mapping[str, str | None]
) -> dict[str, tuple[str, Entry]]:
    """Return what is known of the files after reading those again that were not as expected."""
    for path, blob in found.items():
        entries.pop(path, None)
        reader.forget(path)
        if blob is not None and (again := reader.entry(path, blob)):
            entries[path] = again
    # All others are vouched for by who said which are not.
    reader.trusted.clear()
    return dict(sorted(entries.items())) if found else entries


def in_order(told: list[Told]) -> list[Told]:
    """Return diagnostics in reading order."""
    return sorted(told, key=lambda each: each[4:])
