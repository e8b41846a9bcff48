"""What work changes, file by file, as far as people want it counted."""

from collections.abc import Sequence

from courier.resources.model import Model


class FileChange(Model):
    """One file between two commits."""

    path: str
    """Where it is now; where it was, if it is gone."""
    added: int | None = None
    """Lines that came; null for a file that has no lines."""
    removed: int | None = None
    """Lines that went; null for a file that has no lines."""


def counted(changes: Sequence[FileChange]) -> str:
    """Return how much was changed, e.g. ``3 files, +12 -4``."""
    files = "1 file" if len(changes) == 1 else f"{len(changes):,} files"
    added, removed = (sum(told) for told in _lines(changes))
    return f"{files}, +{added:,} -{removed:,}"


def _lines(changes: Sequence[FileChange]) -> tuple[list[int], list[int]]:
    return [one.added or 0 for one in changes], [one.removed or 0 for one in changes]
