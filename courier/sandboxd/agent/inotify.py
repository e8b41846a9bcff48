"""The kernel's file notifications for one directory, or for a tree that may grow."""

import os
import struct
from typing import NamedTuple

IN_MODIFY, IN_ATTRIB = 0x2, 0x4
IN_MOVED_FROM, IN_MOVED_TO = 0x40, 0x80
IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF = 0x100, 0x200, 0x400, 0x800
IN_IGNORED, IN_ISDIR, IN_ONLYDIR = 0x8000, 0x4000_0000, 0x0100_0000
WATCHED = (
    IN_MODIFY
    | IN_ATTRIB
    | IN_MOVED_FROM
    | IN_MOVED_TO
    | IN_CREATE
    | IN_DELETE
    | IN_DELETE_SELF
    | IN_MOVE_SELF
)
KINDS = (
    (IN_CREATE | IN_MOVED_TO, "EVENT_TYPE_CREATE"),
    (IN_MOVED_FROM | IN_MOVE_SELF, "EVENT_TYPE_RENAME"),
    (IN_ATTRIB, "EVENT_TYPE_CHMOD"),
    (IN_MODIFY, "EVENT_TYPE_WRITE"),
    (IN_DELETE | IN_DELETE_SELF, "EVENT_TYPE_REMOVE"),
)
HEAD = struct.Struct("iIII")
READ_BYTES = 64 * 1024


class Notice(NamedTuple):
    """Something happened to a path, in envd's words."""

    path: str
    kind: str


class Inotify:
    """Watches a directory; `fd` is readable when there are notices."""

    def __init__(self, top: str, *, recursive: bool) -> None:
        import ctypes

        self._libc = ctypes.CDLL(None, use_errno=True)
        self._errno = ctypes.get_errno
        self._recursive = recursive
        self._paths: dict[int, str] = {}
        self.fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(self._errno(), "cannot watch files")
        try:
            self._add(top)
        except OSError:
            os.close(self.fd)
            raise
        if recursive:
            self._add_below(top)

    def read(self) -> list[Notice]:
        """Return the notices so far."""
        try:
            data = os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return []
        found: list[Notice] = []
        position = 0
        while position < len(data):
            watch, mask, _, length = HEAD.unpack_from(data, position)
            position += HEAD.size
            name = os.fsdecode(data[position : position + length].rstrip(b"\0"))
            position += length
            found += self._understand(watch, mask, name)
        return found

    def close(self) -> None:
        """Stop watching."""
        os.close(self.fd)

    def _understand(self, watch: int, mask: int, name: str) -> list[Notice]:
        directory = self._paths.get(watch)
        if mask & IN_IGNORED:
            self._paths.pop(watch, None)
        if directory is None or (not name and len(self._paths) > 1):
            return []
        path = f"{directory}/{name}" if name else directory
        found = [Notice(path, kind) for bits, kind in KINDS if mask & bits]
        if self._recursive and mask & IN_ISDIR and mask & (IN_CREATE | IN_MOVED_TO):
            self._add_if_there(path)
            found += [Notice(below, "EVENT_TYPE_CREATE") for below in self._add_below(path)]
        return found

    def _add(self, path: str) -> None:
        watch = self._libc.inotify_add_watch(self.fd, os.fsencode(path), WATCHED | IN_ONLYDIR)
        if watch < 0:
            number = self._errno()
            raise OSError(number, os.strerror(number), path)
        self._paths[watch] = path

    def _add_if_there(self, path: str) -> None:
        try:
            self._add(path)
        except OSError:
            return

    def _add_below(self, top: str) -> list[str]:
        found = []
        for directory, names, files in os.walk(top):
            found += [f"{directory}/{name}" for name in (*names, *files)]
            for name in names:
                self._add_if_there(f"{directory}/{name}")
        return found
