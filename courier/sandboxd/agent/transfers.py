"""Whole files in and out, streamed: the inside of envd's ``/files``."""

import errno
import os
import stat

from courier.sandboxd.agent.entries import read_metadata, write_metadata
from courier.sandboxd.agent.envelopes import Fault, Message, pack_json
from courier.sandboxd.agent.link import Call, Link
from courier.sandboxd.agent.place import Place

CHUNK_BYTES = 256 * 1024
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class Transfers:
    """Sends a file's bytes, or takes them."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.streams = {"agent/Read": self._read, "agent/Write": self._write}

    def _read(self, link: Link, call: Call) -> None:
        path = self._place.resolve(str(call.message.get("path") or ""))
        fd, found = _open_regular(path)
        first, size = _range(call.message, found.st_size)
        link.send(pack_json({"path": path, "size": found.st_size, "modified": int(found.st_mtime)}))
        os.lseek(fd, first, os.SEEK_SET)
        left = size

        def more() -> None:
            nonlocal left
            while left and not link.full:
                data = os.read(fd, min(CHUNK_BYTES, left))
                if not data:
                    link.close()
                    return
                left -= len(data)
                link.send(data)
            if not left:
                link.end()

        link.on_room = more
        link.on_close = lambda: os.close(fd)
        more()

    def _write(self, link: Link, call: Call) -> None:
        path = self._place.resolve(str(call.message.get("path") or ""))
        fd = _open_for_writing(path)
        link.on_close = lambda: os.close(fd)

        def take(data: bytes) -> None:
            view = memoryview(data)
            try:
                while view:
                    view = view[os.write(fd, view) :]
            except OSError as problem:
                link.on_input = None
                link.end(_writing_fault(path, problem))

        def done() -> None:
            write_metadata(fd, call.message.get("metadata") or {})
            entry: Message = {"path": path, "name": os.path.basename(path), "type": "file"}
            metadata = read_metadata(path)
            link.answer(entry | ({"metadata": metadata} if metadata else {}))

        link.on_input = take
        link.on_input_end = done


def _open_regular(path: str) -> tuple[int, os.stat_result]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as missing:
        raise Fault("not_found", f"path '{path}' does not exist") from missing
    except OSError as problem:
        raise Fault("internal", f"error opening file '{path}': {problem}") from problem
    found = os.fstat(fd)
    if stat.S_ISREG(found.st_mode):
        return fd, found
    os.close(fd)
    kind = "a directory" if stat.S_ISDIR(found.st_mode) else "not a regular file"
    raise Fault("invalid_argument", f"path '{path}' is {kind}")


def _range(message: Message, size: int) -> tuple[int, int]:
    first = min(int(message.get("first") or 0), size)
    last = message.get("last")
    end = size if last is None else min(int(last) + 1, size)
    return first, max(end - first, 0)


def _open_for_writing(path: str) -> int:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.isdir(path):
            raise Fault("invalid_argument", f"path is a directory: {path}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(path, flags, 0o666)
    except OSError as problem:
        raise _writing_fault(path, problem) from problem


def _writing_fault(path: str, problem: OSError) -> Fault:
    if problem.errno in NO_SPACE:
        return Fault("resource_exhausted", f"not enough disk space available for '{path}'")
    return Fault("internal", f"error writing file '{path}': {problem}")
