"""The gate: an agent's bundle is taken apart in quarantine before anything enters the mirror."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from courier.diagnostics import Diagnostic
from courier.errors import NotFound, Unavailable
from courier.ports.repository import Admitted, GateRules
from courier.storage.catfile import ObjectReader
from courier.storage.commits import is_ancestor
from courier.storage.gate.bundle import Bundle, PackLimits, judge_pack, read_header
from courier.storage.gate.findings import finding, refusal
from courier.storage.gate.work import (
    Work,
    author_findings,
    content_findings,
    extent_findings,
    parsed_changes,
    tree_findings,
)
from courier.storage.git import Git, Limits
from courier.storage.names import checked_commit, checked_ref
from courier.storage.plumbing import Plumbing, make_bare, remove

_MAX_COMMITS: Final = 500
_OVERHEAD: Final = 16 << 20
_INDEXING: Final = Limits(seconds=120, memory=4 << 30, cpu_seconds=120, file_bytes=1 << 30)
_READING: Final = Limits(seconds=120, output=64 << 20)
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
            await quarantine.take(opened, pack)
            work = await quarantine.work(opened.head)
            findings = await quarantine.findings(work)
            refused = refusal(findings) if findings else None
            if refused is not None and not refused.needs_approval:
                raise refused
            await self._import(folder, _waiting(keep_at) if refused else keep_at)
            if refused is not None:
                raise refused
            return await quarantine.admitted(opened.head, work)
        finally:
            await quarantine.close()
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

    async def _import(self, folder: Path, ref: str) -> None:
        await self._plumbing.local.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--force",
            str(folder),
            f"{_HEAD}:{ref}",
        )


class Quarantine:
    """A throw-away bare repository that borrows the mirror's objects. Nothing is checked out."""

    def __init__(self, folder: Path, plumbing: Plumbing, rules: GateRules) -> None:
        make_bare(folder, config=_CONFIG, alternate=plumbing.objects)
        self._git: Git = plumbing.local.at(folder)
        self._reader = ObjectReader(self._git)
        self._rules = rules

    async def close(self) -> None:
        """End its processes."""
        await self._reader.close()

    async def take(self, bundle: Bundle, pack: memoryview) -> None:
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
        base = checked_commit(self._rules.base)
        head = (await self._reader.measure([bundle.head]))[0]
        if head is None or head.kind != "commit":
            raise refusal([finding("BrokenBundle", "The bundle's head is not a commit of it.")])
        try:
            descends = await is_ancestor(self._git, base, of=bundle.head)
        except Unavailable as failed:
            raise refusal(
                [finding("BrokenPack", "Its history is broken.", failed.detail)]
            ) from None
        if not descends:
            raise refusal([finding("NotDescending", "The work does not build on its base.")])
        await self._git.run("update-ref", _HEAD, bundle.head)

    async def work(self, head: str) -> Work:
        """Return what the commits between base and head are and changed.

        Raises:
            Refused: If there are too many, or one is a merge or a root.
        """
        base = self._rules.base
        listed = await self._git.run(
            "rev-list",
            "--topo-order",
            "--reverse",
            "--parents",
            f"--max-count={_MAX_COMMITS + 1}",
            head,
            f"^{base}",
            "--",
        )
        lineage = [line.split() for line in listed.text.splitlines()]
        found = _lineage_findings(lineage)
        if found:
            raise refusal(found)
        commits = [line[0] for line in lineage]
        raw = await self._reader.read(commits)
        changed = await self._git.run(
            "diff-tree",
            "--stdin",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            stdin="".join(f"{commit}\n" for commit in commits).encode(),
            limits=_READING,
        )
        return Work(
            commits={commit.id: commit.content for commit in raw if commit is not None},
            changes=parsed_changes(changed.out),
            base_files=await self._base_files(),
        )

    async def findings(self, work: Work) -> list[Diagnostic]:
        """Return everything wrong with the commits, their paths, contents and authors."""
        measured = await self._reader.measure(list(work.new_blobs))
        sizes = {blob.id: blob.size for blob in measured if blob is not None}
        found = extent_findings(work, sizes, self._rules)
        if found:
            return found
        links = [change.new_id for change in work.changes if change.new_mode == "120000"]
        contents = await self._contents([*work.new_blobs, *links])
        before = await self._contents(await self._replaced(work))
        return await asyncio.to_thread(_judged, work, contents, before, self._rules)

    async def admitted(self, head: str, work: Work) -> Admitted:
        """Return what passed."""
        shown = await self._git.run(
            "diff", "--numstat", "-z", "--no-renames", "--no-textconv", self._rules.base, head, "--"
        )
        rows = [line.split("\t") for line in shown.out.decode(errors="replace").split("\0")[:-1]]
        return Admitted(
            commit=head,
            commits=len(work.commits),
            files=tuple(sorted(row[2] for row in rows)),
            insertions=sum(int(row[0]) for row in rows if row[0] != "-"),
            deletions=sum(int(row[1]) for row in rows if row[1] != "-"),
        )

    async def _replaced(self, work: Work) -> list[str]:
        replaced = {change.old_id for change in work.new_blobs.values()}
        measured = await self._reader.measure(sorted(replaced))
        return [old.id for old in measured if old is not None and old.size <= self._rules.max_bytes]

    async def _contents(self, blobs: Sequence[str]) -> dict[str, bytes]:
        read = await self._reader.read(list(dict.fromkeys(blobs)))
        return {blob.id: blob.content for blob in read if blob is not None}

    async def _base_files(self) -> dict[bytes, str]:
        answer = await self._git.run("ls-tree", "-r", "-z", "--full-tree", self._rules.base)
        rows = (line.partition(b"\t") for line in answer.out.split(b"\0")[:-1])
        return {path: facts.split(b" ")[2].decode() for facts, _, path in rows}


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


def _lineage_findings(lineage: Sequence[Sequence[str]]) -> list[Diagnostic]:
    if len(lineage) > _MAX_COMMITS:
        detail = f"More than {_MAX_COMMITS}."
        return [finding("TooManyCommits", "The work has too many commits.", detail)]
    found = []
    for commit, *parents in lineage:
        if not parents:
            found.append(finding("NewRoot", "A commit has no parent.", f"Commit {commit[:12]}."))
        if len(parents) > 1:
            found.append(finding("Merge", "A commit is a merge.", f"Commit {commit[:12]}."))
    return found


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
