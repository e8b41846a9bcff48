"""Being told by Linux when something in folders changes, without looking again and again."""

import asyncio
import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_CREATE: Final = 0x00000100
_IS_FOLDER: Final = 0x40000000
_OVERFLOW: Final = 0x00004000
# Modified, written and closed, moved from and to, made, deleted, deleted itself.
_ANY: Final = 0x00000002 | 0x00000008 | 0x00000040 | 0x00000080 | _CREATE | 0x00000200 | 0x00000400
_EVENT: Final = struct.Struct("iIII")
_AT_ONCE: Final = 64 << 10

QUIET_SECONDS: Final = 0.01
"""How long nothing may change until somebody is woken."""

LONGEST_SECONDS: Final = 0.05
"""How long they are kept waiting at most while things go on changing."""


class Unwatchable(Exception):
    """The system cannot tell of changes here."""


class Watch:
    """Tells of changes at or below some paths. `close` it after use.

    Raises:
        Unwatchable: If this is not Linux, or it watches too much already.
    """

    def __init__(self, paths: Iterable[Path], *, below: bool = True) -> None:
        if not sys.platform.startswith("linux"):
            raise Unwatchable(sys.platform)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._paths = tuple(paths)
        self._below = below
        self._woken = asyncio.Event()
        self._file = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            self._cover()
        except BaseException:
            os.close(self._file)
            raise
        asyncio.get_running_loop().add_reader(self._file, self._read)

    async def changed(self) -> None:
        """Return once something changed and it has been quiet since, for a moment."""
        await self._woken.wait()
        loop = asyncio.get_running_loop()
        last = loop.time() + LONGEST_SECONDS
        while self._woken.is_set() and loop.time() < last:
            self._woken.clear()
            await asyncio.sleep(QUIET_SECONDS)
        self._woken.clear()

    def close(self) -> None:
        """Watch no more."""
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)

    def _read(self) -> None:
        try:
            events = os.read(self._file, _AT_ONCE)
        except BlockingIOError:
            return
        if any(self._is_new_folder(mask) for mask in _masks(events)):
            self._cover()
        self._woken.set()

    def _is_new_folder(self, mask: int) -> bool:
        return bool(mask & _OVERFLOW) or (self._below and bool(mask & _IS_FOLDER))

    def _cover(self) -> None:
        """Watch every folder there is now; one that is watched already stays so."""
        for path in self._paths:
            top = path if path.is_dir() else path.parent
            self._add(top)
            if self._below and top is path:
                for folder, _, _ in os.walk(path):
                    self._add(Path(folder))

    def _add(self, folder: Path) -> None:
        try:
            self._checked(self._libc.inotify_add_watch(self._file, os.fsencode(folder), _ANY))
        except FileNotFoundError:
            return

    def _checked(self, answer: int) -> int:
        if answer >= 0:
            return answer
        number = ctypes.get_errno()
        if number == errno.ENOENT:
            raise FileNotFoundError
        raise Unwatchable(os.strerror(number))


def _masks(events: bytes) -> Iterator[int]:
    at = 0
    while at + _EVENT.size <= len(events):
        _, mask, _, length = _EVENT.unpack_from(events, at)
        yield mask
        at += _EVENT.size + length
