"""Reading the files of a working tree that nothing is known about yet, and placing findings."""

import os
from collections.abc import Iterable
from typing import Any, Protocol

from courier.diagnostics import Diagnostic, Position, Severity, in_reading_order
from courier.planning.catalog.known import Finding
from courier.planning.documents.facts import FileFacts, facts_of, unread_facts
from courier.planning.documents.manifest import Schemas, read_manifest
from courier.planning.documents.plain_facts import plain_facts
from courier.planning.documents.sources import is_document, read_drafts
from courier.planning.yaml.gate import MAX_BYTES
from courier.shipped import schema_text
from courier.storage.workingtree import FOLDER, UNREADABLE

Told = tuple[str, str, str, str, str, int, int]
Entry = tuple[FileFacts, tuple[Told, ...]]
"""What is remembered of one blob at one path."""

_AT_ONCE = 1 << 16


class Former(Protocol):
    """What was known before."""

    def get(self, path: str, blob: str) -> Entry | None:
        """Return what is known of a blob at a path."""
        ...


class Reader:
    """Reads the files of one working tree.

    Attributes:
        learnt: How many files were read that nothing was known of.
        trusted: The files that were taken for the blobs git said they are.
        unread: The files that could not be read.
    """

    def __init__(self, root: str, former: Former) -> None:
        """Keep where files are, and what is known of them."""
        self.learnt = 0
        self.trusted: list[str] = []
        self.unread: list[str] = []
        self._root = root
        self._former = former
        self._schemas = Schemas(schema_text)

    def entry(self, path: str, blob: str) -> tuple[str, Entry] | None:
        """Return the blob of a file and what it says; None for assets.

        Args:
            path: The path below ``.courier/``.
            blob: The blob it is; empty to work it out.
        """
        known = self._former.get(path, blob) if blob else None
        if known is not None:
            return blob, known
        if not is_document(path):
            return None
        try:
            data = _content(f"{self._root}/{FOLDER}/{path}")
        except OSError as broken:
            self.unread.append(path)
            return "", _unreadable(path, broken)
        if blob:
            self.trusted.append(path)
        else:
            blob = _blob(data)
            known = self._former.get(path, blob)
        self.learnt += known is None
        return blob, known or self._read(path, data)

    def forget(self, path: str) -> None:
        """Take it that a file was never looked at."""
        if path in self.unread:
            self.unread.remove(path)

    def fresh(self, path: str) -> Entry | None:
        """Return what a file says now, whatever it was; None for assets."""
        if not is_document(path):
            return None
        try:
            return self._read(path, _content(f"{self._root}/{FOLDER}/{path}"))
        except OSError as broken:
            return _unreadable(path, broken)

    def placed(self, findings: Iterable[Finding]) -> list[Told]:
        """Return findings with their places."""
        read: dict[str, Any] = {}
        return [
            told_of(each)
            for each in in_reading_order([self._place(finding, read) for finding in findings])
        ]

    def _read(self, path: str, data: bytes) -> Entry:
        plain = plain_facts(path, data, self._schemas)
        if plain is not None:
            return plain, ()
        manifest = read_manifest(f"{FOLDER}/{path}", data, schemas=self._schemas)
        facts = facts_of(manifest, self._schemas)
        return facts, tuple(map(told_of, manifest.diagnostics))

    def _place(self, finding: Finding, read: dict[str, Any]) -> Diagnostic:
        at = Position(finding.path)
        if finding.path not in read:
            inside = finding.path.removeprefix(f"{FOLDER}/")
            self.trusted.append(inside)
            try:
                data = _content(f"{self._root}/{finding.path}")
                read[finding.path] = read_drafts(finding.path, data, inside=inside).documents
            except OSError:
                read[finding.path] = ()
        for draft in read[finding.path]:
            if draft.chunk.number == finding.number:
                at = draft.locate(finding.pointer)
        return finding.diagnostic(at)


def told_of(found: Diagnostic) -> Told:
    """Return a diagnostic as plain values."""
    at = found.position or Position("", 0, 0)
    severity = str(found.severity.value)
    return severity, found.code, found.summary, found.detail, at.file, at.line, at.column


def _unreadable(path: str, broken: OSError) -> Entry:
    detail = f"{broken.strerror or 'It cannot be opened'}. Make it readable, or remove it."
    at = Position(f"{FOLDER}/{path}")
    found = Diagnostic(Severity.ERROR, UNREADABLE, "File cannot be read", detail, at)
    return unread_facts(path), (told_of(found),)


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
