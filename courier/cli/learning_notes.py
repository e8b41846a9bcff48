"""What `courier validate` says of learnings besides what it remembers of a tree."""

from collections.abc import Iterator
from pathlib import Path

from courier.planning.catalog.learning_notes import KIND, notes
from courier.planning.documents.sources import is_document
from courier.storage.validation import Told, Verdict
from courier.system import SystemClock

_FOLDER = ".courier"


def with_notes(verdict: Verdict, root: str) -> Verdict:
    """Return a verdict with warnings of learnings that expire or contradict each other.

    Args:
        verdict: Of a tree that holds learnings.
        root: The folder that holds ``.courier/``.
    """
    files = dict(_files(Path(root)))
    found = notes(files, today=SystemClock().now().date())
    told: list[Told] = [
        (
            str(one.severity),
            one.code,
            one.summary,
            one.detail,
            one.position.file if one.position else "",
            (one.position.line or 1) if one.position else 1,
            (one.position.column or 1) if one.position else 1,
        )
        for one in found
    ]
    every = sorted([*verdict.diagnostics, *told], key=lambda each: each[4:])
    return verdict._replace(diagnostics=tuple(every)) if told else verdict


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file of documents in which a learning may stand."""
    for path in sorted((root / _FOLDER).rglob("*")):
        inside = path.relative_to(root / _FOLDER).as_posix()
        if not is_document(inside) or not path.is_file():
            continue
        content = path.read_bytes()
        if KIND.encode() in content:
            yield f"{_FOLDER}/{inside}", content
