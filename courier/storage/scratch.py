"""Scratch repositories: a working tree with a bare origin beside it, made from files."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from courier.storage.credentials import Credentials, local_environment
from courier.storage.git import Git

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


async def commit_all(root: Path, message: str, environment: Mapping[str, str]) -> None:
    """Commit everything of a scratch repository and push it."""
    git = Git(root, {**local_environment(Credentials("none", environment), root.parent), **WHO})
    await git.run("add", "--all")
    await git.run("commit", "--quiet", "-m", message)
    await git.run("push", "--quiet", "--set-upstream", "origin", "main")
