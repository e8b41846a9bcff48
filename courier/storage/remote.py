"""Talking to the remote: fetch, push with a lease, delete, and where its branches stand."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from courier.errors import NotFound, Unavailable
from courier.ports.repository import Head
from courier.storage.failures import Rearranging, failure, pushed_refs
from courier.storage.git import REMOTE, Answer
from courier.storage.lookout import OwnPushes, foreign, heads
from courier.storage.names import branch_ref, checked_commit, checked_ref
from courier.storage.plumbing import Plumbing
from courier.storage.pushes import Push, Pushes, settle
from courier.storage.refs import drop, point

TRACKED: Final = "refs/remotes/origin/"
_TRIES: Final = 20
_PAUSE: Final = 0.1
_MOMENT: Final = 2.0
_NOT_THERE: Final = ("not our ref", "unadvertised object")

# In a folder of this machine many push at once, and each deletion locks all packed refs.
_PATIENTLY: Final = "-c core.filesRefLockTimeout=5000 -c core.packedRefsTimeout=15000"
# In a repository people work in, `git gc --prune=now` may run at any moment and would delete
# loose objects that no ref reaches yet; an incoming pack is kept until its ref has moved.
_SAFELY: Final = "-c receive.unpackLimit=1 -c transfer.unpackLimit=1 -c gc.bigPackThreshold=64m"


class Remote:
    """The remote of one bare repository.

    Attributes:
        own: What was pushed from here.
    """

    def __init__(self, plumbing: Plumbing) -> None:
        self._plumbing = plumbing
        self.own = OwnPushes()
        self._fetched: dict[str, str] | None = None
        self._seen: dict[str, str] | None = None
        self._just_fetched, self._told = float("-inf"), set[str]()
        self._begun = 0
        self._ended_well = 0
        self._turn = asyncio.Lock()
        self._pushes = Pushes(self._push_one, self._push_many)

    async def close(self) -> None:
        """Wait for what is being pushed."""
        await self._pushes.close()

    async def fetch(self) -> None:
        """Bring every branch here and learn the default branch; callers at once share it."""
        asked = self._begun
        async with self._turn:
            if self._ended_well > asked:
                return
            self._begun += 1
            began = self._begun
            await self._fetch_branches()
            self._ended_well = began

    async def _fetch_branches(self) -> None:
        there = self._heads()
        if there is not None and there == self._fetched:
            return
        await self._fetch("--prune", "+refs/heads/*:refs/remotes/origin/*")
        if await self.resolve(f"{TRACKED}HEAD") is None:
            await self._learn_default()
        # Read before it was fetched: what moved meanwhile is fetched once more.
        self._fetched = there
        self._just_fetched, self._told = self._plumbing.clock.monotonic(), set()

    async def fetch_ref(self, ref: str, *, to: str) -> str | None:
        """Bring one remote ref here and return what it points at; None if there is none."""
        there = self._heads() if ref.startswith("refs/heads/") else None
        known = await self.resolve(to)
        if there is not None and known is not None and there.get(ref) == known:
            return known
        if there is None and self._is_news(ref):
            return await self._bring_along(ref, to, known)
        await self._fetch_if_there(checked_ref(ref), checked_ref(to))
        return await self.resolve(to)

    def _is_news(self, ref: str) -> bool:
        """Return whether a branch was fetched with all others a moment ago and not asked for."""
        if not ref.startswith("refs/heads/") or ref in self._told:
            return False
        self._told.add(ref)
        return self._plumbing.clock.monotonic() - self._just_fetched < _MOMENT

    async def _bring_along(self, ref: str, to: str, known: str | None) -> str | None:
        found = await self.resolve(TRACKED + ref.removeprefix("refs/heads/"))
        if found is None:
            await drop(self._plumbing.local, checked_ref(to))
        elif found != known:
            await point(self._plumbing.local, checked_ref(to), found)
        return found

    async def fetch_all(self, prefix: str, *, to: str) -> None:
        """Bring all remote refs under a prefix here, and drop here what is gone there."""
        spec = f"+{checked_ref(prefix)}/*:{checked_ref(to)}/*"
        await self._fetch("--prune", spec)

    def was_moved(self) -> bool:
        """Return whether somebody else moved a branch since this was asked last.

        Where that cannot be seen without a fetch, always.
        """
        before, now = self._seen, self._heads()
        self._seen = now
        return before is None or now is None or bool(foreign(before, now, self.own))

    def is_own(self, ref: str, commit: str) -> bool:
        """Return whether a ref is at a commit because it was pushed from here."""
        return (ref, commit) in self.own

    def _heads(self) -> dict[str, str] | None:
        path = self._plumbing.local_path
        return heads(path) if path is not None else None

    async def push_all(self, prefix: str) -> None:
        """Push all refs here under a prefix to the same names there; none is fine."""
        listed = await self._plumbing.local.run(
            "for-each-ref", "--format=%(refname)", f"{checked_ref(prefix)}/"
        )
        if refs := listed.text.split():
            settle(await self._push("--", "origin", *(f"+{ref}:{ref}" for ref in refs)))

    async def fetch_commit(self, commit: str) -> None:
        """Bring a commit here from wherever the remote has it; its not being there is fine."""
        try:
            await self._fetch(f"+{checked_commit(commit)}:refs/courier/fetched/commits/{commit}")
        except Unavailable as failed:
            if not any(told in failed.detail for told in _NOT_THERE):
                raise

    async def resolve(self, ref: str) -> str | None:
        """Return the commit a ref of the bare repository points at, or None."""
        found = (await self._plumbing.reader.measure([f"{checked_ref(ref)}^{{commit}}"]))[0]
        return found.id if found is not None and found.kind == "commit" else None

    async def head(self, branch: str | None) -> Head:
        """Return a branch as last fetched; None means the default branch.

        Raises:
            NotFound: If there is none.
        """
        name = branch if branch is not None else await self._default()
        commit = await self.resolve(TRACKED + branch_ref(name).removeprefix("refs/heads/"))
        if commit is None:
            raise NotFound("The remote has no such branch.", detail=name)
        return Head(branch=name, commit=commit)

    async def push(
        self, commit: str, *, ref: str, expected: str | None, brings: bool = False
    ) -> None:
        """Make a remote ref point at a commit if it points at what is expected.

        Args:
            commit: What it shall point at.
            ref: A full name.
            expected: What it must point at now; None for not existing.
            brings: Whether the commit comes after one of somebody else's that nobody here was
                told of yet.

        Raises:
            Conflict: If it points elsewhere, or is checked out there.
            Misconfigured: If the remote's rules decline it.
            NotFound: If the commit is not here.
        """
        checked_ref(ref)
        if expected is not None:
            checked_commit(expected)
        found = (await self._plumbing.reader.measure([checked_commit(commit)]))[0]
        if found is None or found.kind != "commit":
            raise NotFound("The mirror holds no such commit.", detail=commit)
        if not brings:
            self.own.note(ref, commit)
        await self._pushes.push(Push(commit, ref, expected))

    async def _push_one(self, push: Push) -> None:
        await self._push_settled(push.lease, "--", "origin", push.spec)

    async def _push_settled(self, *args: str) -> bool:
        """Push what passing trouble may hold up; True if a ref to delete was not there."""
        for _ in range(_TRIES - 1):
            try:
                return settle(await self._push(*args))
            except Rearranging:
                await self._plumbing.clock.sleep(_PAUSE)
        return settle(await self._push(*args))

    async def _push_many(self, pushes: Sequence[Push]) -> frozenset[str]:
        leases = [push.lease for push in pushes]
        answer = await self._push(*leases, "--", "origin", *(push.spec for push in pushes))
        return frozenset(found.ref for found in pushed_refs(answer.text) if found.accepted)

    async def delete(self, ref: str, *, expected: str | None = None) -> None:
        """Delete a remote ref, and what follows it here; not existing is success.

        Raises:
            Conflict: If it points elsewhere than is expected, where something is.
        """
        self.own.note(checked_ref(ref), "")
        lease = [f"--force-with-lease={ref}:{checked_commit(expected)}"] if expected else []
        await self._push_settled(*lease, "--", "origin", f":{ref}")
        is_branch = ref.startswith("refs/heads/")
        here = TRACKED + ref.removeprefix("refs/heads/") if is_branch else ref
        await drop(self._plumbing.local, here)
        # The same branch may come back: then it must be fetched again.
        self._fetched = None

    async def delete_hidden(self, refs: Sequence[str]) -> None:
        """Delete refs that are no branches with one command; not existing is success."""
        specs = [f":{checked_ref(ref)}" for ref in refs]
        if await self._push_settled("--", "origin", *specs) and len(refs) > 1:
            for ref in refs:
                await self.delete_hidden([ref])

    async def refs(self, *prefixes: str) -> Sequence[str]:
        """Return the names of the remote's refs under some prefixes."""
        patterns = [f"{checked_ref(prefix)}/*" for prefix in prefixes]
        answer = await self._plumbing.remote.run(
            "ls-remote", "--refs", "--", "origin", *patterns, limits=REMOTE
        )
        return [line.partition("\t")[2] for line in answer.text.splitlines()]

    async def tags(self, prefix: str) -> dict[str, str]:
        """Return tag to commit of the remote's tags that begin so."""
        answer = await self._plumbing.remote.run(
            "ls-remote", "--tags", "--", "origin", f"refs/tags/{prefix}*", limits=REMOTE
        )
        found = {}
        for line in answer.text.splitlines():
            commit, _, ref = line.partition("\t")
            # A tag with a message is listed twice, the second time with the commit it is of.
            found[ref.removeprefix("refs/tags/").removesuffix("^{}")] = commit
        return found

    async def _push(self, *args: str) -> Answer:
        flags = ["--porcelain", "--no-verify"]
        if (path := self._plumbing.local_path) is not None:
            safely = f" {_SAFELY}" if (path / ".git").exists() else ""
            flags.append(f"--receive-pack=git {_PATIENTLY}{safely} receive-pack")
        return await self._plumbing.remote.run(
            "push", *flags, *args, accept=(0, 1, 128), limits=REMOTE
        )

    async def _fetch(self, *args: str) -> None:
        flags = ("--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--quiet")
        for tried in range(1, _TRIES + 1):
            git = self._plumbing.remote
            answer = await git.run(
                "fetch", *flags, "origin", *args, accept=(0, 1, 128), limits=REMOTE
            )
            if answer.code == 0:
                return
            # Another process of ours may be fetching into the same refs.
            if "cannot lock ref" not in answer.err or tried == _TRIES:
                raise failure("fetch", answer.err)
            await self._plumbing.clock.sleep(_PAUSE)

    async def _fetch_if_there(self, ref: str, to: str) -> None:
        try:
            await self._fetch(f"+{ref}:{to}")
        except Unavailable as failed:
            if "couldn't find remote ref" not in failed.detail:
                raise
            await drop(self._plumbing.local, to)

    async def _learn_default(self) -> None:
        answer = await self._plumbing.remote.run(
            "ls-remote", "--symref", "--", "origin", "HEAD", limits=REMOTE
        )
        for line in answer.text.splitlines():
            target, _, name = line.partition("\t")
            if target.startswith("ref: refs/heads/") and name == "HEAD":
                branch = target.removeprefix("ref: refs/heads/")
                await self._plumbing.local.run("symbolic-ref", f"{TRACKED}HEAD", TRACKED + branch)

    async def _default(self) -> str:
        with suppress(OSError):
            text = (self._plumbing.folder / TRACKED / "HEAD").read_text().strip()
            if text.startswith(f"ref: {TRACKED}"):
                return text.removeprefix(f"ref: {TRACKED}")
        answer = await self._plumbing.local.run(
            "symbolic-ref", "--quiet", f"{TRACKED}HEAD", accept=(0, 1)
        )
        if answer.code:
            raise NotFound(
                "The remote has no default branch.",
                detail="It is empty, or its HEAD is detached.",
                next_step="Push a first commit, or name the branch in the project.",
            )
        return answer.text.removeprefix(TRACKED)
