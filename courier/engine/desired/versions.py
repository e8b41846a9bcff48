"""The versions of a Context: what its file said at each commit that changed it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from courier.errors import NotFound
from courier.planning.asked.equipment import content_of
from courier.planning.documents.manifest import Document
from courier.ports.repository import Repository

MOST = 200
"""Commits that are looked at, the newest first."""


@dataclass(frozen=True, slots=True)
class ContextVersion:
    """What a Context said from one commit on.

    Attributes:
        digest: SHA-256 of what it said, in hex.
        is_used: Whether runs that start now are given it.
    """

    commit: str
    at: datetime
    author: str
    subject: str
    digest: str
    is_used: bool


class ContextVersions:
    """Reads them from the tracked branch as the remote has it."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def of(self, document: Document) -> Sequence[ContextVersion]:
        """Return the versions of a Context, the newest first; equal neighbours count once."""
        tip = (await self._repository.head()).commit
        changes = (await self._repository.versions(document.path, tip=tip))[:MOST]
        said = [await self._said(document, change.commit) for change in changes]
        older = [*said[1:], None]
        kept = [
            (change, text)
            for change, text, before in zip(changes, said, older, strict=True)
            if text is not None and text != before
        ]
        used = await self._used(document, [change.commit for change, _ in kept])
        return [
            ContextVersion(
                commit=change.commit,
                at=change.at,
                author=change.author,
                subject=change.subject,
                digest=sha256(text.encode()).hexdigest(),
                is_used=change.commit == used,
            )
            for change, text in kept
        ]

    async def find(self, document: Document, commit: str) -> str:
        """Return the whole id of a commit at which a Context can be read.

        Raises:
            NotFound: If there is no such commit, or its file did not hold it then.
        """
        name = document.ref.name
        found = await self._repository.find_commit(commit)
        if found is None:
            raise NotFound(
                "There is no such commit in the history of the repository.",
                detail=commit,
                next_step=f"See `courier context history {name}`; push commits of your own first.",
            )
        if await self._said(document, found) is None:
            raise NotFound(
                f"Context {name} cannot be read at that commit.",
                detail=f"{document.path} did not hold it then.",
                next_step=f"See `courier context history {name}`.",
            )
        return found

    async def _said(self, document: Document, commit: str) -> str | None:
        files = await self._repository.assets(commit, document.path)
        content = files[0].content if len(files) == 1 else None
        return content_of(document.ref.name, document.path, content)

    async def _used(self, document: Document, commits: Sequence[str]) -> str | None:
        """Return the version that counts: the newest, or the one a pin leads to."""
        pin = document.value["spec"].get("pin")
        if pin is None:
            return commits[0] if commits else None
        found = await self._repository.find_commit(pin)
        if found is None:
            return None
        past = await self._repository.versions(document.path, tip=found)
        known = set(commits)
        return next((each.commit for each in past if each.commit in known), None)
