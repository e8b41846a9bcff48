"""The gate: an agent's bundle is taken apart in quarantine before anything enters the mirror."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from courier.diagnostics import Diagnostic
from courier.errors import CourierError, NotFound
from courier.ports.repository import Admitted, GateRules
from courier.storage.gate.borrowed import Borrowed
from courier.storage.gate.bundle import Bundle, PackLimits, judge_pack, read_header
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
from courier.storage.names import checked_commit, checked_ref
from courier.storage.pack import Pack
from courier.storage.plumbing import Plumbing, make_bare, remove
from courier.storage.refs import point
from courier.storage.treediff import Difference, TooMuch, tree_differences

_OVERHEAD: Final = 16 << 20
_INDEXING: Final = Limits(seconds=120, memory=4 << 30, cpu_seconds=120, file_bytes=1 << 30)
_MOST_CHANGES: Final = 20_000
_BASES: Final = 4
_WAITING: Final = "refs/courier/quarantine/"
_HEAD: Final = "refs/courier/head"
_CONFIG: Final = (
    "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tbigFileThreshold = 32m\n"
    "[gc]\n\tauto = 0\n[pack]\n\tthreads = 1\n"
)


class Gate:
    """Lets commits into a mirror, or says every reason why not."""

    def __init__(self, plumbing: Plumbing) -> None:
        self._plumbing = plumbing
        self._files: dict[str, asyncio.Future[Mapping[bytes, str]]] = {}

    async def admit(self, bundle: bytes, *, rules: GateRules, keep_at: str) -> Admitted:
        """Check a bundle and keep its head at a hidden ref of the mirror.

        Raises:
            Refused: If any rule is broken. Where all of them are protected paths, the head is
                kept aside until `release` or the next bundle for the same ref.
        """
        checked_ref(keep_at)
        opened = _opened(bundle, rules)
        await self._check_prerequisites(opened)
        pack = memoryview(bundle)[opened.pack_at :]
        bad = await asyncio.to_thread(judge_pack, pack, _pack_limits(rules))
        if bad is not None:
            raise refusal([bad])
        folder = Path(mkdtemp(prefix="gate-", dir=self._plumbing.scratch))
        quarantine = Quarantine(folder, self._plumbing, rules)
        try:
            lineage = await quarantine.take(opened, pack)
            work = await quarantine.work(lineage, await self._files_of(rules.base))
            findings = await quarantine.findings(work)
            refused = refusal(findings) if findings else None
            if refused is not None and not refused.needs_approval:
                raise refused
            ref = _waiting(keep_at) if refused else keep_at
            await quarantine.hand_over(opened.head, lineage, ref)
            if refused is not None:
                raise refused
            return _admitted(opened.head, work)
        finally:
            await asyncio.to_thread(remove, folder)

    async def release(self, keep_at: str) -> str:
        """Move work that waits for approval to its hidden ref; return its head.

        Raises:
            NotFound: If none waits.
        """
        waiting = _waiting(checked_ref(keep_at))
        commit = await self.held_back(keep_at)
        if commit is None:
            raise NotFound("No work waits for approval there.", detail=keep_at)
        git = self._plumbing.local
        await git.run("update-ref", keep_at, commit)
        await git.run("update-ref", "-d", waiting, commit)
        return commit

    async def held_back(self, keep_at: str) -> str | None:
        """Return the commit that waits for `release` to that ref; None if none does."""
        found = (await self._plumbing.reader.measure([_waiting(checked_ref(keep_at))]))[0]
        return found.id if found is not None else None

    async def _check_prerequisites(self, bundle: Bundle) -> None:
        found = await self._plumbing.reader.measure(bundle.prerequisites)
        lacking = [
            name
            for name, known in zip(bundle.prerequisites, found, strict=True)
            if known is None or known.kind != "commit"
        ]
        if lacking:
            detail = f"Commits {', '.join(name[:12] for name in lacking)}."
            raise refusal(
                [finding("UnknownPrerequisite", "It builds on commits unknown here.", detail)]
            )

    async def _files_of(self, base: str) -> Mapping[bytes, str]:
        """Return blob id by path of a commit; asked once where many runs start from it."""
        known = self._files.get(base)
        if known is None:
            known = self._files[base] = asyncio.ensure_future(self._list(base))
            while len(self._files) > _BASES:
                self._files.pop(next(iter(self._files)))
        try:
            return await asyncio.shield(known)
        except CourierError:
            self._files.pop(base, None)
            raise

    async def _list(self, base: str) -> Mapping[bytes, str]:
        answer = await self._plumbing.local.run(
            "ls-tree", "-r", "-z", "--full-tree", checked_commit(base)
        )
        rows = (line.partition(b"\t") for line in answer.out.split(b"\0")[:-1])
        return {path: facts.split(b" ")[2].decode() for facts, _, path in rows}


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


def _opened(bundle: bytes, rules: GateRules) -> Bundle:
    most = rules.max_bytes + _OVERHEAD
    if len(bundle) > most:
        detail = f"The bundle has {len(bundle)} bytes; {most} are allowed."
        raise refusal([finding("TooLarge", "The work is too large.", detail)])
    opened = read_header(bundle, ref=rules.ref)
    if isinstance(opened, Diagnostic):
        raise refusal([opened])
    return opened


def _pack_limits(rules: GateRules) -> PackLimits:
    return PackLimits(
        object_bytes=max(rules.max_bytes, _OVERHEAD), all_bytes=rules.max_bytes + 4 * _OVERHEAD
    )


def _admitted(head: str, work: Work) -> Admitted:
    files = sorted(path.decode(errors="replace") for path in work.files)
    return Admitted(commit=head, commits=len(work.commits), files=tuple(files))


def _judged(
    work: Work, contents: Mapping[str, bytes], before: Mapping[str, bytes], rules: GateRules
) -> list[Diagnostic]:
    return [
        *tree_findings(work, contents, rules),
        *content_findings(work, contents, before, rules),
        *author_findings(work, rules),
    ]


def _waiting(keep_at: str) -> str:
    return _WAITING + keep_at.removeprefix("refs/")
