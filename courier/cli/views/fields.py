"""One field of a document, explained for people."""

import json
from collections.abc import Iterator

from courier.cli.views.ink import PLAIN, Ink, columns
from courier.resources.fields import FieldHelp

_WIDEST = 36


def told(field: FieldHelp, ink: Ink = PLAIN) -> str:
    """Return what a field is, and the fields below it."""
    head = f"{ink.paint(field.path, 'bold')}  {ink.paint(field.type, 'cyan')}"
    blocks = ["\n".join([head, *(f"  {line}" for line in _about(field))])]
    if field.children:
        names = [child.path.rpartition(".")[2] for child in field.children]
        rows = [
            (f"{name}{'*' if child.required else ''}", _short(child.type), child.description)
            for name, child in zip(names, field.children, strict=True)
        ]
        body = "\n".join(f"  {line}" for line in columns(rows))
        note = ink.paint("  * must be written", "dim")
        needed = any(child.required for child in field.children)
        blocks.append("\n".join(["Fields:", body, *([note] if needed else [])]))
    return "\n\n".join(blocks)


def _short(type_: str) -> str:
    return type_ if len(type_) <= _WIDEST else f"{type_[:_WIDEST].rpartition(',')[0]}, …"


def _about(field: FieldHelp) -> Iterator[str]:
    yield field.description
    if field.required:
        yield "Must be written."
    if field.default not in (None, [], ()):
        yield f"Default: {json.dumps(field.default)}"
    if field.built_in is not None:
        yield f"Built-in: {field.built_in}"
    if field.expects:
        yield f"Expects: {field.expects}"
    if field.refers_to:
        yield f"Names: {' or '.join(field.refers_to)}"


def to_json(field: FieldHelp) -> dict[str, object]:
    """Return a field and those below it as plain JSON values."""
    return {
        "path": field.path,
        "type": field.type,
        "required": field.required,
        "default": field.default,
        "builtIn": field.built_in,
        "description": field.description,
        "expects": field.expects,
        "refersTo": list(field.refers_to),
        "fields": [to_json(child) for child in field.children],
    }
