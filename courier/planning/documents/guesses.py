"""Which documents a refused one may be, so that nobody who names them is blamed for it.

What cannot be read counts under every name it seems to give, or else under the name of its file;
for the kinds it seems to give, or else for all.
"""

import re
from collections.abc import Iterable

from courier.planning.documents.references import ANY_KIND, Ref
from courier.planning.documents.sources import Draft, markdown_kind
from courier.planning.yaml.gate import MAX_BYTES, MAX_DOCUMENTS, chunks
from courier.resources.names import KIND_NAMES

_MARKER = re.compile(r"^---", re.MULTILINE)
_KIND = re.compile(r"""\bkind["']?[ ]*:[ ]*["']?([A-Za-z]{1,40})""")
_NAME = re.compile(r"""\bname["']?[ ]*:[ ]*["']?([a-z0-9][a-z0-9-]{0,62})\b""")
_PROSE = 4096
_MOST = 5_000


def guesses_of(
    path: str, nameless: Iterable[tuple[str, object]], data: bytes | None, read: Iterable[Draft]
) -> tuple[Ref, ...]:
    """Return what the refused documents of a file may be.

    Args:
        path: The path below ``.courier/``.
        nameless: Kind, or `ANY_KIND`, and value of those whose metadata are at fault.
        data: What the file holds, where some of it cannot be read.
        read: The documents that could be read.
    """
    found = [ref for kind, value in nameless for ref in _said(kind, value, path)]
    if data is not None:
        found += _unreadable(path, data, read)
    return tuple(dict.fromkeys(found))[:_MOST]


def _said(kind: str, value: object, path: str) -> list[Ref]:
    whole = value if isinstance(value, dict) else {}
    metadata = whole.get("metadata")
    inside = metadata if isinstance(metadata, dict) else {}
    name = inside.get("name")
    said = [name] if isinstance(name, str) else [*inside.values(), whole.get("name"), _stem(path)]
    return [Ref(kind, each) for each in said if isinstance(each, str)]


def _unreadable(path: str, data: bytes, read: Iterable[Draft]) -> list[Ref]:
    text = data[: 2 * MAX_BYTES].decode("utf-8", "replace").replace("\0", "").replace("\r", "\n")
    kind = markdown_kind(path)
    parts = [text[:_PROSE]] if kind else _unread(text, {draft.chunk.number for draft in read})
    return [
        Ref(each, name)
        for part in parts or [""]
        for each in _kinds(part) or [kind or ANY_KIND]
        for name in _names(part, path, is_prose=kind is not None)
    ]


def _unread(text: str, read: set[int]) -> list[str]:
    parts = chunks(text)
    if len(parts) > MAX_DOCUMENTS:
        return _MARKER.split(text)
    return [chunk.text for chunk in parts if chunk.number not in read]


def _kinds(text: str) -> list[str]:
    return [kind for kind in dict.fromkeys(_KIND.findall(text)) if kind in KIND_NAMES]


def _names(text: str, path: str, *, is_prose: bool) -> list[str]:
    found = list(dict.fromkeys(_NAME.findall(text)))
    return [*found, _stem(path)] if is_prose or not found else found


def _stem(path: str) -> str:
    *folders, file = path.split("/")
    return folders[-1] if file == "SKILL.md" and folders else file.partition(".")[0]
