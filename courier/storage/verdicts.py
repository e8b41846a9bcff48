"""What was found before: verdicts by tree, facts by blob, in files that may vanish at any time.

A file that is missing, damaged, made by another version or not writable only costs time.
"""

import marshal
import os
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_MAGIC = b"courier1"
_KEPT = 40


class Cache:
    """One folder of cached values, each with the key it holds for."""

    def __init__(self, folder: str, key: Callable[[], str]) -> None:
        """Keep where values are, and what they depend on besides their name."""
        self._folder = folder
        self._made = key
        self._key = ""

    def has(self, name: str) -> bool:
        """Return whether there is a file for a value of that name, of whatever use it may be."""
        return os.path.exists(f"{self._folder}/{name}")  # noqa: PTH110

    def load(self, name: str) -> Any:
        """Return the value kept under a name, or None."""
        try:
            with open(f"{self._folder}/{name}", "rb") as file:  # noqa: PTH123
                data = file.read()
        except OSError:
            return None
        head = len(_MAGIC) + 4
        body = memoryview(data)[head:]
        if data[:head] != _MAGIC + zlib.crc32(body).to_bytes(4, "big"):
            return None
        try:
            key, value = marshal.loads(body)  # noqa: S302
        except (ValueError, EOFError, TypeError):
            return None
        return value if key == self._depends() else None

    def save(self, name: str, value: Any) -> None:
        """Keep a value of plain tuples, dicts, texts and numbers; nothing happens on failure."""
        body = marshal.dumps((self._depends(), value))
        head = _MAGIC + zlib.crc32(body).to_bytes(4, "big")
        part = f"{self._folder}/{name}.{os.getpid()}.part"
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)  # noqa: PTH103
            with open(part, "wb") as file:  # noqa: PTH123
                file.write(head)
                file.write(body)
            os.replace(part, f"{self._folder}/{name}")  # noqa: PTH105
        except OSError:
            with suppress(OSError):
                os.unlink(part)  # noqa: PTH108
            return
        self._forget_oldest()

    def _depends(self) -> str:
        self._key = self._key or self._made()
        return self._key

    def _forget_oldest(self) -> None:
        with suppress(OSError):
            with os.scandir(self._folder) as entries:
                found = [(entry.stat().st_mtime, entry.path) for entry in entries]
            for _, path in sorted(found)[:-_KEPT]:
                os.unlink(path)  # noqa: PTH108
