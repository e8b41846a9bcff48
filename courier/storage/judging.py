"""Reading and checking the files of a working tree that nothing is known about yet."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from courier.diagnostics import Diagnostic, Position, Severity, in_reading_order
from courier.planning.crosscheck import Finding, crosscheck
from courier.planning.facts import FileFacts, facts_of, unread_facts
from courier.planning.manifest import Schemas, read_manifest
from courier.planning.plain_facts import plain_facts
from courier.planning.sources import is_document, read_drafts
from courier.planning.yaml_gate import MAX_BYTES
from courier.shipped import schema_text
from courier.storage.workingtree import FOLDER

Told = tuple[str, str, str, str, str, int, int]
Entry = tuple[FileFacts, tuple[Told, ...]]
"""What is remembered of one blob at one path."""

_ROOM = 3
_AT_ONCE = 1 << 16


class Judged(NamedTuple):
    """What came out.

    Attributes:
        diagnostics: Every problem, in reading order.
        counts: Kind to number of valid documents.
        facts: Blob and path to what is known now.
        learnt: How many of the facts were not known before.
        trusted: The files that were taken for the blobs git said they are.
    """

    diagnostics: tuple[Told, ...]
    counts: dict[str, int]
    facts: dict[str, Entry]
    learnt: int
    trusted: list[str]


def judge(root: str, blobs: Mapping[str, str], former: Mapping[str, Entry]) -> Judged:
    """Check all files of a working tree.

    Args:
        root: The folder that holds ``.courier/``.
        blobs: Path below ``.courier/`` to blob id; an empty id is worked out.
        former: Facts from before.
    """
    reader = _Reader(root, former)
    entries = {
        f"{FOLDER}/{path}": entry
        for path, blob in sorted(blobs.items())
        if (entry := reader.entry(path, blob))
    }
    findings = crosscheck({path: entry[0] for path, entry in entries.items()})
    told = [each for entry in entries.values() for each in entry[1]]
    told += map(_told, _placed(root, findings))
    ordered = sorted(told, key=lambda each: each[4:])
    counts = Counter(facts[0] for entry in entries.values() for facts in entry[0][0])
    return Judged(tuple(ordered), dict(counts), reader.used, reader.learnt, reader.trusted)


def remembered(used: Mapping[str, Entry], former: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return facts to keep: those in use, and some that were, as branches are switched back."""
    others = [name for name in former if name not in used][: _ROOM * len(used)]
    return {**used, **{name: former[name] for name in others}}


class _Reader:
    def __init__(self, root: str, former: Mapping[str, Entry]) -> None:
        self.learnt = 0
        self.trusted: list[str] = []
        self._root = root
        self._former = former
        self.used: dict[str, Entry] = {}
        self._schemas = Schemas(schema_text)

    def entry(self, path: str, blob: str) -> Entry | None:
        """Return what is known of a file, reading it where that is nothing; None for assets."""
        name = f"{blob} {path}"
        known = self._former.get(name) if blob else None
        if known is not None:
            self.used[name] = known
            return known
        if not is_document(path):
            return None
        try:
            data = _content(f"{self._root}/{FOLDER}/{path}")
        except OSError as broken:
            return unread_facts(path), (_told(_unreadable(path, broken)),)
        name = f"{blob or _blob(data)} {path}"
        known = self._former.get(name)
        self.learnt += known is None
        if blob:
            self.trusted.append(path)
        self.used[name] = known or self._read(path, data)
        return self.used[name]

    def _read(self, path: str, data: bytes) -> Entry:
        plain = plain_facts(path, data, self._schemas)
        if plain is not None:
            return plain, ()
        manifest = read_manifest(f"{FOLDER}/{path}", data, schemas=self._schemas)
        facts = facts_of(manifest, self._schemas)
        return facts, tuple(map(_told, manifest.diagnostics))


def _placed(root: str, findings: Iterable[Finding]) -> list[Diagnostic]:
    read: dict[str, Any] = {}
    return in_reading_order([_place(root, finding, read) for finding in findings])


def _place(root: str, finding: Finding, read: dict[str, Any]) -> Diagnostic:
    at = Position(finding.path)
    if finding.path not in read:
        try:
            with open(f"{root}/{finding.path}", "rb") as file:  # noqa: PTH123
                inside = finding.path.removeprefix(f"{FOLDER}/")
                read[finding.path] = read_drafts(finding.path, file.read(), inside=inside).documents
        except OSError:
            read[finding.path] = ()
    for draft in read[finding.path]:
        if draft.chunk.number == finding.number:
            at = draft.locate(finding.pointer)
    return finding.diagnostic(at)


def _told(found: Diagnostic) -> Told:
    at = found.position or Position("", 0, 0)
    severity = str(found.severity.value)
    return severity, found.code, found.summary, found.detail, at.file, at.line, at.column


def _unreadable(path: str, broken: OSError) -> Diagnostic:
    detail = f"{broken.strerror or 'It cannot be opened'}. Make it readable, or remove it."
    at = Position(f"{FOLDER}/{path}")
    return Diagnostic(Severity.ERROR, "FileUnreadable", "File cannot be read", detail, at)


def _content(path: str) -> bytes:
    # Half the price of a file object, which counts where ten thousand files are read.
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        data = os.read(opened, _AT_ONCE)
        while len(data) >= _AT_ONCE and (more := os.read(opened, _AT_ONCE)):
            data += more
            if len(data) > 4 * MAX_BYTES:
                break
        return data
    finally:
        os.close(opened)


def _blob(data: bytes) -> str:
    from hashlib import sha1

    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
