"""The lock on a data folder: one engine at a time."""

import fcntl
import os
import threading
from pathlib import Path

from courier.errors import Misconfigured

FILE_NAME = "journal.lock"
_TRIES = 5
_PAUSE = 0.02


class FolderHeld(Misconfigured):
    """Another engine is running on the folder."""


class FolderLock:
    """Held from `take` to `release`, or to the death of the process however it dies."""

    def __init__(self, folder: Path, *, name: str = FILE_NAME) -> None:
        self._path = folder / name
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock, making the folder if need be.

        Raises:
            FolderHeld: If another engine holds it; names its process.
            Misconfigured: If the folder cannot be used.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as refused:
            raise Misconfigured(
                "The data folder cannot be used.",
                detail=f"{self._path.parent}: {refused.strerror}.",
                next_step="Check its permissions, or give another data folder.",
            ) from refused
        if not _locked(file):
            holder = os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(file)
            raise FolderHeld(
                "Another engine is running on this data folder.",
                detail=f"Process {holder} holds {self._path}.",
                next_step="Stop it, or give this one another data folder.",
            )
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode("ascii"), 0)
        self._file = file

    def release(self) -> None:
        """Let go; not held is fine."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _locked(file: int) -> bool:
    # Whoever only looks holds the lock for an instant; that must not keep an engine out.
    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            threading.Event().wait(_PAUSE)
        else:
            return True
    return False


def holder(folder: Path, *, name: str = FILE_NAME) -> int | None:
    """Return the process that holds a folder's lock, or None if nobody does."""
    try:
        file = os.open(folder / name, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        told = os.pread(file, 32, 0).decode("ascii", "replace").strip()
        return int(told) if told.isdigit() else 0
    finally:
        os.close(file)
    return None
