"""Whether somebody else runs the runs of a repository."""

from pathlib import Path
from typing import Protocol

from courier.engine.journal.lock import holder


class Presence(Protocol):
    """Knows of other engines."""

    def other(self) -> str | None:
        """Return who runs the runs, in words; None if nobody does."""
        ...


class FolderPresence:
    """The engine that holds a journal's folder.

    Args:
        folder: The journal's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def other(self) -> str | None:
        """Return the process that holds the folder."""
        found = holder(self._folder)
        return None if found is None else f"process {found}"
