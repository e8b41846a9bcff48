"""What commits of the mirror hold at a path, which of them changed it, which say something."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from re import compile as pattern
from typing import Final, Literal

from courier.errors import NotFound
from courier.planning.asked.library import AssetFile, readable
from courier.ports.repository import Identity, Version
from courier.runs.texts.filechange import FileChange
from courier.storage.catfile import Found
from courier.storage.names import checked_commit
from courier.storage.plumbing import Plumbing

Kind = Literal["file", "executable", "link", "module"]

_KINDS: Final[dict[str, Kind]] = {
    "100644": "file",
    "100755": "executable",
    "120000": "link",
    "160000": "module",
}
_BEGINNING: Final = pattern(r"[0-9a-f]{7,40}")
_FORMAT: Final = "%H%x1f%ct%x1f%an%x1f%s"


async def assets(plumbing: Plumbing, commit: str, path: str) -> Sequence[AssetFile]:
    """Return the file at a path of a commit, or everything below it, alphabetically."""
    answer = await plumbing.local.run(
        *("ls-tree", "-r", "-l", "-z", "--full-tree", checked_commit(commit), "--", path)
    )
    found = []
    for line in answer.out.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        facts, _, name = line.partition("\t")
        mode, _, blob, size = facts.split()
        bytes_ = int(size) if size.isdigit() else 0
        inside = name.removeprefix(path).removeprefix("/")
        found.append((AssetFile(inside, _KINDS.get(mode, "file"), bytes_), blob))
    files = [file for file, _ in found]
    if not readable(files):
        return files
    contents = await plumbing.reader.read([blob for file, blob in found if file.kind != "module"])
    filled = iter(contents)
    return [
        file if file.kind == "module" else replace(file, content=_content(next(filled)))
        for file in files
    ]


async def find_commit(plumbing: Plumbing, text: str) -> str | None:
    """Return the whole id of a commit given by it or by its beginning; None if unknown."""
    if _BEGINNING.fullmatch(text) is None:
        return None
    found = (await plumbing.reader.measure([f"{text}^{{commit}}"]))[0]
    return found.id if found is not None and found.kind == "commit" else None


async def versions(plumbing: Plumbing, path: str, *, tip: str) -> Sequence[Version]:
    """Return every commit on the way to ``tip`` that changed a file, the newest first."""
    answer = await plumbing.local.run(
        "log", "-z", f"--format={_FORMAT}", checked_commit(tip), "--", f":(top,literal){path}"
    )
    told = []
    for entry in answer.out.decode("utf-8", "replace").split("\0"):
        if entry:
            commit, seconds, author, subject = entry.split("\x1f", 3)
            at = datetime.fromtimestamp(int(seconds), UTC)
            told.append(Version(commit, at, author, subject))
    return told


def _content(found: Found | None) -> bytes:
    if found is None or found.kind != "blob":
        raise NotFound("The mirror lacks a blob.")
    return found.content


async def tree(plumbing: Plumbing, commit: str) -> str:
    """Return the id of a commit's tree.

    Raises:
        NotFound: If there is no such commit.
    """
    found = (await plumbing.reader.measure([f"{checked_commit(commit)}^{{tree}}"]))[0]
    if found is None:
        raise NotFound("The mirror holds no such commit.", detail=commit)
    return found.id


async def author(plumbing: Plumbing, path: str, *, at: str) -> Identity | None:
    """Return who last changed a file, as of a commit; None where history does not tell."""
    answer = await plumbing.local.run(
        "log", "-1", "--format=%an%x00%ae", checked_commit(at), "--", f":(top,literal){path}"
    )
    name, _, email = answer.text.partition("\0")
    return Identity(name, email) if email else None


async def sizes(plumbing: Plumbing, blobs: Sequence[str]) -> Sequence[int]:
    """Return the bytes of blobs, in order, reading none of them.

    Raises:
        NotFound: If the mirror lacks one of them.
    """
    found = await plumbing.reader.measure([checked_commit(blob) for blob in blobs])
    known = [blob.size for blob in found if blob is not None]
    if len(known) != len(found):
        raise NotFound("The mirror lacks a blob.")
    return known


async def find_trailers(
    plumbing: Plumbing, trailers: Mapping[str, str], *, tip: str, beyond: str
) -> str | None:
    """Return the newest commit of ``tip``, but not of ``beyond``, with all the trailers."""
    wanted = {f"{key}: {value}" for key, value in trailers.items()}
    answer = await plumbing.local.run(
        "log",
        "-z",
        "--format=%H%n%(trailers:only=true,unfold=true)",
        "--fixed-strings",
        f"--grep={min(wanted)}",
        checked_commit(tip),
        f"^{checked_commit(beyond)}",
        "--",
    )
    for entry in answer.out.decode(errors="replace").split("\0"):
        commit, *lines = entry.strip("\n").split("\n")
        if commit and wanted <= set(lines):
            return commit
    return None


async def changes(plumbing: Plumbing, base: str, head: str) -> Sequence[FileChange]:
    """Return every file that differs from the merge base of both to ``head``, by path."""
    flags = ("--numstat", "-z", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv")
    answer = await plumbing.local.run(
        "diff", *flags, f"{checked_commit(base)}...{checked_commit(head)}", "--", accept=(0, 128)
    )
    if answer.code:
        # Without a merge base, what differs is everything.
        answer = await plumbing.local.run("diff", *flags, base, head, "--")
    found = []
    for entry in answer.out.decode("utf-8", "replace").split("\0")[:-1]:
        added, removed, path = entry.split("\t", 2)
        found.append(FileChange(path=path, added=_count(added), removed=_count(removed)))
    return found


def _count(told: str) -> int | None:
    return int(told) if told.isdigit() else None


async def listed(plumbing: Plumbing, commit: str) -> Mapping[str, int]:
    """Return path to size in bytes of every file of a commit."""
    answer = await plumbing.local.run(
        "ls-tree", "-r", "-l", "-z", "--full-tree", checked_commit(commit)
    )
    lines = answer.out.decode("utf-8", "surrogateescape").split("\0")[:-1]
    rows = (line.partition("\t") for line in lines)
    return {path: int(facts.split()[3]) for facts, _, path in rows}
