"""Markdown files with front matter as documents: prose need not be written in YAML.

A file's front matter either is a whole document (it has its own `apiVersion` or `kind`) or just the
fields: then `name`, `project`, `labels` and `annotations` belong to the metadata and everything
else to the spec. The body becomes one field of the spec, the kind says which.

A SKILL.md keeps the form of Agent Skills: `metadata` there is a map of notes, which become
annotations, and `allowed-tools` is `allowedTools`.
"""

from collections.abc import Mapping
from types import MappingProxyType

MARKDOWN_BODY: Mapping[str, str] = MappingProxyType(
    {"Context": "content", "Skill": "body", "Command": "prompt", "Persona": "instructions"}
)
"""Kind to the field of its spec that the body of a Markdown file becomes."""

MARKDOWN_FOLDERS: Mapping[str, str] = MappingProxyType(
    {"contexts": "Context", "skills": "Skill", "commands": "Command", "personas": "Persona"}
)
"""Folder below ``.courier/`` to the kind of the Markdown files in it."""

_METADATA = ("name", "project", "labels", "annotations")
_SKILL_NAMES = MappingProxyType({"allowed-tools": "allowedTools"})

Path = tuple[str | int, ...]


def document_from_front_matter(
    kind_hint: str, front: Mapping[str, object], body: str, *, name: str | None = None
) -> dict[str, object]:
    """Return the document a Markdown file stands for; it still has to be checked.

    Args:
        kind_hint: The kind its folder says; front matter with a kind of its own wins.
        front: The front matter as plain JSON values; empty where there is none.
        body: The text after it.
        name: The name to use where none is written: the file's stem, for SKILL.md its folder.
    """
    document = dict(front) if is_whole(front) else _document(kind_hint, front)
    field = MARKDOWN_BODY.get(str(document.get("kind", kind_hint)))
    _fill(document, "metadata", "name", name)
    _fill(document, "spec", field, body.strip("\n") if body.strip() else None)
    return document


def has_two_bodies(kind_hint: str, front: Mapping[str, object], body: str) -> bool:
    """Return whether front matter and body both say the text; the body would then be lost."""
    field = MARKDOWN_BODY.get(str(front.get("kind", kind_hint)), "")
    spec = front.get("spec") if is_whole(front) else front
    return bool(body.strip()) and isinstance(spec, Mapping) and field in spec


def front_matter_path(kind_hint: str, front: Mapping[str, object], path: Path) -> Path | None:
    """Return where in the front matter a place of the document was written.

    None means: nowhere in the front matter; it is the body, or was filled in.
    """
    if is_whole(front) or not path:
        return path
    match path:
        case ("metadata", "annotations", *rest) if _notes_are_metadata(kind_hint, front):
            return ("metadata", *rest)
        case ("metadata", key, *rest) if key in front:
            return (key, *rest)
        case ("spec", key, *rest):
            written = _written_name(kind_hint, front, key)
            return None if written is None else (written, *rest)
        case _:
            return () if len(path) == 1 else None


def is_whole(front: Mapping[str, object]) -> bool:
    """Return whether front matter is a whole document with an envelope of its own."""
    return "apiVersion" in front or "kind" in front


def _document(kind: str, front: Mapping[str, object]) -> dict[str, object]:
    metadata = {key: front[key] for key in _METADATA if key in front}
    spec = {key: value for key, value in front.items() if key not in _METADATA}
    if kind == "Skill":
        if _notes_are_metadata(kind, front):
            metadata["annotations"] = spec.pop("metadata")
        spec = {_SKILL_NAMES.get(key, key): value for key, value in spec.items()}
    return {"apiVersion": "courier/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _notes_are_metadata(kind: str, front: Mapping[str, object]) -> bool:
    return kind == "Skill" and "metadata" in front and "annotations" not in front


def _written_name(kind: str, front: Mapping[str, object], key: str | int) -> str | int | None:
    if kind == "Skill" and key in _SKILL_NAMES.values():
        return next((old for old, new in _SKILL_NAMES.items() if new == key and old in front), key)
    return key if key in front else None


def _fill(document: dict[str, object], part: str, key: str | None, value: str | None) -> None:
    inside = document.get(part, {})
    if key is not None and value is not None and isinstance(inside, Mapping) and key not in inside:
        document[part] = {**inside, key: value}
