"""Builders: documents as text, and the catalog they make."""

from functools import cache
from pathlib import Path
from textwrap import dedent

from courier.planning.catalog.catalog import Reading, read_catalog
from courier.planning.documents.manifest import Schemas
from courier.shipped import schema_text

BROKEN = Path(__file__).parent / "broken"


@cache
def schemas() -> Schemas:
    return Schemas(schema_text)


def document(kind: str, name: str, spec: str = "{}", *, metadata: str = "") -> str:
    inside = dedent(spec).strip()
    body = f" {inside}" if inside.startswith("{") else f"\n{indented(inside)}"
    more = f"{indented(dedent(metadata).strip())}\n" if metadata else ""
    return f"apiVersion: courier/v1\nkind: {kind}\nmetadata:\n  name: {name}\n{more}spec:{body}\n"


def indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else line for line in text.splitlines())


def reading(files: dict[str, str | bytes], *, former: Reading | None = None) -> Reading:
    """Read files by their path below ``.courier/``; their content stands for the blob id."""
    contents = {
        f".courier/{path}": text.encode() if isinstance(text, str) else text
        for path, text in files.items()
    }
    blobs = {path: str(hash(data)) for path, data in contents.items()}
    return read_catalog(blobs, contents, schemas=schemas(), former=former)


def codes(read: Reading) -> list[str]:
    return [
        f"{found.code}:{found.position.line}:{found.position.column}"
        for found in read.diagnostics
        if found.position
    ]
