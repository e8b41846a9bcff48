"""The shallow copy that goes into a sandbox: a tar of a ``.git`` folder that names no remote."""

import asyncio
import io
import tarfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from courier.errors import Misused, NotFound
from courier.storage.names import branch_ref, checked_commit
from courier.storage.plumbing import Plumbing, make_bare, remove

_Key = tuple[str, int, tuple[tuple[str, str], ...]]
"""Commit, depth, and branches with their commits."""

_KEPT_BYTES: Final = 128 << 20
_CONFIG: Final = (
    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
    "\tlogAllRefUpdates = true\n[gc]\n\tauto = 0\n"
)


class Exporter:
    """Makes shallow copies and keeps the last ones."""

    def __init__(self, plumbing: Plumbing) -> None:
        self._plumbing = plumbing
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._turn = asyncio.Lock()

    async def export(self, commit: str, *, depth: int, branches: Mapping[str, str]) -> bytes:
        """Return the tar of a shallow ``.git`` folder, detached at the commit.

        Raises:
            NotFound: If the mirror holds no such commit.
        """
        if depth < 1:
            raise Misused("A copy needs a depth of at least one commit.")
        for name, tip in branches.items():
            branch_ref(name)
            checked_commit(tip)
        key = (checked_commit(commit), depth, tuple(sorted(branches.items())))
        async with self._turn:
            if key not in self._kept:
                self._keep(key, await self._make(key))
            self._kept.move_to_end(key)
            return self._kept[key]

    def _keep(self, key: _Key, content: bytes) -> None:
        self._kept[key] = content
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _KEPT_BYTES:
            self._kept.popitem(last=False)

    async def _make(self, key: _Key) -> bytes:
        commit, depth, branches = key
        tips = [commit, *(tip for _, tip in branches)]
        for tip, found in zip(tips, await self._plumbing.reader.measure(tips), strict=True):
            if found is None or found.kind != "commit":
                raise NotFound("The mirror holds no such commit.", detail=tip)
        folder = Path(mkdtemp(prefix="export-", dir=self._plumbing.scratch))
        try:
            make_bare(folder, config=_CONFIG)
            await self._plumbing.local.at(folder, "fetch.unpackLimit=1").run(
                "fetch",
                f"--depth={depth}",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-auto-maintenance",
                f"file://{self._plumbing.folder}",
                *(f"{tip}:refs/courier/export-{at}" for at, tip in enumerate(tips)),
            )
            return await asyncio.to_thread(_packed, folder, commit, dict(branches))
        finally:
            remove(folder)


def _packed(folder: Path, commit: str, branches: Mapping[str, str]) -> bytes:
    files = {
        "HEAD": f"{commit}\n".encode(),
        "config": _CONFIG.encode(),
        "info/exclude": b"",
        **{branch_ref(name): f"{tip}\n".encode() for name, tip in branches.items()},
    }
    for path in sorted((folder / "objects").rglob("*")):
        if path.is_file():
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    if (folder / "shallow").exists():
        files["shallow"] = (folder / "shallow").read_bytes()
    # Not compressed: the pack in it is, and unpacking would cost every sandbox a process more.
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in (".git", ".git/refs", ".git/refs/heads", ".git/refs/tags"):
            tar.addfile(_member(name, kind=tarfile.DIRTYPE, mode=0o755))
        for name, content in sorted(files.items()):
            member = _member(f".git/{name}", kind=tarfile.REGTYPE, mode=0o644)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _member(name: str, *, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.mode = mode
    return member
