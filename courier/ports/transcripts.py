"""Live transcripts: what agents do, on this machine's disk, while they do it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from courier.runs.transcripts.transcript import AgentEvent


class TranscriptFile(Protocol):
    """One attempt's growing transcript."""

    @property
    def count(self) -> int:
        """Return how many events it holds; survives a kill of the process at any point."""
        ...

    def append(self, events: Sequence[AgentEvent], *, at: datetime) -> None:
        """Add events, redacted before they touch the disk.

        One JSON object a line: the event's fields, and ``at`` and ``attempt``.
        """
        ...

    def close(self) -> None:
        """Release the file."""
        ...


class Transcripts(Protocol):
    """Where live transcripts are."""

    def open(self, run: str, attempt: str) -> TranscriptFile:
        """Return the transcript of an attempt, as it was left or new."""
        ...

    def attempts(self, run: str) -> Sequence[str]:
        """Return the names of a run's attempts that have a transcript here, oldest first."""
        ...

    def follow(self, run: str, attempt: str) -> AsyncIterator[bytes]:
        """Yield the lines there are and then those that come, until the caller stops asking."""
        ...

    def since(self, run: str, attempt: str, *, offset: int) -> bytes:
        """Return the whole lines behind that many bytes; nothing if there is no such file."""
        ...

    def whole(self, run: str) -> bytes:
        """Return all lines of all attempts of a run, oldest attempt first."""
        ...

    async def gather(self, run: str) -> None:
        """Bring here what others wrote of a run, where several share its work."""
        ...

    def runs(self) -> Mapping[str, int]:
        """Return every run that has transcripts on this disk, and how many bytes they take."""
        ...

    def forget(self, run: str) -> None:
        """Remove a run's transcripts."""
        ...
