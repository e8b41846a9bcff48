"""Live transcripts that outlive the worker that wrote them: every line goes to the database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from courier.engine.journal.writer import Transaction
from courier.engine.ownership import owner
from courier.engine.postgres.client import PostgresReader
from courier.engine.postgres.session import Session
from courier.ports.transcripts import TranscriptFile, Transcripts
from courier.runs.transcripts.transcript import AgentEvent


class Disk(Transcripts, Protocol):
    """Transcripts on this machine's disk, into which others' lines can be put."""

    def size(self, run: str, attempt: str) -> int:
        """Return how many bytes there are; 0 for no such file."""
        ...

    def put_back(self, run: str, attempt: str, content: bytes, *, offset: int) -> None:
        """Make a file go on, and end, like that behind so many bytes."""
        ...


class SharedTranscripts:
    """The `Transcripts` of a worker: on its disk for reading, in the database for the others.

    A line is in the database soon after it is on the disk, with the next commit; the agent's output
    in its sandbox has those that were lost in between.
    """

    def __init__(self, disk: Disk, reader: PostgresReader) -> None:
        self._disk = disk
        self._reader = reader
        self._open: set[tuple[str, str]] = set()

    def open(self, run: str, attempt: str) -> TranscriptFile:
        """Return the transcript of an attempt, as it was left or new."""
        return _Carried(self._disk, self._open, run, attempt)

    def attempts(self, run: str) -> Sequence[str]:
        """Return the names of a run's attempts that have a transcript here, oldest first."""
        return self._disk.attempts(run)

    def follow(self, run: str, attempt: str) -> AsyncIterator[bytes]:
        """Yield the lines there are and then those that come."""
        return self._disk.follow(run, attempt)

    def since(self, run: str, attempt: str, *, offset: int) -> bytes:
        """Return the whole lines behind that many bytes."""
        return self._disk.since(run, attempt, offset=offset)

    def whole(self, run: str) -> bytes:
        """Return all lines of all attempts of a run, oldest attempt first."""
        return self._disk.whole(run)

    def runs(self) -> Mapping[str, int]:
        """Return every run that has transcripts on this disk, and how many bytes they take."""
        return self._disk.runs()

    def forget(self, run: str) -> None:
        """Remove a run's transcripts from this disk."""
        self._disk.forget(run)

    async def gather(self, run: str) -> None:
        """Bring here what other workers wrote of a run."""
        for attempt, size in await self._sizes(run):
            known = self._disk.size(run, attempt)
            if size > known and (run, attempt) not in self._open:
                await self._bring(run, attempt, offset=known)

    async def recover(self, run: str) -> None:
        """Make what is here of a run what the others have: it comes from one of them."""
        for attempt, _ in await self._sizes(run):
            if (run, attempt) not in self._open:
                await self._bring(run, attempt, offset=0)

    async def _sizes(self, run: str) -> Sequence[tuple[str, int]]:
        def sizes(session: Session) -> list[tuple[str, int]]:
            return session.execute(
                "SELECT attempt, max(at + length(content)) FROM transcripts WHERE run = ?"
                " GROUP BY attempt",
                (run,),
            ).fetchall()

        return await self._reader.ask(sizes) or ()

    async def _bring(self, run: str, attempt: str, *, offset: int) -> None:
        def lines(session: Session) -> bytes:
            rows = session.execute(
                "SELECT content FROM transcripts WHERE run = ? AND attempt = ? AND at >= ?"
                " ORDER BY at",
                (run, attempt, offset),
            ).fetchall()
            return b"".join(bytes(content) for (content,) in rows)

        content = await self._reader.ask(lines)
        self._disk.put_back(run, attempt, content or b"", offset=offset)


class _Carried:
    """One attempt's transcript, each line of which is carried to the database as well."""

    def __init__(self, disk: Disk, opened: set[tuple[str, str]], run: str, attempt: str) -> None:
        self._disk = disk
        self._opened = opened
        self._run = run
        self._attempt = attempt
        self._file = disk.open(run, attempt)
        self._at = disk.size(run, attempt)
        opened.add((run, attempt))

    @property
    def count(self) -> int:
        """Return how many events it holds."""
        return self._file.count

    def append(self, events: Sequence[AgentEvent], *, at: datetime) -> None:
        """Add events, redacted before they go anywhere."""
        self._file.append(events, at=at)
        owned = owner()
        content = self._disk.since(self._run, self._attempt, offset=self._at)
        if owned is None or not content:
            return
        values = (self._run, self._attempt, self._at, content)

        def write(transaction: Transaction) -> None:
            transaction.execute(
                "INSERT INTO transcripts (run, attempt, at, content) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                values,
            )

        owned.put(write)
        self._at += len(content)

    def close(self) -> None:
        """Release the file."""
        self._opened.discard((self._run, self._attempt))
        self._file.close()
