"""Commits made by courier: who, when, and what came of merging two trees."""

from dataclasses import dataclass
from datetime import datetime

from courier.errors import Misconfigured
from courier.ports.repository import Identity
from courier.storage.git import Git


@dataclass(frozen=True, slots=True)
class Signed:
    """Who a commit is by and when, for its author and its committer.

    Attributes:
        authored_at: When its author made it, where that was at another time.
    """

    author: Identity
    committer: Identity
    at: str
    authored_at: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables git takes it from.

        Raises:
            Misconfigured: If a name or an e-mail address is empty.
        """
        for identity in (self.author, self.committer):
            if not identity.name.strip() or not identity.email.strip():
                raise Misconfigured(
                    "There is no name or e-mail address to commit as.",
                    next_step="Set git's user.name and user.email.",
                )
        return {
            "GIT_AUTHOR_NAME": self.author.name,
            "GIT_AUTHOR_EMAIL": self.author.email,
            "GIT_AUTHOR_DATE": self.authored_at or self.at,
            "GIT_COMMITTER_NAME": self.committer.name,
            "GIT_COMMITTER_EMAIL": self.committer.email,
            "GIT_COMMITTER_DATE": self.at,
        }


@dataclass(frozen=True, slots=True)
class MergedTree:
    """The tree two commits merge to; with conflicts it is None and the files are named."""

    tree: str | None
    conflicts: tuple[str, ...] = ()


def git_date(moment: datetime) -> str:
    """Return a moment as git takes it: seconds of the epoch and an offset."""
    return f"{int(moment.timestamp())} +0000"


async def commit_tree(
    git: Git, tree: str, *, parents: tuple[str, ...], message: str, signed: Signed
) -> str:
    """Make a commit and return its id."""
    flags = [part for parent in parents for part in ("-p", parent)]
    made = await git.run(
        "commit-tree", *flags, tree, stdin=message.encode(), env=signed.environment
    )
    return made.text


async def merge_tree(git: Git, ours: str, theirs: str) -> MergedTree:
    """Merge two commits without any working tree."""
    answer = await git.run(
        "merge-tree",
        "--write-tree",
        "-z",
        "--name-only",
        "--no-messages",
        "--allow-unrelated-histories",
        ours,
        theirs,
        accept=(0, 1),
    )
    tree, *names = answer.out.decode(errors="replace").split("\0")
    if answer.code == 0:
        return MergedTree(tree.strip())
    return MergedTree(None, tuple(dict.fromkeys(name for name in names if name)))


async def is_ancestor(git: Git, commit: str, *, of: str) -> bool:
    """Return whether a commit is in another's history, itself included."""
    answer = await git.run("merge-base", "--is-ancestor", commit, of, accept=(0, 1))
    return answer.code == 0


def parents_of(commit: bytes) -> list[str]:
    """Return the parents a raw commit names."""
    head = commit.partition(b"\n\n")[0].split(b"\n")
    return [line[7:47].decode("latin-1") for line in head if line.startswith(b"parent ")]
