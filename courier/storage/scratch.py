"""Scratch repositories: a working tree with a bare origin beside it, made from files."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from courier.storage.credentials import Credentials, local_environment
from courier.storage.git import Git
from courier.storage.names import branch_ref
from courier.storage.plumbing import make_bare

WHO: Final = {
    "GIT_AUTHOR_NAME": "courier demo",
    "GIT_AUTHOR_EMAIL": "demo@example.com",
    "GIT_COMMITTER_NAME": "courier demo",
    "GIT_COMMITTER_EMAIL": "demo@example.com",
}
"""Who commits in a scratch repository; nothing of the person's own git set-up is needed."""


async def make_scratch(source: Path, folder: Path, environment: Mapping[str, str]) -> Path:
    """Copy files into a new repository, commit and push them; return its working tree.

    Args:
        source: The folder of files.
        folder: Where to put ``origin.git`` and the working tree, named as ``source`` is.
        environment: For the search path.

    Raises:
        FileExistsError: If the working tree is there already.
    """
    root, origin = folder / source.name, folder / "origin.git"
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__"))
    git = Git(root, {**local_environment(Credentials("none", environment), folder), **WHO})
    await git.run("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    await git.run("init", "--quiet", "--initial-branch=main")
    for name, value in (
        ("user.name", WHO["GIT_AUTHOR_NAME"]),
        ("user.email", WHO["GIT_AUTHOR_EMAIL"]),
    ):
        await git.run("config", name, value)
    await git.run("remote", "add", "origin", str(origin))
    await commit_all(root, "Say what is to be done", environment)
    return root


def make_twin(folder: Path, *, objects: Path, branches: Mapping[str, str]) -> Path:
    """Return a new bare repository that has branches of another without copying anything.

    Args:
        folder: Where to put ``origin.git``.
        objects: The objects of the other one; must stay there.
        branches: Short name to commit; the first is the default branch.
    """
    origin = folder / "origin.git"
    make_bare(origin, config="[core]\n\tbare = true\n", alternate=objects)
    for branch, commit in branches.items():
        ref = origin / branch_ref(branch)
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(f"{commit}\n")
    (origin / "HEAD").write_text(f"ref: {branch_ref(next(iter(branches)))}\n")
    return origin


async def commit_all(root: Path, message: str, environment: Mapping[str, str]) -> None:
    """Commit everything of a scratch repository and push it."""
    git = Git(root, {**local_environment(Credentials("none", environment), root.parent), **WHO})
    await git.run("add", "--all")
    await git.run("commit", "--quiet", "-m", message)
    await git.run("push", "--quiet", "--set-upstream", "origin", "main")
