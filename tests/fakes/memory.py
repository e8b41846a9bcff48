"""A state branch and a repository that are only remembered: for years that pass in seconds."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from courier.errors import NotFound, Unavailable
from courier.ports.repository import Head
from courier.ports.state import (
    AppendLine,
    Change,
    Changed,
    DeleteFile,
    SwapFile,
    WriteFile,
)


class MemoryState:
    """Keeps the promises of `courier.ports.state.StateBranch` about files."""

    def __init__(self) -> None:
        self.is_away = False
        self._folders: dict[str, dict[str, bytes]] = {}
        self._log: list[frozenset[str]] = []
        self._past: list[Mapping[str, bytes | None]] = []

    @property
    def files(self) -> Mapping[str, bytes]:
        """Every file there is."""
        return {path: body for inside in self._folders.values() for path, body in inside.items()}

    @property
    def held(self) -> int:
        """Bytes of all files, those of before included, which git would have on disk."""
        past = [body for each in self._past for body in each.values() if body is not None]
        return sum(map(len, (*self.files.values(), *past)))

    async def write(self, changes: Sequence[Change], *, message: str) -> None:
        if self.is_away:
            raise Unavailable("The remote does not answer.")
        before = {change.path: self._get(change.path) for change in changes}
        for change in changes:
            self._do(change)
        moved = frozenset(path for path, body in before.items() if self._get(path) != body)
        if moved:
            self._log.append(moved)
            self._past.append({path: before[path] for path in moved})

    def _was(self, path: str, at: str | None) -> bytes | None:
        later = self._past[int(at) :] if at is not None else []
        return next((past[path] for past in later if path in past), self._get(path))

    def _folder(self, path: str) -> dict[str, bytes]:
        return self._folders.setdefault(path.partition("/")[0], {})

    def _get(self, path: str) -> bytes | None:
        return self._folder(path).get(path)

    def _do(self, change: Change) -> None:
        now, files = self._get(change.path), self._folder(change.path)
        match change:
            case WriteFile(path=path, content=content):
                files[path] = content
            case AppendLine(path=path, line=line, key=key):
                lines = (now or b"").splitlines()
                if key not in {json.loads(each)["key"] for each in lines}:
                    files[path] = (now or b"") + line + b"\n"
            case DeleteFile(path=path, was=was):
                if was in (None, now):
                    files.pop(path, None)
            case SwapFile(path=path, content=content, was=was):
                if now == was:
                    files[path] = content

    async def refresh(self) -> None:
        if self.is_away:
            raise Unavailable("The remote does not answer.")

    async def tip(self) -> str | None:
        return str(len(self._log)) if self._log else None

    async def changed(self, prefix: str, *, since: str | None) -> Changed:
        if since is None:
            return Changed(tuple(await self.paths(prefix)), whole=True)
        moved = sorted(set().union(*self._log[int(since) :]))
        inside = [path for path in moved if path.startswith(f"{prefix}/")]
        there = tuple(path for path in inside if self._get(path) is not None)
        return Changed(there, tuple(path for path in inside if self._get(path) is None))

    async def paths(self, prefix: str) -> Sequence[str]:
        if not prefix:
            return sorted(self.files)
        return sorted(path for path in self._folder(prefix) if path.startswith(f"{prefix}/"))

    async def read(self, paths: Sequence[str], *, at: str | None = None) -> Mapping[str, bytes]:
        found = ((path, self._was(path, at)) for path in paths)
        return {path: body for path, body in found if body is not None}

    async def keep_transcripts(self, contents: Mapping[str, bytes]) -> Mapping[str, str]:
        return {path: sha256(content).hexdigest() for path, content in contents.items()}

    async def read_transcript(self, path: str) -> bytes | None:
        return None

    async def months(self) -> Sequence[str]:
        return []

    async def transcripts(self, month: str) -> Mapping[str, int]:
        return {}

    async def drop_transcripts(self, month: str, paths: Collection[str]) -> None:
        raise NotImplementedError

    async def compact(self, before: datetime) -> bool:
        raise NotImplementedError


class MemoryRepository:
    """One branch of commits, each a set of files; what reading documents needs of a repository."""

    def __init__(self) -> None:
        self._commits: list[Mapping[str, bytes]] = []
        self._blobs: dict[str, bytes] = {}
        self._kept: dict[str, str] = {}

    def commit(self, files: Mapping[str, str]) -> None:
        self._commits.append({path: text.encode() for path, text in files.items()})

    async def fetch(self) -> None:
        return

    async def head(self, branch: str | None = None) -> Head:
        if branch not in (None, "main"):
            raise NotFound("There is no such branch.")
        return Head("main", f"{len(self._commits):040d}")

    async def keep(self, commit: str, *, at: str) -> None:
        self._kept[at] = commit

    async def resolve(self, ref: str) -> str | None:
        return self._kept.get(ref)

    async def find_commit(self, commit: str) -> str | None:
        is_here = commit.isdigit() and 0 < int(commit) <= len(self._commits)
        return commit if is_here else None

    async def files(self, commit: str, prefix: str) -> Mapping[str, str]:
        found = {}
        for path, content in self._commits[int(commit) - 1].items():
            if path.startswith(f"{prefix}/"):
                found[path] = sha256(content).hexdigest()
                self._blobs[found[path]] = content
        return found

    async def read(self, blobs: Sequence[str]) -> Sequence[bytes]:
        return [self._blobs[blob] for blob in blobs]
