"""Hidden refs of courier's own bare repository, written in this process."""

import contextlib
import os
from pathlib import Path

from courier.storage.git import Git
from courier.storage.names import checked_commit, checked_ref


async def point(git: Git, ref: str, commit: str) -> None:
    """Make a ref point at a commit, whatever it pointed at; git does it where that is not simple.

    Args:
        git: In the bare repository, whose refs are files.
        ref: A full name.
        commit: An object that is there.
    """
    if not _written(git.folder / checked_ref(ref), checked_commit(commit)):
        await git.run("update-ref", ref, commit)


def _written(path: Path, commit: str) -> bool:
    """Write a loose ref; False where another writer holds it, or names are in the way."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except OSError:
        return False
    try:
        with os.fdopen(fd, "w") as file:
            file.write(f"{commit}\n")
        lock.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            lock.unlink()
        return False
    return True


async def drop(git: Git, *refs: str) -> None:
    """Delete refs of the bare repository in one transaction; those that are not there are fine.

    Deleting locks all packed refs, so it is done only where there is something to delete.
    """
    listed = await git.run("for-each-ref", "--format=%(refname)", *map(checked_ref, refs))
    if gone := sorted(set(listed.text.split()).intersection(refs)):
        orders = "".join(f"delete {ref}\n" for ref in gone)
        await git.run("update-ref", "--no-deref", "--stdin", stdin=orders.encode())


async def rename(git: Git, old: str, *, to: str, commit: str) -> None:
    """Take a ref that is at a commit away and make another one point there, both or neither."""
    orders = (
        f"update {checked_ref(to)} {checked_commit(commit)}\ndelete {checked_ref(old)} {commit}\n"
    )
    await git.run("update-ref", "--no-deref", "--stdin", stdin=orders.encode())
