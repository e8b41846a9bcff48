"""One problem as a value: what is wrong, where, and what to do next."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much a problem weighs: an error refuses the document, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Position(NamedTuple):
    """A place in a text file; line and column count from 1, columns in characters."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Diagnostic(NamedTuple):
    """One problem.

    Attributes:
        severity: Whether it refuses the document.
        code: A stable PascalCase word, e.g. ``UnknownField``; tools may match on it.
        summary: A short sentence without any text of the user's.
        detail: Full sentences: what, why and what to do next; may quote the user's text.
        position: Where, when a place is known.
    """

    severity: Severity
    code: str
    summary: str
    detail: str = ""
    position: Position | None = None

    def to_json(self) -> dict[str, object]:
        """Return the JSON form used by every command's ``-o json``."""
        at = self.position
        return {
            "severity": self.severity.value,
            "code": self.code,
            "summary": self.summary,
            "detail": self.detail,
            "file": at.file if at else None,
            "line": at.line if at else None,
            "column": at.column if at else None,
        }


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Return whether any of the problems refuses its document."""
    return any(found.severity is Severity.ERROR for found in diagnostics)


def in_reading_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the problems by file, line and column; those without a place come first."""
    return sorted(diagnostics, key=lambda found: found.position or Position("", 0, 0))
