"""The quarantine: an agent's bundle is taken apart there before anything enters the mirror."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from courier.diagnostics import Diagnostic
from courier.ports.repository import GateRules
from courier.storage.gate.borrowed import Borrowed
from courier.storage.gate.bundle import Bundle
from courier.storage.gate.findings import finding, refusal
from courier.storage.gate.lineage import (
    MOST_COMMITS,
    Lineage,
    straight_line,
    told_changes,
    told_lineage,
)
from courier.storage.gate.work import (
    Change,
    Work,
    author_findings,
    content_findings,
    extent_findings,
    tree_findings,
)
from courier.storage.git import Git, Limits
from courier.storage.names import checked_commit
from courier.storage.pack import Pack
from courier.storage.plumbing import Plumbing, make_bare
from courier.storage.refs import point
from courier.storage.treediff import Difference, TooMuch, tree_differences

OVERHEAD: Final = 16 << 20
"""Bytes a bundle may have beside the contents that count."""

_INDEXING: Final = Limits(seconds=120, memory=4 << 30, cpu_seconds=120, file_bytes=1 << 30)
_MOST_CHANGES: Final = 20_000
_HEAD: Final = "refs/courier/head"
_CONFIG: Final = (
    "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tbigFileThreshold = 32m\n"
    "[gc]\n\tauto = 0\n[pack]\n\tthreads = 1\n"
)


class Quarantine:
    """A throw-away bare repository that borrows the mirror's objects. Nothing is checked out."""

    def __init__(self, folder: Path, plumbing: Plumbing, rules: GateRules) -> None:
        make_bare(folder, config=_CONFIG, alternate=plumbing.objects)
        self._git: Git = plumbing.local.at(folder)
        self._plumbing = plumbing
        self._objects = Borrowed(Pack(b"", {}), plumbing.reader)
        self._rules = rules

    async def take(self, bundle: Bundle, pack: memoryview) -> Lineage:
        """Unpack and check every object, and that the head builds on the base, without merges.

        Raises:
            Refused: If any of that is not so.
        """
        answer = await self._git.run(
            "index-pack",
            "--stdin",
            "--fix-thin",
            "--strict",
            f"--max-input-size={len(pack)}",
            stdin=bytes(pack),
            accept=range(-64, 256),
            limits=_INDEXING,
        )
        if answer.code:
            raise refusal(
                [finding("BrokenPack", "git refused the pack.", answer.err.strip()[:500])]
            )
        self._objects = Borrowed(Pack.of(self._git.folder / "objects"), self._plumbing.reader)
        base = checked_commit(self._rules.base)
        found = (await self._objects.read([bundle.head]))[0]
        if found is None or found.kind != "commit":
            raise refusal([finding("BrokenBundle", "The bundle's head is not a commit of it.")])
        lineage = await straight_line(self._objects, base, bundle.head, most=MOST_COMMITS)
        if lineage is None:
            lineage = await told_lineage(self._git, self._objects, base, bundle.head)
        return lineage

    async def known(self, commit: str) -> Lineage:
        """Return the line from the base to a commit of the mirror.

        Raises:
            Refused: If it does not build on the base in one line.
        """
        base = checked_commit(self._rules.base)
        most = MOST_COMMITS
        line = await straight_line(self._objects, base, checked_commit(commit), most=most)
        if line is None:
            raise refusal([finding("NotDescending", "The work does not build on its base.")])
        return line

    async def work(self, lineage: Lineage, base_files: Mapping[bytes, str]) -> Work:
        """Return what the commits between base and head are and changed."""
        try:
            changes = await self._changes(lineage)
            newest = list(lineage)[-1] if lineage else self._rules.base
            net = await self._differences(self._rules.base, newest)
        except TooMuch:
            changes, net = await told_changes(self._git, self._rules.base, lineage)
        return Work(
            commits=lineage,
            changes=changes,
            base_files=base_files,
            files=tuple(each.path for each in net),
        )

    async def findings(self, work: Work) -> list[Diagnostic]:
        """Return everything wrong with the commits, their paths, contents and authors."""
        measured = await self._objects.measure(list(work.new_blobs))
        sizes = {blob.id: blob.size for blob in measured if blob is not None}
        found = extent_findings(work, sizes, self._rules)
        if found:
            return found
        links = [change.new_id for change in work.changes if change.new_mode == "120000"]
        contents = await self._contents([*work.new_blobs, *links])
        before = await self._contents(await self._replaced(work))
        return await asyncio.to_thread(_judged, work, contents, before, self._rules)

    async def hand_over(self, head: str, lineage: Lineage, ref: str) -> None:
        """Put what the head needs into the mirror, nothing else of the pack, and keep it there."""
        if await self._objects.copied(lineage, to=self._plumbing.objects):
            await point(self._plumbing.local, ref, head)
        else:
            await point(self._git, _HEAD, head)
            await self._plumbing.local.run(
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-auto-maintenance",
                "--force",
                str(self._git.folder),
                f"{_HEAD}:{ref}",
            )

    async def _changes(self, lineage: Lineage) -> tuple[Change, ...]:
        changes: list[Change] = []
        before = self._rules.base
        for commit in lineage:
            inside = await self._differences(before, commit)
            changes += [Change(commit, *each) for each in inside]
            before = commit
            if len(changes) > _MOST_CHANGES:
                raise TooMuch
        return tuple(changes)

    async def _differences(self, old: str, new: str) -> tuple[Difference, ...]:
        trees = [await self._objects.tree_of(commit) for commit in (old, new)]
        read = self._objects.tree
        return await tree_differences(*trees, read=read, most=_MOST_CHANGES)

    async def _replaced(self, work: Work) -> list[str]:
        replaced = {change.old_id for change in work.new_blobs.values()}
        measured = await self._objects.measure(sorted(replaced))
        return [old.id for old in measured if old is not None and old.size <= self._rules.max_bytes]

    async def _contents(self, blobs: Sequence[str]) -> dict[str, bytes]:
        read = await self._objects.read(list(dict.fromkeys(blobs)))
        return {blob.id: blob.content for blob in read if blob is not None}


def _judged(
    work: Work, contents: Mapping[str, bytes], before: Mapping[str, bytes], rules: GateRules
) -> list[Diagnostic]:
    return [
        *tree_findings(work, contents, rules),
        *content_findings(work, contents, before, rules),
        *author_findings(work, rules),
    ]
