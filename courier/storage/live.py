"""Live transcripts on this machine's disk: one folder per run, one file per turn."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from courier.runs.transcripts.transcript import AGENT_EVENT, AgentEvent

POLL_SECONDS = 0.05
"""How often a follower looks for new lines."""


class LiveTranscript:
    """One turn's growing file; a half-written last line of a killed process is cut away."""

    def __init__(self, path: Path, *, attempt: str, redact: Callable[[str], str]) -> None:
        self._attempt = attempt
        self._redact = redact
        path.parent.mkdir(parents=True, exist_ok=True)
        self._count = _mend(path)
        self._file = path.open("ab")

    @property
    def count(self) -> int:
        """Return how many events it holds."""
        return self._count

    def append(self, events: Sequence[AgentEvent], *, at: datetime) -> None:
        """Add events, redacted before they touch the disk."""
        stamp = {"at": at.isoformat(), "attempt": self._attempt}
        for event in events:
            told = AGENT_EVENT.dump_python(event, mode="json", by_alias=True)
            line = self._redact(json.dumps({**stamp, **told}, ensure_ascii=False))
            self._file.write(line.encode() + b"\n")
        self._file.flush()
        self._count += len(events)

    def close(self) -> None:
        """Release the file."""
        self._file.close()


class LiveTranscripts:
    """Where live transcripts are: ``<folder>/<run>/<attempt>.jsonl``; attempts may be nested."""

    def __init__(self, folder: Path, *, redact: Callable[[str], str]) -> None:
        self._folder = folder
        self._redact = redact

    def open(self, run: str, attempt: str) -> LiveTranscript:
        """Return the transcript of an attempt, as it was left or new."""
        path = self._folder / run / f"{attempt}.jsonl"
        return LiveTranscript(path, attempt=attempt, redact=self._redact)

    def attempts(self, run: str) -> Sequence[str]:
        """Return the names of a run's attempts that have a transcript here, oldest first."""
        names = (path.relative_to(self._folder / run) for path in self._files(run))
        return [name.as_posix().removesuffix(".jsonl") for name in names]

    async def follow(self, run: str, attempt: str) -> AsyncIterator[bytes]:
        """Yield the lines there are and then those that come, until the caller stops asking."""
        path = self._folder / run / f"{attempt}.jsonl"
        with path.open("rb") as file:
            rest = b""
            while True:
                rest += file.read()
                *lines, rest = rest.split(b"\n")
                for line in lines:
                    yield line
                await asyncio.sleep(POLL_SECONDS)

    def since(self, run: str, attempt: str, *, offset: int) -> bytes:
        """Return the whole lines behind that many bytes; nothing if there is no such file."""
        try:
            with (self._folder / run / f"{attempt}.jsonl").open("rb") as file:
                file.seek(offset)
                content = file.read()
        except FileNotFoundError:
            return b""
        return content[: content.rfind(b"\n") + 1]

    def whole(self, run: str) -> bytes:
        """Return all lines of all attempts of a run, oldest attempt first."""
        return b"".join(path.read_bytes() for path in self._files(run))

    async def gather(self, run: str) -> None:
        """Return at once: all there is, is here."""

    def size(self, run: str, attempt: str) -> int:
        """Return how many bytes an attempt's file has; 0 for no such file."""
        path = self._folder / run / f"{attempt}.jsonl"
        return path.stat().st_size if path.exists() else 0

    def put_back(self, run: str, attempt: str, content: bytes, *, offset: int) -> None:
        """Make an attempt's file go on, and end, like that behind so many bytes."""
        path = self._folder / run / f"{attempt}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.seek(offset)
            file.write(content)
            file.truncate()

    def runs(self) -> Mapping[str, int]:
        """Return every run that has transcripts here, and how many bytes they take."""
        if not self._folder.is_dir():
            return {}
        folders = [path for path in self._folder.iterdir() if path.is_dir()]
        return {
            path.name: sum(each.stat().st_size for each in path.rglob("*.jsonl"))
            for path in folders
        }

    def forget(self, run: str) -> None:
        """Remove a run's transcripts."""
        shutil.rmtree(self._folder / run, ignore_errors=True)

    def _files(self, run: str) -> list[Path]:
        found = (self._folder / run).rglob("*.jsonl")
        return sorted(found, key=lambda path: (_begun(path), path.name))


def _begun(path: Path) -> datetime:
    """Return when the first event came; for a file without any, when it was made."""
    with path.open("rb") as file:
        first = file.readline()
    if first.endswith(b"\n"):
        return datetime.fromisoformat(json.loads(first)["at"])
    return datetime.fromtimestamp(path.stat().st_ctime, UTC)


def _mend(path: Path) -> int:
    """Cut an unfinished last line away; return how many whole lines are left."""
    if not path.exists():
        return 0
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return whole.count(b"\n")
