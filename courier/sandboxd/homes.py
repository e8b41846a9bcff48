"""A sandbox's directory on this machine: made, seeded, copied, and removed for good."""

import contextlib
import os
import secrets
import shutil
import stat
import subprocess
from pathlib import Path

from courier.sandboxd.cells import INSIDE_HOME

FIRST_UID = 1_900_000_000
UIDS = 200_000_000
ALONE_UID = 65_534
KEPT = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
PATH_LINE = "PATH='"
COPY = ("cp", "-a", "--reflink=auto", "--")


def pick_uid(taken: set[int | None]) -> int | None:
    """Return a user for a new sandbox: one of its own where the kernel has that many.

    Drawn at random, because servers of other state directories draw from the same range. A server
    that is not root has no choice and gets none.
    """
    if os.geteuid() != 0:
        return None
    if not _maps(FIRST_UID + UIDS):
        return ALONE_UID
    while True:
        uid = FIRST_UID + secrets.randbelow(UIDS)
        if uid not in taken:
            return uid


def _maps(uid: int) -> bool:
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = (int(part) for part in line.split())
        if first <= uid < first + count:
            return True
    return False


def furnish(directory: Path, uid: int | None, path: str, source: Path | None) -> None:
    """Make a sandbox's directory: home (copied from a clean one if given), scratch, account."""
    directory.mkdir(mode=0o711)
    home, scratch, etc = directory / "home", directory / "tmp", directory / "etc"
    if source is not None:
        _clone(source, home)
        _renew(home / ".profile", path)
    else:
        home.mkdir(mode=0o755)
        (home / ".profile").write_text(f"{PATH_LINE}{path}'\nexport PATH\n")
    scratch.mkdir()
    scratch.chmod(0o1777)
    etc.mkdir(mode=0o755)
    owner = os.geteuid() if uid is None else uid
    group = os.getegid() if uid is None else uid
    account = f"user:x:{owner}:{group}::{INSIDE_HOME}:/bin/bash\n"
    _table(Path("/etc/passwd"), etc / "passwd", account, owner)
    _table(Path("/etc/group"), etc / "group", f"user:x:{group}:\n", group)
    if uid is not None:
        _give(home, uid)
        os.chown(scratch, uid, uid)


def _renew(profile: Path, path: str) -> None:
    """Let a copied profile begin with the ``PATH`` of now, if it still begins as it was seeded."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        # It may be a link that a sandbox made to anywhere.
        if stat.S_ISREG(os.lstat(profile).st_mode):
            first, _, rest = profile.read_text().partition("\n")
            if first.startswith(PATH_LINE):
                profile.write_text(f"{PATH_LINE}{path}'\n{rest}")


def _table(original: Path, copy: Path, line: str, number: int) -> None:
    kept = []
    with contextlib.suppress(OSError):
        for old in original.read_text(errors="replace").splitlines(keepends=True):
            parts = old.split(":")
            if parts[0] != "user" and parts[2:3] != [str(number)]:
                kept.append(old)
    copy.write_text("".join([line, *kept]))
    copy.chmod(0o644)


def _give(top: Path, uid: int) -> None:
    os.lchown(top, uid, uid)
    for directory, names, files in os.walk(top):
        for name in (*names, *files):
            os.lchown(os.path.join(directory, name), uid, uid)  # noqa: PTH118 - a hot loop


def copy_tree(source: Path, target: Path) -> None:
    """Copy a home directory; links stay links, and what is no file is left out."""
    shutil.copytree(source, target, symlinks=True, ignore=_specials)


def drop_specials(home: Path) -> None:
    """Remove sockets and pipes from a home directory, which a copy could not have."""
    for directory, _, files in os.walk(home):
        for name in _specials(directory, files):
            Path(directory, name).unlink(missing_ok=True)


def _specials(directory: str, names: list[str]) -> list[str]:
    return [
        name for name in names if stat.S_IFMT(os.lstat(f"{directory}/{name}").st_mode) not in KEPT
    ]


def _clone(source: Path, home: Path) -> None:
    """Copy a home directory that holds no specials, sharing blocks where the disk can."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [*COPY, str(source), str(home)], capture_output=True, check=False
        )
    except OSError:
        copy_tree(source, home)
        return
    if done.returncode != 0:
        remove_tree(home)
        copy_tree(source, home)


def remove_tree(directory: Path) -> None:
    """Remove a directory, whatever modes a sandbox has left in it."""
    shutil.rmtree(directory, ignore_errors=True)
    if not directory.exists():
        return
    for top, names, _ in os.walk(directory):
        for path in (Path(top, name) for name in names):
            with contextlib.suppress(OSError):
                if not path.is_symlink():
                    path.chmod(0o700)
    shutil.rmtree(directory, ignore_errors=True)
