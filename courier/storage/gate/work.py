"""An agent's commits as plain values, and everything the gate has to say about them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from courier.diagnostics import Diagnostic
from courier.ports.repository import GateRules
from courier.storage.gate.findings import finding
from courier.storage.gate.leaks import holds_secret, key_shapes, secret_values
from courier.storage.gate.pathrules import (
    LINK,
    NOTHING,
    Spellings,
    link_finding,
    mode_finding,
    path_finding,
    protected_finding,
)

_LFS: Final = b"version https://git-lfs.github.com/spec/"
_PERSON: Final = re.compile(rb"(author|committer) [^<>\n]*<([^<>\n]*)> -?[0-9]+ [+-][0-9]{4}")
_FORGED: Final = re.compile(rb"^\s*courier-proposal\s*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Change:
    """One path one commit changed, as ``diff-tree`` tells it."""

    commit: str
    path: bytes
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str

    @property
    def name(self) -> str:
        """Return the path as text; bytes that are not UTF-8 are shown escaped."""
        return self.path.decode("utf-8", "backslashreplace")

    @property
    def leaves_blob(self) -> bool:
        """Return whether there is a file or link after it."""
        return self.new_mode.startswith("1") and self.new_mode != "160000"


@dataclass(frozen=True, slots=True)
class Work:
    """A range of commits.

    Attributes:
        commits: Raw commit objects by id, oldest first.
        changes: What they changed, in the same order.
        base_files: Blob id by path in the commit they build on.
        files: Paths that differ between that commit and the newest.
    """

    commits: Mapping[str, bytes]
    changes: tuple[Change, ...]
    base_files: Mapping[bytes, str]
    files: tuple[bytes, ...] = ()

    @property
    def new_blobs(self) -> dict[str, Change]:
        """Return each blob that is not in the base, by id, with the change that brought it."""
        known = set(self.base_files.values())
        brought: dict[str, Change] = {}
        for change in self.changes:
            if change.leaves_blob and change.new_id not in known:
                brought.setdefault(change.new_id, change)
        return brought


def parsed_changes(raw: bytes) -> tuple[Change, ...]:
    """Return what ``diff-tree --stdin -r -z --raw`` printed."""
    changes = []
    tokens = iter(raw.split(b"\0"))
    commit = ""
    for token in tokens:
        if token.startswith(b":"):
            old_mode, new_mode, old_id, new_id, _ = token[1:].decode().split(" ")
            changes.append(Change(commit, next(tokens), old_mode, new_mode, old_id, new_id))
        elif token:
            commit = token.decode().strip()
    return tuple(changes)


def extent_findings(work: Work, sizes: Mapping[str, int], rules: GateRules) -> list[Diagnostic]:
    """Return what is too much: files touched, bytes of new blobs, whether or not they remain."""
    found = []
    touched = len({change.path for change in work.changes})
    if touched > rules.max_files:
        detail = f"It touches {touched} files; {rules.max_files} are allowed."
        found.append(finding("TooManyFiles", "The work touches too many files.", detail))
    total = sum(sizes.values())
    if total > rules.max_bytes:
        largest = max(sizes, key=lambda blob: sizes[blob])
        detail = (
            f"Its new files sum to {total} bytes; {rules.max_bytes} are allowed. "
            f"The largest is {work.new_blobs[largest].name!r}."
        )
        found.append(finding("TooLarge", "The work is too large.", detail))
    return found


def tree_findings(
    work: Work, contents: Mapping[str, bytes], rules: GateRules
) -> Iterator[Diagnostic]:
    """Yield what is wrong with paths, modes and links, and which protected paths are changed."""
    for change in work.changes:
        bad = path_finding(change.path) or mode_finding(change.name, change.new_mode)
        if bad is not None:
            yield bad
        elif change.new_mode == LINK and change.new_id in contents:
            link = link_finding(change.name, contents[change.new_id])
            if link is not None:
                yield link
        protected = protected_finding(change.name, rules.protected_paths)
        if protected is not None:
            yield protected
    yield from _collisions(work)


def content_findings(
    work: Work, contents: Mapping[str, bytes], before: Mapping[str, bytes], rules: GateRules
) -> Iterator[Diagnostic]:
    """Yield secrets and large-file pointers among new blobs, and secrets in commits and paths.

    Args:
        work: The commits.
        contents: Every new blob.
        before: Blobs that new ones replaced; what they held is not the agent's doing.
        rules: What the gate lets through.
    """
    values = secret_values(rules.secrets)
    for blob, change in work.new_blobs.items():
        data = contents.get(blob, b"")
        yield from _leaks(data, before.get(change.old_id, b""), values, f"In {change.name!r}.")
        if data.startswith(_LFS):
            yield finding(
                "LargeFilePointer",
                "A file is a pointer to a large file that is not here.",
                f"At {change.name!r}.",
            )
    for commit, raw in work.commits.items():
        yield from _leaks(raw, b"", values, f"In the commit {commit[:12]} itself.")
    for change in work.changes:
        yield from _leaks(change.path, b"", values, "In a file's name.")


def author_findings(work: Work, rules: GateRules) -> Iterator[Diagnostic]:
    """Yield commits by somebody who is not allowed, or that claim to be courier's merge."""
    allowed = {email.casefold() for email in rules.authors}
    for commit, raw in work.commits.items():
        head, _, message = raw.partition(b"\n\n")
        people = {
            match[1]: match[2] for match in map(_PERSON.fullmatch, head.split(b"\n")) if match
        }
        emails = [people.get(role) for role in (b"author", b"committer")]
        shown = [email.decode(errors="replace") for email in emails if email is not None]
        if len(shown) != 2 or any(email.casefold() not in allowed for email in shown):
            detail = f"Commit {commit[:12]} is by {', '.join(shown) or 'nobody'}."
            yield finding("ForeignAuthor", "A commit is by somebody unexpected.", detail)
        if _FORGED.search(message):
            yield finding(
                "ForgedTrailer",
                "A commit's message claims to be courier's own merge.",
                f"Commit {commit[:12]}.",
            )


def _collisions(work: Work) -> Iterator[Diagnostic]:
    spellings = Spellings(path.decode("utf-8", "backslashreplace") for path in work.base_files)
    for commit in work.commits:
        mine = [change for change in work.changes if change.commit == commit]
        added = [change.name for change in mine if change.old_mode == NOTHING]
        for change in mine:
            if change.new_mode == NOTHING:
                spellings.remove(change.name)
        for name in added:
            spellings.add(name)
        yield from (clash for clash in map(spellings.collision, added) if clash is not None)


def _leaks(data: bytes, before: bytes, values: Sequence[bytes], where: str) -> Iterator[Diagnostic]:
    if holds_secret(data, values):
        yield finding("Secret", "A secret of this run was committed.", where)
    shapes = key_shapes(data)
    if shapes:
        known = key_shapes(before)
        for text, kind in shapes.items():
            if text not in known:
                yield finding(
                    "Secret",
                    "Something that looks like a key was committed.",
                    f"It looks like {kind}. {where}",
                )
