"""courier's own bare mirror of one repository: the `Repository` port on real git."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from courier.errors import NotFound
from courier.planning.library import AssetFile
from courier.ports.clock import Clock
from courier.ports.repository import (
    NO_BRANCHES,
    Admitted,
    GateRules,
    Head,
    Identity,
    Joined,
    Joining,
    Unmerged,
    Version,
)
from courier.runs.filechange import FileChange
from courier.storage import history
from courier.storage.commits import Signed, commit_tree, is_ancestor, merge_tree, parents_of
from courier.storage.credentials import Credentials
from courier.storage.edits import with_files
from courier.storage.export import Exporter
from courier.storage.gate.entry import Gate
from courier.storage.git import Limits
from courier.storage.joining import Joiner
from courier.storage.merging import Merger, Wanted
from courier.storage.names import branch_ref, checked_commit
from courier.storage.plumbing import Plumbing
from courier.storage.refs import point
from courier.storage.remote import Remote

COURIER: Final = Identity("courier", "courier@localhost")
"""Who commits what courier makes itself, unless the project says otherwise."""
_REGULAR: Final = ("100644", "100755")
_DIFF: Final = Limits(output=8 << 20, may_cut=True)
_LOOSE_LIMIT: Final = 5000
_NEAR: Final = 20
_ASIDE: Final = "refs/courier/waiting/"


class Mirror:
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
        self._merger = Merger(self.plumbing, self.remote)

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

    async def files(self, commit: str, prefix: str) -> Mapping[str, str]:
        """Return path to blob id of every regular file under a folder of a commit."""
        folder = prefix.strip("/")
        inside = ("--", f"{folder}/") if folder else ()
        answer = await self.plumbing.local.run(
            "ls-tree", "-r", "-z", "--full-tree", checked_commit(commit), *inside
        )
        found = {}
        for line in answer.out.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            facts, _, path = line.partition("\t")
            mode, _, blob = facts.split(" ")
            if mode in _REGULAR:
                found[path] = blob
        return found

    async def read(self, blobs: Sequence[str]) -> Sequence[bytes]:
        """Return the contents of blobs, in order, in one batch.

        Raises:
            NotFound: If the mirror lacks one of them.
        """
        found = await self.plumbing.reader.read([checked_commit(blob) for blob in blobs])
        contents = [blob.content for blob in found if blob is not None and blob.kind == "blob"]
        if len(contents) != len(found):
            raise NotFound("The mirror lacks a blob.")
        return contents

    async def assets(self, commit: str, path: str) -> Sequence[AssetFile]:
        """Return the file at a path, or everything below it; contents where they are readable."""
        return await history.assets(self.plumbing, commit, path)

    async def find_commit(self, text: str) -> str | None:
        """Return the whole id of a commit given by it or by its beginning; None if unknown."""
        return await history.find_commit(self.plumbing, text)

    async def versions(self, path: str, *, tip: str) -> Sequence[Version]:
        """Return every commit on the way to ``tip`` that changed a file, the newest first."""
        return await history.versions(self.plumbing, path, tip=tip)

    async def sizes(self, blobs: Sequence[str]) -> Sequence[int]:
        """Return the bytes of blobs, in order, reading none of them.

        Raises:
            NotFound: If the mirror lacks one of them.
        """
        return await history.sizes(self.plumbing, blobs)

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

    async def tree(self, commit: str) -> str:
        """Return the id of a commit's tree.

        Raises:
            NotFound: If there is no such commit.
        """
        return await history.tree(self.plumbing, commit)

    async def author(self, path: str, *, at: str) -> Identity | None:
        """Return who last changed a file, as of a commit; None where history does not tell."""
        return await history.author(self.plumbing, path, at=at)

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

    async def delete_branch(self, branch: str) -> None:
        """Delete a branch on the remote; not existing is success."""
        await self.remote.delete(branch_ref(branch))

    async def diff(self, base: str, head: str) -> str:
        """Return the unified diff from the merge base of both to ``head``, at most 8 MiB of it."""
        git = self.plumbing.local
        start = await git.run(
            "merge-base", checked_commit(base), checked_commit(head), accept=(0, 1)
        )
        flags = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames")
        answer = await git.run("diff", *flags, start.text or base, head, "--", limits=_DIFF)
        end = "\n[the rest of this diff is left out]\n" if answer.was_cut else ""
        return answer.out.decode(errors="replace") + end

    async def changes(self, base: str, head: str) -> Sequence[FileChange]:
        """Return every file that differs from the merge base of both to ``head``, by path."""
        return await history.changes(self.plumbing, base, head)

    async def join(self, joining: Joining) -> Joined:
        """Bring two commits together in no work tree; nothing is pushed."""
        return await self._joiner.join(joining)

    async def unmerged(self, joining: Joining) -> Unmerged:
        """Return how git's index holds the conflict of two commits."""
        return await self._joiner.unmerged(joining)

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

    async def merge(
        self, head: str, *, into: str, message: str, author: Identity, squash: bool = False
    ) -> str:
        """Merge a commit into a remote branch by compare-and-swap; return the new tip.

        Where the remote is a folder with the branch checked out, its working tree moves along.

        Raises:
            Conflict: If the changes conflict, naming the files; if the branch kept moving; or
                if a working tree with the branch checked out has changes.
        """
        return await self._merger.merge(Wanted(head, into, message, author, squash=squash))

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
