"""A mirror for one of many workers: what its runs need comes from the remote, and goes there."""

from collections.abc import Mapping, Sequence
from typing import Final

from courier.errors import NotFound
from courier.planning.asked.library import AssetFile
from courier.ports.repository import (
    NO_BRANCHES,
    Admitted,
    GateRules,
    Identity,
    Joined,
    Joining,
    SigningKey,
    Unmerged,
)
from courier.runs.texts.filechange import FileChange
from courier.storage.mirror import Mirror
from courier.storage.names import checked_commit

_KEPT: Final = "refs/courier/runs/"
_ASIDE: Final = "refs/courier/waiting/"


class SharedMirror(Mirror):
    """The `Repository` of a worker whose runs may have begun, and may go on, elsewhere.

    Commits it lacks are fetched, and what the gate admits is pushed to the same hidden ref, so that
    no run depends on one machine's disk.
    """

    async def files(self, commit: str, prefix: str) -> Mapping[str, str]:
        """Return path to blob id of every regular file under a folder of a commit."""
        await self._need(commit)
        return await super().files(commit, prefix)

    async def assets(self, commit: str, path: str) -> Sequence[AssetFile]:
        """Return the file at a path, or everything below it."""
        await self._need(commit)
        return await super().assets(commit, path)

    async def export(
        self, commit: str, *, depth: int = 50, branches: Mapping[str, str] = NO_BRANCHES
    ) -> bytes:
        """Return a tar of a shallow ``.git`` folder."""
        await self._need(commit, *branches.values())
        return await super().export(commit, depth=depth, branches=branches)

    async def admit(self, bundle: bytes, *, rules: GateRules, keep_at: str) -> Admitted:
        """Check an agent's bundle in quarantine; keep its head at a hidden ref, here and there."""
        await self._need(rules.base)
        admitted = await super().admit(bundle, rules=rules, keep_at=keep_at)
        if keep_at.startswith(_KEPT):
            known = await self.remote.fetch_ref(keep_at, to=f"refs/courier/fetched/{keep_at[13:]}")
            await self.remote.push(admitted.commit, ref=keep_at, expected=known)
        return admitted

    async def release(self, keep_at: str) -> str:
        """Move work that needs approval from quarantine, here or there, to its hidden ref."""
        try:
            return await super().release(keep_at)
        except NotFound:
            commit = await self._aside(keep_at)
            if commit is None:
                raise
            await self.keep(commit, at=keep_at)
            return commit

    async def held_back(self, keep_at: str) -> str | None:
        """Return the commit that waits for `release` to that ref."""
        return await super().held_back(keep_at) or await self._aside(keep_at)

    async def resolve(self, ref: str) -> str | None:
        """Return the commit a ref of the mirror, or a hidden one of the remote, points at."""
        found = await super().resolve(ref)
        if found is None and ref.startswith(_KEPT):
            return await self.remote.fetch_ref(ref, to=ref)
        return found

    async def keep(self, commit: str, *, at: str) -> None:
        """Point a hidden ref at a commit, here and, for what runs go on from, there."""
        await self._need(commit)
        await super().keep(commit, at=at)
        if at.startswith(_KEPT):
            known = await self.remote.fetch_ref(at, to=f"refs/courier/fetched/{at[13:]}")
            await self.remote.push(commit, ref=at, expected=known)

    async def put_aside(self, commit: str, *, name: str) -> str:
        """Push a commit to where work waits."""
        await self._need(commit)
        return await super().put_aside(commit, name=name)

    async def tree(self, commit: str) -> str:
        """Return the id of a commit's tree."""
        await self._need(commit)
        return await super().tree(commit)

    async def squash(self, commit: str, *, onto: str, message: str, author: Identity) -> str:
        """Return a commit with the tree of ``commit`` and the one parent ``onto``."""
        await self._need(commit, onto)
        return await super().squash(commit, onto=onto, message=message, author=author)

    async def push(self, commit: str, *, branch: str, expected: str | None) -> None:
        """Make the remote branch point at the commit."""
        await self._need(commit)
        await super().push(commit, branch=branch, expected=expected)

    async def diff(self, base: str, head: str) -> str:
        """Return the unified diff from the merge base of both to ``head``."""
        await self._need(base, head)
        return await super().diff(base, head)

    async def changes(self, base: str, head: str) -> Sequence[FileChange]:
        """Return every file that differs from the merge base of both to ``head``."""
        await self._need(base, head)
        return await super().changes(base, head)

    async def join(self, joining: Joining) -> Joined:
        """Bring two commits together in no work tree; nothing is pushed."""
        await self._need(joining.ours, joining.theirs)
        return await super().join(joining)

    async def unmerged(self, joining: Joining) -> Unmerged:
        """Return how git's index holds the conflict of two commits."""
        await self._need(joining.ours, joining.theirs)
        return await super().unmerged(joining)

    async def sign(self, commit: str, *, beyond: Sequence[str], key: SigningKey) -> str:
        """Return the commit with it and all before it, up to some others, signed."""
        await self._need(commit, *beyond)
        return await super().sign(commit, beyond=beyond, key=key)

    async def picks(self, tip: str, *, onto: str) -> Sequence[str]:
        """Return the commits of ``tip`` that ``onto`` lacks, oldest first, without merges."""
        await self._need(tip, onto)
        return await super().picks(tip, onto=onto)

    async def contains(self, commit: str, *, tip: str) -> bool:
        """Return whether the change is in ``tip``."""
        await self._need(commit, tip)
        return await super().contains(commit, tip=tip)

    async def find_trailers(
        self, trailers: Mapping[str, str], *, tip: str, beyond: str
    ) -> str | None:
        """Return the newest commit of ``tip``, but not of ``beyond``, with all the trailers."""
        await self._need(tip, beyond)
        return await super().find_trailers(trailers, tip=tip, beyond=beyond)

    async def _aside(self, keep_at: str) -> str | None:
        run = keep_at.removeprefix(_KEPT).partition("/")[0]
        return await self.remote.fetch_ref(f"{_ASIDE}{run}", to=f"refs/courier/fetched/aside/{run}")

    async def _need(self, *commits: str) -> None:
        """Fetch those of the commits that are not here; what nobody has stays missing."""
        if await self._lacking(commits):
            await self.fetch()
            for commit in await self._lacking(commits):
                await self.remote.fetch_commit(commit)

    async def _lacking(self, commits: Sequence[str]) -> list[str]:
        names = [checked_commit(commit) for commit in commits]
        found = await self.plumbing.reader.measure(names)
        return [name for name, known in zip(names, found, strict=True) if known is None]
