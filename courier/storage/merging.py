"""Merging into a remote branch: by compare-and-swap, or in the working tree that has it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from courier.errors import Conflict, Unavailable
from courier.ports.repository import Identity, SigningKey
from courier.storage.commits import Signed, commit_tree, git_date, is_ancestor, merge_tree
from courier.storage.failures import Moved
from courier.storage.names import branch_ref, checked_commit
from courier.storage.plumbing import Plumbing
from courier.storage.remote import Remote
from courier.storage.signing import Signer

_TRIES: Final = 8
_PAUSE: Final = 0.05
_HELD: Final = re.compile(r"unable to create '.*\.lock'", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A merge to be made.

    Attributes:
        head: The commit to merge.
        into: The remote branch's short name.
        message: The new commit's message.
        author: Who merges.
        squash: Whether the new commit has only the branch's tip as parent.
        key: What the new commit is signed with.
    """

    head: str
    into: str
    message: str
    author: Identity
    squash: bool
    key: SigningKey | None = None


class Merger:
    """Merges commits of a mirror into branches of its remote."""

    def __init__(self, plumbing: Plumbing, remote: Remote, signer: Signer) -> None:
        self._plumbing = plumbing
        self._signer = signer
        self._remote = remote

    async def merge(self, wanted: Wanted) -> str:
        """Merge and return the branch's new tip; merged already returns the tip there is.

        Raises:
            Conflict: If the changes conflict, the branch kept moving, or a working tree that
                has the branch checked out is in the way.
        """
        checked_commit(wanted.head)
        for tried in range(1, _TRIES + 1):
            await self._remote.fetch()
            tip = (await self._remote.head(wanted.into)).commit
            if await is_ancestor(self._plumbing.local, wanted.head, of=tip):
                return tip
            merged = await self._merged(wanted, tip)
            try:
                await self._deliver(merged, wanted.into, tip)
            except Moved:
                if tried == _TRIES:
                    raise
                await self._plumbing.clock.sleep(_PAUSE)
            else:
                await self._remote.fetch()
                return merged
        raise AssertionError("unreachable")

    async def _merged(self, wanted: Wanted, tip: str) -> str:
        result = await merge_tree(self._plumbing.local, tip, wanted.head)
        if result.tree is None:
            raise Conflict(
                f"The changes conflict with {wanted.into}.",
                detail="In conflict: " + ", ".join(result.conflicts) + ".",
                next_step="Merge or rebase the branch by hand, push it, and try again.",
            )
        at = git_date(self._plumbing.clock.now())
        commit = await commit_tree(
            self._plumbing.local,
            result.tree,
            parents=(tip,) if wanted.squash else (tip, wanted.head),
            message=wanted.message,
            signed=Signed(author=wanted.author, committer=wanted.author, at=at),
        )
        if wanted.key is None:
            return commit
        return await self._signer.sign(commit, beyond=(tip, wanted.head), key=wanted.key)

    async def _deliver(self, merged: str, branch: str, tip: str) -> None:
        holder = await self._holder(branch)
        if holder is None:
            await self._remote.push(merged, ref=branch_ref(branch), expected=tip)
            return
        passing = f"refs/courier/merges/{merged}"
        await self._remote.push(merged, ref=passing, expected=None)
        try:
            await self._advance(holder, merged, tip)
        finally:
            await self._remote.delete(passing)

    async def _holder(self, branch: str) -> Path | None:
        """Return the working tree of a local remote that has the branch checked out."""
        path = self._plumbing.local_path
        if path is None:
            return None
        git = self._plumbing.remote.at(path)
        answer = await git.run("worktree", "list", "--porcelain", "-z")
        for block in answer.out.decode(errors="surrogateescape").split("\0\0"):
            lines = block.split("\0")
            folder = Path(lines[0].removeprefix("worktree "))
            if f"branch {branch_ref(branch)}" in lines and folder.is_dir():
                return folder
        return None

    async def _advance(self, folder: Path, merged: str, tip: str) -> None:
        git = self._plumbing.remote.at(folder)
        status = await git.run("status", "--porcelain", "--untracked-files=no")
        if status.out:
            raise Conflict(
                "The branch is checked out and its working tree has changes.",
                detail=f"In {folder}: {status.text[:500]}",
                next_step="Commit or stash them there, then try again.",
            )
        answer = await git.run("merge", "--ff-only", "--quiet", merged, accept=(0, 1, 2, 128))
        if answer.code == 0:
            return
        current = (await git.run("rev-parse", "--verify", "HEAD")).text
        if current not in (tip, merged):
            raise Moved("The branch was moved meanwhile.", detail=answer.err.strip())
        next_step = "Try again."
        if not _HELD.search(answer.err):
            next_step = "Clear the way there, or run `git merge` there yourself."
        raise Conflict(
            "The branch is checked out and could not be moved there.",
            detail=f"In {folder}: {answer.err.strip()[:1000]}",
            next_step=next_step,
        ) from Unavailable("git merge failed.", detail=answer.err.strip()[:1000])
