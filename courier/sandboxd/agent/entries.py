"""What a file looks like to the asker: envd's ``EntryInfo``."""

import contextlib
import os
import stat
import time

from courier.sandboxd.agent.envelopes import Fault, Message

METADATA_PREFIX = "user.e2b."
KINDS = {stat.S_IFREG: "FILE_TYPE_FILE", stat.S_IFDIR: "FILE_TYPE_DIRECTORY"}
_users: dict[int, str] = {}
_groups: dict[int, str] = {}


def describe(path: str) -> Message:
    """Return the entry at a path; a link is described by its target's kind, with the target.

    Raises:
        Fault: If there is nothing, or it cannot be looked at.
    """
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError) as missing:
        raise Fault("not_found", f"file not found: {path}") from missing
    except (OSError, ValueError) as problem:
        raise Fault("internal", f"error getting file info: {problem}") from problem
    entry: Message = {
        "name": os.path.basename(path.rstrip("/")),
        "path": path,
        "type": _kind(path, found.st_mode),
        "size": str(found.st_size),
        "mode": stat.S_IMODE(found.st_mode),
        "permissions": stat.filemode(found.st_mode),
        "owner": _name(found.st_uid, "/etc/passwd", _users),
        "group": _name(found.st_gid, "/etc/group", _groups),
        "modifiedTime": _timestamp(found.st_mtime_ns),
    }
    if stat.S_ISLNK(found.st_mode):
        entry["symlinkTarget"] = os.path.realpath(path)
    metadata = read_metadata(path)
    if metadata:
        entry["metadata"] = metadata
    return entry


def read_metadata(path: str) -> dict[str, str]:
    """Return the metadata stored with a file, none where the file system keeps none."""
    try:
        names = os.listxattr(path)
    except OSError:
        return {}
    found = {}
    for name in names:
        if name.startswith(METADATA_PREFIX):
            with contextlib.suppress(OSError):
                value = os.getxattr(path, name)
                found[name.removeprefix(METADATA_PREFIX)] = value.decode("utf-8", "replace")
    return found


def write_metadata(fd: int, metadata: dict[str, str]) -> None:
    """Replace the metadata stored with an open file, where the file system keeps any."""
    with contextlib.suppress(OSError):
        for name in os.listxattr(fd):
            if name.startswith(METADATA_PREFIX):
                os.removexattr(fd, name)
        for key, value in metadata.items():
            os.setxattr(fd, METADATA_PREFIX + key, value.encode())


def _kind(path: str, mode: int) -> str:
    if stat.S_ISLNK(mode):
        try:
            mode = os.stat(path).st_mode
        except OSError:
            return "FILE_TYPE_SYMLINK"
    return KINDS.get(stat.S_IFMT(mode), "FILE_TYPE_UNSPECIFIED")


def _timestamp(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"


def _name(number: int, table: str, known: dict[int, str]) -> str:
    if not known:
        known[-1] = ""
        with contextlib.suppress(OSError), open(table, encoding="utf-8") as lines:
            for line in lines:
                parts = line.split(":")
                if len(parts) > 2 and parts[2].isdigit():
                    known.setdefault(int(parts[2]), parts[0])
    return known.get(number, str(number))
