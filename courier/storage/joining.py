"""Two commits brought together without a work tree: by git alone, or as a conflict for somebody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from courier.errors import Misused
from courier.ports.repository import Identity, Joined, Joining, Unmerged
from courier.storage.commits import Signed, commit_tree, git_date, is_ancestor
from courier.storage.git import Git
from courier.storage.names import checked_commit
from courier.storage.plumbing import Plumbing

_HOST: Final = Identity("courier", "courier@localhost")
_FACTS: Final = "%T%x00%ct%x00%at%x00%an%x00%ae%x00%P%x00%B"
_CONFLICTED: Final = "Conflict, as git left it"
MOST_PICKS: Final = 500
"""Most commits of one branch that are put onto another one by one."""


@dataclass(frozen=True, slots=True)
class _Known:
    """One commit: times are seconds of the epoch."""

    tree: str
    committed: str
    authored: str
    author: Identity
    parents: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class _Merged:
    """What ``merge-tree`` told: a tree, with marks where there are entries of a conflict."""

    tree: str
    entries: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths in conflict."""
        return tuple(dict.fromkeys(entry.partition("\t")[2] for entry in self.entries))


class Joiner:
    """Brings commits of a mirror together."""

    def __init__(self, plumbing: Plumbing) -> None:
        self._plumbing = plumbing

    async def join(self, joining: Joining) -> Joined:
        """Return the new commit, or ours where theirs brings nothing, or the conflict there is."""
        ours, theirs = checked_commit(joining.ours), checked_commit(joining.theirs)
        merged = _Merged(joining.tree) if joining.tree else None
        if merged is None:
            if joining.how != "pick" and await is_ancestor(self._git, theirs, of=ours):
                return Joined(ours)
            merged = await self._merge(joining)
        if merged.entries:
            return Joined(await self._conflicted(joining, merged.tree), merged.paths)
        if merged.tree == (await self._known(ours)).tree and joining.tree is None:
            return Joined(ours)
        return Joined(await self._commit(joining, merged.tree))

    async def unmerged(self, joining: Joining) -> Unmerged:
        """Return how git's index holds the conflict of two commits."""
        merged = await self._merge(joining)
        known = await self._known(joining.theirs)
        zero = "0" * len(joining.ours)
        # The entry of the tree gives way to those of the sides.
        gone = [f"0 {zero}\t{path}" for path in merged.paths]
        entries = "".join(f"{entry}\0" for entry in (*gone, *merged.entries))
        blobs = dict.fromkeys(entry.split(" ", 2)[1] for entry in merged.entries)
        told = "".join(f"100644 blob {blob}\t{blob}\n" for blob in sorted(blobs))
        tree = (await self._git.run("mktree", stdin=told.encode())).text
        holder = await commit_tree(
            self._git,
            tree,
            parents=(),
            message=_CONFLICTED,
            signed=Signed(author=_HOST, committer=_HOST, at=f"{known.committed} +0000"),
        )
        return Unmerged(entries.encode("utf-8", "surrogateescape"), holder)

    async def picks(self, tip: str, *, onto: str) -> Sequence[str]:
        """Return the commits of ``tip`` that ``onto`` lacks, oldest first, without merges.

        Raises:
            Misused: If they are too many.
        """
        flags = ("--reverse", "--topo-order", "--no-merges", f"--max-count={MOST_PICKS + 1}")
        listed = await self._git.run(
            "rev-list", *flags, checked_commit(tip), f"^{checked_commit(onto)}", "--"
        )
        found = listed.text.split()
        if len(found) > MOST_PICKS:
            raise Misused(
                "The branch has too many commits to be rebased.",
                detail=f"More than {MOST_PICKS}.",
                next_step="Use `strategy: merge` or `squash`.",
            )
        return found

    @property
    def _git(self) -> Git:
        return self._plumbing.local

    async def _merge(self, joining: Joining) -> _Merged:
        ours = joining.ours
        if joining.how == "pick":
            ours = await self._beside(joining)
        answer = await self._git.run(
            "merge-tree",
            "--write-tree",
            "-z",
            "--no-messages",
            "--allow-unrelated-histories",
            checked_commit(ours),
            checked_commit(joining.theirs),
            accept=(0, 1),
        )
        tree, *entries = answer.out.decode("utf-8", "surrogateescape").rstrip("\0").split("\0")
        return _Merged(tree.strip(), tuple(entry for entry in entries if entry))

    async def _beside(self, joining: Joining) -> str:
        """Return a commit with our tree beside theirs, so that only what theirs changed counts."""
        known, ours = await self._known(joining.theirs), await self._known(joining.ours)
        return await commit_tree(
            self._git,
            ours.tree,
            parents=known.parents[:1],
            message=_CONFLICTED,
            signed=Signed(author=_HOST, committer=_HOST, at=f"{known.committed} +0000"),
        )

    async def _conflicted(self, joining: Joining, tree: str) -> str:
        """Return a commit of the tree with marks; the same conflict is the same commit."""
        known = await self._known(joining.theirs)
        parents = (joining.ours,) if joining.how == "pick" else (joining.ours, joining.theirs)
        return await commit_tree(
            self._git,
            tree,
            parents=parents,
            message=_CONFLICTED,
            signed=Signed(author=_HOST, committer=_HOST, at=f"{known.committed} +0000"),
        )

    async def _commit(self, joining: Joining, tree: str) -> str:
        now = git_date(self._plumbing.clock.now())
        signed = Signed(author=joining.author, committer=joining.author, at=now)
        message = joining.message
        joins = joining.how == "merge"
        parents = (joining.ours, joining.theirs) if joins else (joining.ours,)
        if joining.how == "pick":
            known = await self._known(joining.theirs)
            message = known.message
            signed = replace(signed, author=known.author, authored_at=f"{known.authored} +0000")
        return await commit_tree(self._git, tree, parents=parents, message=message, signed=signed)

    async def _known(self, commit: str) -> _Known:
        told = await self._git.run(
            "show", "--no-patch", f"--format={_FACTS}", checked_commit(commit), "--"
        )
        text = told.out.decode("utf-8", "replace")
        tree, committed, authored, name, email, parents, message = text.split("\0", 6)
        author = Identity(name or _HOST.name, email or _HOST.email)
        return _Known(tree, committed, authored, author, tuple(parents.split()), message)
