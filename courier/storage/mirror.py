"""courier's own bare mirror of one repository: the `Repository` port on real git."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from courier.ports.clock import Clock
from courier.ports.repository import (
    NO_BRANCHES,
    Admitted,
    GateRules,
    Head,
    Identity,
    Joined,
    Joining,
    SigningKey,
    Unmerged,
)
from courier.storage import history
from courier.storage.commits import Signed, commit_tree, is_ancestor, merge_tree, parents_of
from courier.storage.credentials import Credentials
from courier.storage.edits import with_files
from courier.storage.export import Exporter
from courier.storage.gate.entry import Gate
from courier.storage.joining import Joiner
from courier.storage.listing import Listing
from courier.storage.looking import Looking
from courier.storage.merging import Merger, Wanted
from courier.storage.names import branch_ref, checked_commit
from courier.storage.plumbing import Plumbing
from courier.storage.refs import point
from courier.storage.remote import Remote
from courier.storage.signing import Signer

COURIER: Final = Identity("courier", "courier@localhost")
"""Who commits what courier makes itself, unless the project says otherwise."""
_LOOSE_LIMIT: Final = 5000
_NEAR: Final = 20
_ASIDE: Final = "refs/courier/waiting/"


class Mirror(Looking):
    """The mirror in ``<folder>/mirror.git``. `open` it before use and `close` it after."""

    def __init__(
        self,
        folder: Path,
        *,
        remote: str,
        clock: Clock,
        credentials: Credentials | None = None,
        identity: Identity = COURIER,
    ) -> None:
        self.plumbing = Plumbing(
            folder, url=remote, clock=clock, credentials=credentials or Credentials()
        )
        self.remote = Remote(self.plumbing)
        self._identity = identity
        self._exporter = Exporter(self.plumbing)
        self._gate = Gate(self.plumbing)
        self._joiner = Joiner(self.plumbing)
        self.listing = Listing(self.plumbing)
        self._signer = Signer(self.plumbing)
        self._merger = Merger(self.plumbing, self.remote, self._signer)

    async def open(self) -> Self:
        """Make the mirror if it is new and sweep what a killed process left behind.

        Raises:
            Misconfigured: If the folder cannot be written or the remote's URL is malformed.
        """
        await asyncio.to_thread(self.plumbing.open)
        return self

    async def close(self) -> None:
        """Wait for what is being pushed, end its processes and release its lock."""
        await self.remote.close()
        await self.plumbing.close()

    async def fetch(self) -> None:
        """Bring every branch of the remote here, under ``refs/remotes/origin/``."""
        await self.remote.fetch()

    async def head(self, branch: str | None = None) -> Head:
        """Return the remote branch as last fetched; None means the remote's default branch.

        Raises:
            NotFound: If there is no such branch, or the remote is empty.
        """
        return await self.remote.head(branch)

    async def export(
        self, commit: str, *, depth: int = 50, branches: Mapping[str, str] = NO_BRANCHES
    ) -> bytes:
        """Return a tar of a shallow ``.git`` folder, detached, without a remote.

        Raises:
            NotFound: If the mirror holds no such commit.
        """
        return await self._exporter.export(commit, depth=depth, branches=branches)

    async def admit(self, bundle: bytes, *, rules: GateRules, keep_at: str) -> Admitted:
        """Check an agent's bundle in quarantine and keep its head at a hidden ref.

        Raises:
            Refused: If any rule is broken; only work that a human may let through is kept,
                aside, for `release`.
        """
        return await self._gate.admit(bundle, rules=rules, keep_at=keep_at)

    async def review(self, commit: str, *, rules: GateRules) -> None:
        """Judge a commit of this mirror as work from outside is judged, whoever made it.

        Raises:
            Refused: If any rule but those about authors is broken.
        """
        await self._gate.review(commit, rules=rules)

    async def release(self, keep_at: str) -> str:
        """Move work that needs approval from quarantine to its hidden ref; return the commit.

        Raises:
            NotFound: If no work waits there.
        """
        return await self._gate.release(keep_at)

    async def held_back(self, keep_at: str) -> str | None:
        """Return the commit that waits for `release` to that ref; None if none does."""
        return await self._gate.held_back(keep_at)

    async def put_aside(self, commit: str, *, name: str) -> str:
        """Push a commit to ``refs/courier/waiting/<name>`` of the remote; return that ref.

        Raises:
            Misconfigured: If the remote's rules decline it.
        """
        ref = f"{_ASIDE}{name}"
        known = await self.remote.fetch_ref(ref, to=f"refs/courier/fetched/waiting/{name}")
        await self.remote.push(commit, ref=ref, expected=known)
        return ref

    async def resolve(self, ref: str) -> str | None:
        """Return the commit a ref of the mirror points at, or None."""
        return await self.remote.resolve(ref)

    async def squash(self, commit: str, *, onto: str, message: str, author: Identity) -> str:
        """Return a commit with the tree of ``commit`` and the one parent ``onto``.

        Deterministic: the dates are those of ``commit``.
        """
        shown = await self.plumbing.local.run(
            "show", "--no-patch", "--format=%T %ct", checked_commit(commit), "--"
        )
        tree, seconds = shown.text.split(" ")
        return await commit_tree(
            self.plumbing.local,
            tree,
            parents=(checked_commit(onto),),
            message=message,
            signed=Signed(author=author, committer=self._identity, at=f"{seconds} +0000"),
        )

    async def with_files(
        self, commit: str, files: Mapping[str, bytes | None], *, message: str, author: Identity
    ) -> str:
        """Return a commit right after another one, in which some files hold something else."""
        return await with_files(self.plumbing, commit, files, message=message, author=author)

    async def push(self, commit: str, *, branch: str, expected: str | None) -> None:
        """Make the remote branch point at the commit; already so is success.

        Raises:
            Conflict: If it points elsewhere than expected, or is checked out there.
            Misconfigured: If the remote's rules decline it.
        """
        await self.remote.push(commit, ref=branch_ref(branch), expected=expected)

    async def delete_branch(self, branch: str, *, expected: str | None = None) -> None:
        """Delete a branch on the remote; not existing is success.

        Raises:
            Conflict: If it points elsewhere than expected.
        """
        await self.remote.delete(branch_ref(branch), expected=expected)

    async def join(self, joining: Joining) -> Joined:
        """Bring two commits together in no work tree; nothing is pushed."""
        return await self._joiner.join(joining)

    async def unmerged(self, joining: Joining) -> Unmerged:
        """Return how git's index holds the conflict of two commits."""
        return await self._joiner.unmerged(joining)

    async def sign(self, commit: str, *, beyond: Sequence[str], key: SigningKey) -> str:
        """Return the commit with it and all before it, up to some others, signed."""
        return await self._signer.sign(commit, beyond=beyond, key=key)

    async def picks(self, tip: str, *, onto: str) -> Sequence[str]:
        """Return the commits of ``tip`` that ``onto`` lacks, oldest first, without merges."""
        return await self._joiner.picks(tip, onto=onto)

    async def contains(self, commit: str, *, tip: str) -> bool:
        """Return whether the change is in ``tip``: an ancestor, or merging is nothing."""
        if await self._follows(checked_commit(commit), checked_commit(tip)):
            return await self.tree(commit) == await self.tree(tip)
        git = self.plumbing.local
        if await is_ancestor(git, checked_commit(commit), of=checked_commit(tip)):
            return True
        merged = await merge_tree(git, tip, commit)
        found = await self.plumbing.reader.measure([f"{tip}^{{tree}}"])
        return merged.tree is not None and found[0] is not None and merged.tree == found[0].id

    async def _follows(self, commit: str, tip: str) -> bool:
        """Return quickly whether a commit is a few ahead of ``tip``: merging gives its tree."""
        at = commit
        for _ in range(_NEAR):
            found = (await self.plumbing.reader.read([at]))[0]
            parents = parents_of(found.content) if found and found.kind == "commit" else []
            if len(parents) != 1:
                return False
            at = parents[0]
            if at == tip:
                return True
        return False

    async def find_trailers(
        self, trailers: Mapping[str, str], *, tip: str, beyond: str
    ) -> str | None:
        """Return the newest commit of ``tip``, but not of ``beyond``, with all the trailers."""
        return await history.find_trailers(self.plumbing, trailers, tip=tip, beyond=beyond)

    async def merge(  # noqa: PLR0913 - all that makes a commit of a merge
        self,
        head: str,
        *,
        into: str,
        message: str,
        author: Identity,
        squash: bool = False,
        key: SigningKey | None = None,
    ) -> str:
        """Merge a commit into a remote branch by compare-and-swap; return the new tip.

        Where the remote is a folder with the branch checked out, its working tree moves along.

        Raises:
            Conflict: If the changes conflict, naming the files; if the branch kept moving; or
                if a working tree with the branch checked out has changes.
        """
        wanted = Wanted(head, into, message, author, squash=squash, key=key)
        return await self._merger.merge(wanted)

    async def tidy(self) -> None:
        """Pack loose objects once there are many; deletes nothing that is not packed."""
        sampled = self.plumbing.objects / "17"
        loose = len(list(sampled.iterdir())) * 256 if sampled.is_dir() else 0
        if loose >= _LOOSE_LIMIT:
            await self.plumbing.local.run(
                "maintenance", "run", "--quiet", "--task=loose-objects", "--task=pack-refs"
            )

    async def keep(self, commit: str, *, at: str) -> None:
        """Point a hidden ref of the mirror at a commit."""
        await point(self.plumbing.local, at, commit)
