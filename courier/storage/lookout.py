"""Looking at the refs of a remote that is a folder of this machine, without a process."""

from collections import OrderedDict
from pathlib import Path
from typing import Final

HEADS: Final = "refs/heads/"
_REMEMBERED: Final = 4096


class OwnPushes:
    """The newest pushes made here, so that nobody takes them for somebody else's."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[str, str], None] = OrderedDict()

    def note(self, ref: str, commit: str) -> None:
        """Remember a push that is about to be made; an empty commit stands for a deletion."""
        self._made[ref, commit] = None
        while len(self._made) > _REMEMBERED:
            self._made.popitem(last=False)

    def __contains__(self, push: tuple[str, str]) -> bool:
        return push in self._made


def heads(folder: Path) -> dict[str, str] | None:
    """Return branch ref to commit of a repository; None where its refs are no files to read.

    Args:
        folder: A bare repository, or a working tree with its ``.git`` folder in it.
    """
    git = git_folder(folder)
    if not (git / "refs" / "heads").is_dir() or (git / "reftable").exists():
        return None
    found = _packed(git / "packed-refs")
    below = git / "refs" / "heads"
    for path in below.rglob("*"):
        if path.suffix != ".lock" and (commit := _loose(path)):
            found[HEADS + path.relative_to(below).as_posix()] = commit
    return found


def ref_places(remote: str) -> list[Path]:
    """Return what to watch to hear of pushes to a remote; nothing where it is no folder here."""
    git = git_folder(Path(remote))
    return [git / "refs", git / "packed-refs"] if git.is_absolute() else []


def git_folder(folder: Path) -> Path:
    """Return where the refs of a repository in a folder are."""
    return folder / ".git" if (folder / ".git").is_dir() else folder


def foreign(before: dict[str, str], now: dict[str, str], own: OwnPushes) -> frozenset[str]:
    """Return the refs somebody else moved between two looks."""
    return frozenset(
        ref
        for ref in before.keys() | now.keys()
        if before.get(ref) != now.get(ref) and (ref, now.get(ref, "")) not in own
    )


def _packed(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.split(" ", 1) for line in lines if line[:1] not in ("#", "^"))
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2 and pair[1].startswith(HEADS)}


def _loose(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
