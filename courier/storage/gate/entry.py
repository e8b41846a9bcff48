"""The gate: what comes out of a sandbox enters the mirror here, or is told why not."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from courier.diagnostics import Diagnostic
from courier.errors import CourierError, NotFound
from courier.ports.repository import Admitted, GateRules
from courier.storage.gate.bundle import Bundle, PackLimits, judge_pack, read_header
from courier.storage.gate.findings import finding, refusal
from courier.storage.gate.quarantine import OVERHEAD, Quarantine
from courier.storage.gate.work import Work
from courier.storage.names import checked_commit, checked_ref
from courier.storage.plumbing import Plumbing, remove
from courier.storage.refs import rename

_BASES: Final = 4
_WAITING: Final = "refs/courier/quarantine/"
_OF_AUTHORS: Final = ("ForeignAuthor", "ForgedTrailer")


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

    async def review(self, commit: str, *, rules: GateRules) -> None:
        """Judge a commit of the mirror by all that its paths and contents say.

        Raises:
            Refused: If a rule is broken; who made it does not matter.
        """
        folder = Path(mkdtemp(prefix="gate-", dir=self._plumbing.scratch))
        quarantine = Quarantine(folder, self._plumbing, rules)
        try:
            lineage = await quarantine.known(commit)
            work = await quarantine.work(lineage, await self._files_of(rules.base))
            found = await quarantine.findings(work)
            if weighty := [one for one in found if one.code not in _OF_AUTHORS]:
                raise refusal(weighty)
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
        await rename(self._plumbing.local, waiting, to=keep_at, commit=commit)
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


def _opened(bundle: bytes, rules: GateRules) -> Bundle:
    most = rules.max_bytes + OVERHEAD
    if len(bundle) > most:
        detail = f"The bundle has {len(bundle)} bytes; {most} are allowed."
        raise refusal([finding("TooLarge", "The work is too large.", detail)])
    opened = read_header(bundle, ref=rules.ref)
    if isinstance(opened, Diagnostic):
        raise refusal([opened])
    return opened


def _pack_limits(rules: GateRules) -> PackLimits:
    return PackLimits(
        object_bytes=max(rules.max_bytes, OVERHEAD), all_bytes=rules.max_bytes + 4 * OVERHEAD
    )


def _admitted(head: str, work: Work) -> Admitted:
    files = sorted(path.decode(errors="replace") for path in work.files)
    return Admitted(commit=head, commits=len(work.commits), files=tuple(files))


def _waiting(keep_at: str) -> str:
    return _WAITING + keep_at.removeprefix("refs/")
