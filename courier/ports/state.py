"""The state branch: where records are committed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Make a file hold exactly this."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class AppendLine:
    """Add one line to a file unless a line with the same key is there already.

    Attributes:
        path: The file.
        line: One JSON object, without newline, whose ``key`` member is ``key``.
        key: What makes the line unique in its file.
    """

    path: str
    line: bytes
    key: str


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Remove a file; not existing is fine.

    Attributes:
        path: The file.
        was: What it must hold at that moment, else it is left alone; None for whatever it holds.
    """

    path: str
    was: bytes | None = None


@dataclass(frozen=True, slots=True)
class SwapFile:
    """Make a file hold ``content`` if it holds ``was`` now; else leave it alone.

    Read again to see who won: two writers who both create a file do not overwrite each other.

    Attributes:
        path: The file.
        content: What it shall hold.
        was: What it must hold at that moment; None for not existing.
    """

    path: str
    content: bytes
    was: bytes | None = None


Change = WriteFile | AppendLine | DeleteFile | SwapFile
"""One replayable change of the state branch's tree."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What of a folder is not as it was.

    Attributes:
        there: Files that are new or other than they were.
        gone: Files that are not there any more.
        whole: Whether ``there`` is every file there is: whatever else was known is gone.
    """

    there: tuple[str, ...]
    gone: tuple[str, ...] = ()
    whole: bool = False


class StateBranch(Protocol):
    """The orphan branch ``courier/state``. Every method may raise `Unavailable`."""

    async def write(self, changes: Sequence[Change], *, message: str) -> None:
        """Commit the changes on the branch and push; returns when the remote has them.

        Writers in one process share commits. Replayed on the fetched tip when somebody else was
        first; doing it twice is the same as once.

        Raises:
            Misused: If a path is malformed, or is a folder of the branch.
            Misconfigured: If the remote's rules decline the push.
        """
        ...

    async def refresh(self) -> None:
        """Fetch the branch; reads see the remote's tip from then on."""
        ...

    async def tip(self) -> str | None:
        """Return the commit reads see: it moves with everything that is written; or None."""
        ...

    async def changed(self, prefix: str, *, since: str | None) -> Changed:
        """Return which files below a folder are new, other or gone since an earlier tip.

        Costs what differs, not what there is. With None, or where very much differs, everything.
        """
        ...

    async def paths(self, prefix: str) -> Sequence[str]:
        """Return the paths of every file under a folder, sorted; empty if the branch is not."""
        ...

    async def read(self, paths: Sequence[str], *, at: str | None = None) -> Mapping[str, bytes]:
        """Return the contents of those files that exist, in one batch.

        Args:
            paths: The files.
            at: An earlier tip to read them at; nothing is found where that is gone. None for now.
        """
        ...

    async def keep_transcripts(self, contents: Mapping[str, bytes]) -> Mapping[str, str]:
        """Store plain contents as zstd blobs under the month's transcript ref; return blob ids.

        A path is ``<yyyy>/<mm>/<dd>/<run>/<name>.jsonl.zst``, all of one month; the same paths and
        contents again change nothing. Returns when the remote has them, all with one push.

        Raises:
            Misused: If a path is not a transcript's, or they are of several months.
            Misconfigured: If the remote's rules decline the push.
        """
        ...

    async def read_transcript(self, path: str) -> bytes | None:
        """Return the plain content, fetching the month's ref if need be, or None."""
        ...

    async def months(self) -> Sequence[str]:
        """Return the months whose transcripts are on the remote, e.g. ``2026-11``, in order."""
        ...

    async def transcripts(self, month: str) -> Mapping[str, int]:
        """Return the path of everything that is kept of a month, and how many bytes it takes."""
        ...

    async def drop_transcripts(self, month: str, paths: Collection[str]) -> None:
        """Make a month's ref as if those files had never been; it goes when nothing is left.

        By compare-and-swap: what others keep meanwhile stays. Done or not done after a kill.
        """
        ...

    async def compact(self, before: datetime) -> bool:
        """Make one commit of all that were made before a moment; return whether there were two.

        The files stay as they are, and so do later commits but for what they follow. By
        compare-and-swap: what others write meanwhile stays, and whoever has the former tip writes
        on the new one.

        Raises:
            Misconfigured: If the remote's rules decline it.
        """
        ...
