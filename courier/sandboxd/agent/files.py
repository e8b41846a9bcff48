"""The service ``filesystem.Filesystem`` without watching: look, list, make, move, remove."""

import os
import stat
from collections.abc import Iterator

from courier.sandboxd.agent.entries import describe
from courier.sandboxd.agent.envelopes import Fault, Message
from courier.sandboxd.agent.place import Place


class Files:
    """Answers unary calls about files and directories."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.unary = {
            "filesystem.Filesystem/Stat": self._stat,
            "filesystem.Filesystem/MakeDir": self._make_dir,
            "filesystem.Filesystem/Move": self._move,
            "filesystem.Filesystem/ListDir": self._list_dir,
            "filesystem.Filesystem/Remove": self._remove,
        }

    def _path(self, message: Message, field: str = "path") -> str:
        return self._place.resolve(str(message.get(field) or ""))

    def _stat(self, message: Message) -> Message:
        return {"entry": describe(self._path(message))}

    def _make_dir(self, message: Message) -> Message:
        path = self._path(message)
        if os.path.isdir(path):
            raise Fault("already_exists", f"directory already exists: {path}")
        if os.path.exists(path):
            said = f"path already exists but it is not a directory: {path}"
            raise Fault("invalid_argument", said)
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as problem:
            raise Fault("internal", f"error making directory: {problem}") from problem
        return {"entry": describe(path)}

    def _move(self, message: Message) -> Message:
        source, destination = self._path(message, "source"), self._path(message, "destination")
        try:
            os.makedirs(os.path.dirname(destination), exist_ok=True)
            os.rename(source, destination)
        except FileNotFoundError as missing:
            raise Fault("not_found", f"source file not found: {source}") from missing
        except OSError as problem:
            raise Fault("internal", f"error renaming: {problem}") from problem
        return {"entry": describe(destination)}

    def _list_dir(self, message: Message) -> Message:
        path = self._path(message)
        try:
            resolved = os.path.realpath(path, strict=True)
            mode = os.stat(resolved).st_mode
        except FileNotFoundError as missing:
            raise Fault("not_found", f"path not found: {path}") from missing
        except OSError as problem:
            raise Fault("failed_precondition", f"cannot resolve {path}: {problem}") from problem
        if not stat.S_ISDIR(mode):
            raise Fault("invalid_argument", f"path is not a directory: {path}")
        depth = int(message.get("depth") or 1)
        return {"entries": list(_walk(resolved, path.rstrip("/"), depth))}

    def _remove(self, message: Message) -> Message:
        path = self._path(message)
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                import shutil  # costs more than the rest of the agent's start

                shutil.rmtree(path)
            else:
                os.unlink(path)
        except FileNotFoundError:
            return {}
        except OSError as problem:
            raise Fault("internal", f"error removing file or directory: {problem}") from problem
        return {}


def _walk(directory: str, shown: str, depth: int) -> Iterator[Message]:
    try:
        names = sorted(os.listdir(directory))
    except OSError as problem:
        raise Fault("internal", f"error reading directory {shown}: {problem}") from problem
    for name in names:
        path = f"{directory}/{name}"
        try:
            entry = describe(path)
        except Fault:
            continue
        yield entry | {"path": f"{shown}/{name}"}
        if depth > 1 and os.path.isdir(path) and not os.path.islink(path):
            yield from _walk(path, f"{shown}/{name}", depth - 1)
