"""Versions: compiled documents as they are kept on the state branch, and whether to believe one."""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from courier.resources.model import Model, first_fault
from courier.runs.learnings.compiled import Compilation, digest_of, written
from courier.runs.learnings.lesson import Lesson

FOLDER: Final = "learnings/versions"
"""Where versions are on the state branch."""

INDEX: Final = "learnings/index.json"
"""What lists them there."""


class LeftOut(Model):
    """A learning a version had no room for."""

    name: str
    severity: str


class LearningVersion(Model):
    """A compiled document by its number, with all that is in it."""

    version: int
    digest: str
    """SHA-256 of the document in hex."""
    commit: str
    """The commit of the tracked branch whose documents it was compiled from."""
    lessons: tuple[Lesson, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def markdown(self) -> str:
        """Return the document."""
        return written(self.lessons, [(one.name, one.severity) for one in self.left_out])


class IndexedVersion(Model):
    """One line of the index."""

    version: int
    digest: str
    commit: str
    learnings: int
    left_out: int = 0


class VersionIndex(Model):
    """Every version there is, the oldest first."""

    versions: tuple[IndexedVersion, ...] = ()

    @property
    def newest(self) -> IndexedVersion | None:
        """Return the newest version; None while there is none."""
        return self.versions[-1] if self.versions else None

    def find(self, version: int) -> IndexedVersion | None:
        """Return the version of a number, or None."""
        return next((one for one in self.versions if one.version == version), None)

    def following(self, compilation: Compilation, *, commit: str) -> LearningVersion | None:
        """Return the version to be made of a compilation; None where the newest says the same.

        Args:
            compilation: What is approved now.
            commit: The commit it was read at.
        """
        digest, newest = compilation.digest, self.newest
        if newest is None and not (compilation.lessons or compilation.left_out):
            return None
        if newest is not None and newest.digest == digest:
            return None
        return LearningVersion(
            version=newest.version + 1 if newest else 1,
            digest=digest,
            commit=commit,
            lessons=compilation.lessons,
            left_out=tuple(
                LeftOut(name=one.name, severity=one.severity) for one in compilation.left_out
            ),
        )

    def with_version(self, made: LearningVersion) -> "VersionIndex":
        """Return the index with one more version."""
        line = IndexedVersion(
            version=made.version,
            digest=made.digest,
            commit=made.commit,
            learnings=len(made.lessons),
            left_out=len(made.left_out),
        )
        return VersionIndex(versions=(*self.versions, line))


def paths_of(version: int) -> tuple[str, str]:
    """Return where a version's document and its data are on the state branch."""
    return f"{FOLDER}/{version}.md", f"{FOLDER}/{version}.json"


def read_index(content: bytes | None) -> VersionIndex:
    """Return what the index says; an empty one where there is none.

    Raises:
        ValidationError: If it cannot be read.
    """
    return VersionIndex() if content is None else VersionIndex.model_validate_json(content)


def read_version(
    known: IndexedVersion, document: bytes | None, data: bytes | None
) -> LearningVersion | str:
    """Return a version as it is kept, or why it cannot be believed.

    Args:
        known: What the index says of it.
        document: Its Markdown.
        data: What is in it, as JSON.
    """
    if document is None or data is None:
        return "its files are not on the state branch"
    try:
        found = LearningVersion.model_validate_json(data)
        text = document.decode()
    except (ValidationError, UnicodeDecodeError) as wrong:
        why = first_fault(wrong) if isinstance(wrong, ValidationError) else "they are no text"
        return f"its files cannot be read ({why})"
    if digest_of(text) != known.digest:
        return "its document is not the one that was compiled: the digest differs"
    if (found.version, found.digest) != (known.version, known.digest) or found.markdown != text:
        return "its data do not say what its document says"
    return found


def unapproved(version: LearningVersion, approved: Mapping[str, Lesson]) -> tuple[str, ...]:
    """Return the names of what is in a version and is approved no more, or never was.

    Args:
        version: A version.
        approved: What is approved now, by name.
    """
    return tuple(one.name for one in version.lessons if one.name not in approved)


def to_data(version: LearningVersion) -> bytes:
    """Return a version's data as they are kept."""
    told = version.model_dump(mode="json", by_alias=True)
    return (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()
