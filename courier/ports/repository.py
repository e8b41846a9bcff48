"""The repository: courier's own bare mirror of one git repository and its remote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from courier.planning.asked.library import AssetFile
from courier.ports.joining import How, Identity, Joined, Joining, Joins, SigningKey, Unmerged
from courier.runs.texts.filechange import FileChange

__all__ = [
    "NO_BRANCHES",
    "Admitted",
    "GateRules",
    "Head",
    "How",
    "Identity",
    "Joined",
    "Joining",
    "Repository",
    "SigningKey",
    "Unmerged",
    "Version",
]

NO_BRANCHES: Mapping[str, str] = MappingProxyType({})
"""No branch at all."""


@dataclass(frozen=True, slots=True)
class Head:
    """The tip of a branch on the remote."""

    branch: str
    commit: str


@dataclass(frozen=True, slots=True)
class GateRules:
    """What the gate lets through.

    Attributes:
        ref: The one ref the bundle must hold, e.g. ``refs/courier/out``.
        base: The commit the work must descend from.
        protected_paths: Globs, matched casefolded, besides the built-in ones.
        max_files: Most files a range may touch.
        max_bytes: Most bytes all new blobs of the range may sum to.
        authors: Allowed author and committer e-mails.
        secrets: Secret values that must not occur in any blob or message.
    """

    ref: str
    base: str
    authors: tuple[str, ...]
    protected_paths: tuple[str, ...] = ()
    max_files: int = 500
    max_bytes: int = 10_000_000
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """Work that passed the gate and now lives in the mirror under a hidden ref."""

    commit: str
    commits: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """A commit that changed a file; ``author`` is a name, ``at`` in UTC."""

    commit: str
    at: datetime
    author: str
    subject: str


class Repository(Joins, Protocol):
    """courier's own bare copy. Never the user's checkout; safe to kill at any point.

    Every method that talks to the remote may raise `Unavailable` or `Misconfigured`.
    """

    async def fetch(self) -> None:
        """Bring every branch of the remote here, under ``refs/remotes/origin/``."""
        ...

    async def head(self, branch: str | None = None) -> Head:
        """Return the remote branch as last fetched; None means the remote's default branch.

        Raises:
            NotFound: If there is no such branch, or the remote is empty.
        """
        ...

    async def files(self, commit: str, prefix: str) -> Mapping[str, str]:
        """Return path to blob id of every regular file under a folder of a commit."""
        ...

    async def read(self, blobs: Sequence[str]) -> Sequence[bytes]:
        """Return the contents of blobs, in order, in one batch."""
        ...

    async def assets(self, commit: str, path: str) -> Sequence[AssetFile]:
        """Return the file at a path, or everything below it, in alphabetical order.

        Nothing is followed. Contents are read only where `readable` says so of all together.
        """
        ...

    async def find_commit(self, text: str) -> str | None:
        """Return the whole id of a commit given by it or by its beginning; None if unknown."""
        ...

    async def versions(self, path: str, *, tip: str) -> Sequence[Version]:
        """Return every commit on the way to ``tip`` that changed a file, the newest first."""
        ...

    async def sizes(self, blobs: Sequence[str]) -> Sequence[int]:
        """Return the bytes of blobs, in order, reading none of them."""
        ...

    async def export(
        self, commit: str, *, depth: int = 50, branches: Mapping[str, str] = NO_BRANCHES
    ) -> bytes:
        """Return a tar of a ``.git`` folder: shallow, detached at the commit, no remote.

        Args:
            commit: What is to be checked out.
            depth: How many commits of each history it holds.
            branches: Branches it has besides, by name, each at its commit.

        The same commit gives the same bytes within one process; nothing in it can reach or
        name the remote, and it holds no credential and no hook.
        """
        ...

    async def admit(self, bundle: bytes, *, rules: GateRules, keep_at: str) -> Admitted:
        """Check an agent's bundle in quarantine and keep its head at a hidden ref.

        Doing it twice with the same bundle is the same as once.

        Raises:
            Refused: If any rule is broken; nothing is kept, save for work that needs approval,
                which waits aside for `release`.
        """
        ...

    async def review(self, commit: str, *, rules: GateRules) -> None:
        """Judge a commit of this mirror as work from outside is judged, whoever made it.

        Args:
            commit: Follows the rules' base by commits that are here.
            rules: What is let through; the ref and the authors do not matter.

        Raises:
            Refused: If any other rule is broken.
        """
        ...

    async def release(self, keep_at: str) -> str:
        """Let work that needed approval through to the ref it was meant for; return its commit.

        For a human's word only: the gate has checked everything but the protected paths.

        Raises:
            NotFound: If no work waits for that ref.
        """
        ...

    async def held_back(self, keep_at: str) -> str | None:
        """Return the commit that waits for `release` to that ref; None if none does."""
        ...

    async def put_aside(self, commit: str, *, name: str) -> str:
        """Push a commit to a ref of the remote that is no branch, so that nothing acts on it.

        Whatever was there under the name is replaced.

        Returns:
            The ref, for `git fetch`.

        Raises:
            Misconfigured: If the remote's rules decline it.
        """
        ...

    async def tree(self, commit: str) -> str:
        """Return the id of a commit's tree: equal for equal files, whatever the history.

        Raises:
            NotFound: If there is no such commit.
        """
        ...

    async def author(self, path: str, *, at: str) -> Identity | None:
        """Return who last changed a file, as of a commit; None where history does not tell."""
        ...

    async def resolve(self, ref: str) -> str | None:
        """Return the commit a ref of the mirror points at, or None."""
        ...

    async def keep(self, commit: str, *, at: str) -> None:
        """Point a hidden ref of the mirror at a commit, whatever it pointed at."""
        ...

    async def squash(self, commit: str, *, onto: str, message: str, author: Identity) -> str:
        """Return a commit with the tree of ``commit`` and the one parent ``onto``.

        Deterministic: the dates are those of ``commit``.
        """
        ...

    async def with_files(
        self, commit: str, files: Mapping[str, bytes | None], *, message: str, author: Identity
    ) -> str:
        """Return a commit right after another one, in which some files hold something else.

        What is None is not there any more.

        Deterministic: its date is that of the commit before it.
        """
        ...

    async def push(self, commit: str, *, branch: str, expected: str | None) -> None:
        """Make the remote branch point at the commit; already so is success.

        Args:
            commit: A commit of this mirror.
            branch: The branch's short name.
            expected: What the remote branch must point at now; None for not existing.

        Raises:
            Conflict: If it points elsewhere, or is checked out in a remote that is a folder.
            Misconfigured: If the remote's rules decline it.
            NotFound: If the mirror holds no such commit.
        """
        ...

    async def branches(self) -> Mapping[str, str]:
        """Return every branch of the remote, as last fetched, and its tip."""
        ...

    async def delete_branch(self, branch: str, *, expected: str | None = None) -> None:
        """Delete a branch on the remote; not existing is success.

        Args:
            branch: Its short name.
            expected: What it must point at; None for anything.

        Raises:
            Conflict: If it points elsewhere.
        """
        ...

    async def diff(self, base: str, head: str) -> str:
        """Return the unified diff from the merge base of both to ``head``."""
        ...

    async def changes(self, base: str, head: str) -> Sequence[FileChange]:
        """Return every file that differs from the merge base of both to ``head``, by path."""
        ...

    async def contains(self, commit: str, *, tip: str) -> bool:
        """Return whether a commit's change is in ``tip``: ancestor, or merging changes nothing."""
        ...

    async def find_trailers(
        self, trailers: Mapping[str, str], *, tip: str, beyond: str
    ) -> str | None:
        """Return the newest commit of ``tip``, but not of ``beyond``, with all the trailers."""
        ...

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

        With a key the new commit is signed.

        Raises:
            Misconfigured: If the key cannot be used.
            Conflict: If the changes conflict; names the files. Or if the branch kept moving, or
                a working tree that has it checked out holds changes.
        """
        ...
