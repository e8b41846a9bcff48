"""A person's own working tree: the few questions courier asks of it, and the file it may commit."""

import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from courier.errors import Conflict, Misconfigured, Misused, NotFound
from courier.planning.asked.library import AssetFile, readable
from courier.ports.repository import Identity
from courier.storage.credentials import Credentials, remote_environment
from courier.storage.git import REMOTE, Answer, Git
from courier.storage.names import branch_ref, checked_commit

FOLDER: Final = ".courier"
_READ: Final = ("file", "executable")
_SIGNING: Final = (
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
)


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above ``start`` with `.courier/` or `.git` in it.

    Raises:
        NotFound: If there is none.
    """
    for folder in (start, *start.parents):
        if (folder / FOLDER).is_dir() or (folder / ".git").exists():
            return folder
    raise NotFound(
        "There is no repository here.",
        detail=f"Neither {start} nor a folder above it has `.courier/` or `.git`.",
        next_step="Go to a git repository, or make one with `git init`; then `courier init`.",
    )


class Checkout:
    """One working tree, with the person's own git set-up.

    Args:
        root: Its top folder.
        environment: The person's environment: home, git configuration and SSH agent count.
    """

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        variables = remote_environment(Credentials("user", environment), root)
        signing = {name: environment[name] for name in _SIGNING if environment.get(name)}
        self._git = Git(root, {**variables, **signing})

    @property
    def git(self) -> Git:
        """Return git in the working tree."""
        return self._git

    async def remote(self) -> str:
        """Return where the repository is for git: `origin`, else this very folder.

        Raises:
            Misconfigured: If the folder with `.courier/` is not the top of a git repository.
        """
        if not (self.root / ".git").exists():
            raise Misconfigured(
                "The folder with `.courier/` is not the top of a git repository.",
                detail=str(self.root),
                next_step="Make it one with `git init`, or move `.courier/` to the top.",
            )
        answer = await self._ask("remote", "get-url", "origin", accept=(0, 2, 128))
        if answer.code or not answer.text:
            return str(self.root)
        url = answer.text
        is_folder = ":" not in url.partition("/")[0]
        return str((self.root / url).resolve()) if is_folder else url

    async def has_origin(self) -> bool:
        """Return whether `origin` is somewhere else than this folder."""
        return await self.remote() != str(self.root)

    async def branch(self) -> str | None:
        """Return the short name of the branch that is checked out; None if detached."""
        answer = await self._ask("symbolic-ref", "--short", "--quiet", "HEAD", accept=(0, 1))
        return answer.text if answer.code == 0 else None

    async def identity(self) -> Identity:
        """Return who the person is, as git knows it.

        Raises:
            Misconfigured: If git does not know.
        """
        given = self._git.environment
        name = given.get("GIT_AUTHOR_NAME") or await self._setting("user.name")
        email = given.get("GIT_AUTHOR_EMAIL") or await self._setting("user.email")
        if not name or not email:
            raise Misconfigured(
                "git does not know who you are.",
                detail="What you decide is recorded with your name.",
                next_step='Run `git config --global user.name "Your Name"` and '
                "`git config --global user.email you@example.com`.",
            )
        return Identity(name, email)

    async def edited(self) -> Sequence[str]:
        """Return the paths below `.courier/` that are changed, new or gone and not committed."""
        answer = await self._ask(
            "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", FOLDER
        )
        lines = answer.out.decode("utf-8", "surrogateescape").split("\0")
        return [line[3:] for line in lines if line]

    async def merge_base(self, ref: str) -> str | None:
        """Return the commit where what is checked out left a ref; None if git knows no such ref."""
        found = await self._ask(
            "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", accept=(0, 1, 128)
        )
        if found.code or ref.startswith("-"):
            return None
        answer = await self._ask("merge-base", found.text, "HEAD", accept=(0, 1, 128))
        return answer.text if answer.code == 0 else found.text

    async def unpublished(self, tip: str, *, branch: str, folder: str = FOLDER) -> int:
        """Return how many commits here change a folder and are not on the tracked branch.

        Args:
            tip: The commit the tracked branch is at on the remote.
            branch: The tracked branch's short name.
            folder: Below the root; ``.`` for everything.
        """
        if (await self._ask("rev-parse", "--verify", "--quiet", "HEAD", accept=(0, 1))).code:
            return 0
        known = await self._ask("cat-file", "-e", checked_commit(tip), accept=(0, 1, 128))
        published = tip if known.code == 0 else f"refs/remotes/origin/{branch}"
        answer = await self._ask(
            "rev-list", "--count", "HEAD", f"^{published}", "--", folder, accept=(0, 128)
        )
        return int(answer.text) if answer.code == 0 and answer.text.isdigit() else 0

    async def files(self) -> Mapping[str, bytes]:
        """Return path to content of every file below `.courier/` as it is on disk now.

        Ignored files and symbolic links are left out, as a commit would leave them out or courier
        would not follow them.
        """
        if not (self.root / ".git").exists():
            return _walk(self.root)
        answer = await self._ask(
            "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", FOLDER
        )
        names = answer.out.decode("utf-8", "surrogateescape").split("\0")
        return _read(self.root, [name for name in names if name])

    async def assets(self, path: str) -> Sequence[AssetFile]:
        """Return the file at a path, or everything below it, as they are on disk now.

        Ignored files are left out. Contents are read only where `readable` says so of all together.
        """
        if not (self.root / ".git").exists():
            below = (self.root / path).rglob("*") if (self.root / path).is_dir() else ()
            names = [each.relative_to(self.root).as_posix() for each in (self.root / path, *below)]
        else:
            answer = await self._ask(
                *("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"),
                f":(top,literal){path}",
            )
            names = answer.out.decode("utf-8", "surrogateescape").split("\0")
        return _assets(self.root, path, [name for name in names if name])

    async def commit(self, path: str, *, message: str) -> None:
        """Commit one file and nothing else; what is staged besides stays staged.

        Raises:
            Misconfigured: If git does not know who the person is.
        """
        await self.identity()
        await self._ask("add", "--", path)
        await self._ask("commit", "--quiet", "-m", message, "--", path)

    async def check_ready(self, branch: str, *, tip: str) -> None:
        """Check that a commit made now, and nothing else, would be pushed to the tracked branch.

        Args:
            branch: The tracked branch's short name.
            tip: The commit it is at on the remote.

        Raises:
            Misused: If another branch is checked out.
            Conflict: If other commits would be pushed along, or commits of the remote are missing.
        """
        here = await self.branch()
        if here != branch:
            raise Misused(
                f"You are on {here or 'no branch'}, and runs are taken from {branch}.",
                next_step=f"Switch to {branch}, or open a pull request for your branch.",
            )
        has_it = ("merge-base", "--is-ancestor", checked_commit(tip), "HEAD")
        if (await self._ask(*has_it, accept=(0, 1, 128))).code and await self.has_origin():
            raise Conflict(
                f"Your {branch} lacks commits that are on origin.",
                next_step="Run `git pull --rebase`, then try again.",
            )
        others = await self.unpublished(tip, branch=branch, folder=".")
        if others and await self.has_origin():
            raise Conflict(
                f"{others} commit(s) of yours would be pushed along.",
                next_step=f"See `git log origin/{branch}..`; push them, then try again.",
            )

    async def push(self, branch: str) -> None:
        """Push what is checked out to a branch of `origin`; without `origin` nothing is needed.

        Raises:
            Conflict: If the remote has commits that are not here.
        """
        if not await self.has_origin():
            return
        answer = await self._git.run(
            "push",
            "--porcelain",
            "origin",
            f"HEAD:{branch_ref(branch)}",
            accept=(0, 1),
            limits=REMOTE,
        )
        if answer.code:
            raise Conflict(
                "The push was not accepted.",
                detail=(answer.err or answer.text)[-1000:],
                next_step="Run `git pull --rebase`, then `git push`, then `courier apply`.",
            )

    async def _setting(self, name: str) -> str:
        return (await self._ask("config", "--get", name, accept=(0, 1))).text

    async def _ask(self, *args: str, accept: Sequence[int] = (0,)) -> Answer:
        return await self._git.run(*args, accept=accept)


def _walk(root: Path) -> Mapping[str, bytes]:
    found = (path for path in (root / FOLDER).rglob("*") if path.is_file())
    return _read(root, [path.relative_to(root).as_posix() for path in found])


def _read(root: Path, names: Sequence[str]) -> Mapping[str, bytes]:
    paths = {name: root / name for name in sorted(names)}
    return {
        name: path.read_bytes()
        for name, path in paths.items()
        if path.is_file() and not path.is_symlink()
    }


def _assets(root: Path, path: str, names: Sequence[str]) -> Sequence[AssetFile]:
    found = {}
    for name in sorted(set(names)):
        file = root / name
        if file.is_symlink():
            found[name] = AssetFile(_inside(name, path), "link", 0, b"")
        elif file.is_file():
            facts = file.stat()
            kind: Literal["file", "executable"] = (
                "executable" if facts.st_mode & stat.S_IXUSR else "file"
            )
            found[name] = AssetFile(_inside(name, path), kind, facts.st_size)
        elif (file / ".git").exists():
            found[name] = AssetFile(_inside(name, path), "module", 0)
    if not readable(list(found.values())):
        return list(found.values())
    return [
        replace(each, content=(root / name).read_bytes()) if each.kind in _READ else each
        for name, each in found.items()
    ]


def _inside(name: str, path: str) -> str:
    return name.removeprefix(path).removeprefix("/")
