"""What documents stand on besides documents: files of skills and scripts, former versions.

Planning is pure and knows documents only. What else it needs it wishes for; the shell reads it and
has the plan made again, until no wish is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

MOST_FILES: Final = 200
"""Files a skill may have."""

MOST_BYTES: Final = 2 * 1024 * 1024
"""Bytes the files of a skill may have together."""


@dataclass(frozen=True, slots=True)
class AssetFile:
    """One file of a repository, as a commit or a working tree has it.

    Attributes:
        path: Below the place that was asked for, with ``/``; empty for the place itself.
        kind: ``link`` is a symbolic link, ``module`` another repository.
        size: Bytes.
        content: What it holds; None where that was not read, see `readable`.
    """

    path: str
    kind: Literal["file", "executable", "link", "module"]
    size: int
    content: bytes | None = None


class Wish(NamedTuple):
    """A file, or a folder with everything in it.

    Attributes:
        path: From the repository's root.
        at: A commit as somebody wrote it; empty for where the catalog was read.
    """

    path: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a place.

    Attributes:
        files: Every file there, in alphabetical order; none if nothing is there.
        commit: The whole id of the commit that was asked for; None if no such one is known.
    """

    files: tuple[AssetFile, ...] = ()
    commit: str | None = None


@dataclass(slots=True)
class Library:
    """What was read so far, and what is still wished for."""

    _found: dict[Wish, Found] = field(default_factory=dict)
    _wishes: dict[Wish, None] = field(default_factory=dict)

    def look(self, wish: Wish) -> Found | None:
        """Return what is there; None if it has to be read first, which is then wished for."""
        found = self._found.get(wish)
        if found is None:
            self._wishes[wish] = None
        return found

    def wishes(self) -> tuple[Wish, ...]:
        """Return what is wished for and not there yet."""
        return tuple(wish for wish in self._wishes if wish not in self._found)

    def put(self, wish: Wish, found: Found) -> None:
        """Fulfil a wish."""
        self._found[wish] = found


def readable(files: Sequence[AssetFile]) -> bool:
    """Return whether the contents are worth reading: few enough files, not too large together."""
    return len(files) <= MOST_FILES and sum(each.size for each in files) <= MOST_BYTES
