"""Whole lines out of a stream that arrives in pieces."""

from collections.abc import Iterator

LONGEST_LINE = 16 * 1024 * 1024
"""Characters of one line that are kept; what is beyond is dropped, the line is not."""


class LineSplitter:
    """Cuts text at newlines only: other separators may stand inside a JSON string."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0

    def feed(self, text: str) -> Iterator[str]:
        """Yield the lines that ``text`` completes, without their newlines."""
        *whole, rest = text.split("\n")
        for piece in whole:
            self._keep(piece)
            yield self._take()
        self._keep(rest)

    def rest(self) -> str | None:
        """Return the last line if it had no newline, else None."""
        return self._take() if self._parts else None

    def _keep(self, piece: str) -> None:
        kept = piece[: LONGEST_LINE - self._size]
        if kept:
            self._parts.append(kept)
            self._size += len(kept)

    def _take(self) -> str:
        line = "".join(self._parts)
        self._parts.clear()
        self._size = 0
        return line
