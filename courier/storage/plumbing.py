"""The bare repository on disk under the mirror: its lock, its litter, its two gits."""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

from courier.errors import Misconfigured
from courier.ports.clock import Clock
from courier.storage.catfile import ObjectReader
from courier.storage.credentials import (
    Credentials,
    local_environment,
    remote_environment,
    remote_settings,
    write_askpass,
)
from courier.storage.failures import without_userinfo
from courier.storage.git import Git
from courier.storage.locks import Patience

_STALE_SECONDS: Final = 1800
_LOOKS: Final = 20
_LITTER: Final = (
    (".", "*.lock"),
    (".", "*.tmp"),
    ("info", "*.tmp"),
    ("refs", "**/*.lock"),
    ("objects", "**/*.lock"),
    ("objects", "**/tmp_*"),
)


class Plumbing:
    """A bare repository of courier's own, with one remote called ``origin``.

    Attributes:
        local: git without network and credentials, in the bare repository.
        remote: git for commands that talk to the remote, in the bare repository.
        reader: The shared object reader.
        scratch: A folder for quarantines and temporary files, on the same file system.
        clock: The clock its users wait by.
    """

    def __init__(self, folder: Path, *, url: str, clock: Clock, credentials: Credentials) -> None:
        self.folder = folder / "mirror.git"
        self.scratch = folder / "scratch"
        self.url = url
        self.clock = clock
        self._home = folder / "home"
        self._credentials = credentials
        self._lock: int | None = None
        self._arrange()

    @property
    def objects(self) -> Path:
        """Return where loose objects are."""
        return self.folder / "objects"

    @property
    def local_path(self) -> Path | None:
        """Return the remote's folder where it is a folder of this machine."""
        path = Path(self.url.removeprefix("file://"))
        return path if path.is_absolute() and path.is_dir() else None

    def open(self) -> None:
        """Take the lock, make the repository if it is new, and sweep what a kill left behind.

        Several processes may have it open. Only one that is alone sweeps everything; another
        sweeps what is older than any live command can be.

        Raises:
            Misconfigured: If the folder cannot be written, or the remote's URL is malformed.
        """
        is_path = self.url.startswith("/")
        if any(ord(char) < 32 for char in self.url) or not (is_path or ":" in self.url[1:]):
            raise Misconfigured(
                "The remote is neither an absolute path nor a URL.",
                detail=repr(without_userinfo(self.url)[:200]),
            )
        try:
            for path in (self.folder, self.scratch, self._home):
                path.mkdir(parents=True, exist_ok=True, mode=0o700)
            is_alone = self._take_lock()
            self._make(is_alone=is_alone)
        except OSError as failed:
            raise Misconfigured(
                "courier's own folder cannot be written.", detail=str(failed)
            ) from failed
        self._arrange()

    async def close(self) -> None:
        """End the reader and give the lock back."""
        await self.reader.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _arrange(self) -> None:
        held = () if self._lock is None else (self._lock,)
        patience = Patience(self.folder)
        self.local = Git(
            self.folder,
            local_environment(self._credentials, self._home),
            held=held,
            patience=patience,
        )
        self.remote = Git(
            self.folder,
            remote_environment(self._credentials, self._home),
            settings=remote_settings(self._credentials),
            held=held,
            patience=patience,
        )
        self.reader = ObjectReader(self.local)

    def _take_lock(self) -> bool:
        if self._lock is not None:
            return False
        self._lock = os.open(self.folder.parent / "mirror.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            return False
        return True

    def _make(self, *, is_alone: bool) -> None:
        write_askpass(self._home)
        make_bare(self.folder, config=_config(self.url))
        before = self._now() - (0 if is_alone else _STALE_SECONDS)
        sweep(self.folder, scratch=self.scratch, before=before)
        if is_alone and self._lock is not None:
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _now(self) -> float:
        # File times are the system's, so their age is told by a file made just now.
        probe = self.scratch / f"now.{os.getpid()}.tmp"
        probe.touch()
        return probe.stat().st_mtime


def make_bare(folder: Path, *, config: str, alternate: Path | None = None) -> None:
    """Make a bare repository without hooks or templates; keep what is there."""
    for name in ("objects/info", "objects/pack", "refs/heads", "info"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _put(folder / "config", config)
    _put(folder / "info" / "attributes", "*.zst -delta\n")
    if alternate is not None:
        _put(folder / "objects" / "info" / "alternates", f"{alternate}\n")
    if not (folder / "HEAD").exists():
        _put(folder / "HEAD", "ref: refs/heads/none\n")


def sweep(folder: Path, *, scratch: Path, before: float) -> None:
    """Remove what killed processes left: locks and temporary files, and all of the scratch folder.

    Args:
        folder: The bare repository.
        scratch: The folder of quarantines and temporary files.
        before: Only what was last written by then, in seconds of the epoch.
    """
    for inside, pattern in _LITTER:
        for path in _found(folder / inside, pattern):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime <= before:
                    path.unlink()
    for path in scratch.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime <= before:
                remove(path)


def _found(folder: Path, pattern: str) -> list[Path]:
    """Return what matches below a folder while another process removes folders in it."""
    for _ in range(_LOOKS):
        with contextlib.suppress(FileNotFoundError):
            return list(folder.glob(pattern))
    return []


def remove(path: Path) -> None:
    """Remove a file, or a folder with everything in it; not existing is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _put(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text)
    temporary.replace(path)


def _config(url: str) -> str:
    quoted = url.replace("\\", "\\\\").replace('"', '\\"')
    return (
        "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tlogAllRefUpdates = false\n"
        "[uploadpack]\n\tallowAnySHA1InWant = true\n"
        "[gc]\n\tauto = 0\n"
        f'[remote "origin"]\n\turl = "{quoted}"\n'
        "\tfetch = +refs/heads/*:refs/remotes/origin/*\n\ttagOpt = --no-tags\n"
    )
