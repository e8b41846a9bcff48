"""Writing one word of a spec into its file, everything else left as people wrote it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from courier.planning.documents.manifest import Document
from courier.planning.documents.sources import read_drafts
from courier.resources.front_matter import is_whole

_FOLDER: Final = ".courier/"
_KEYED: Final = r"""(["']?{}["']?[ ]*:[ ]*)("[^"]*"|'[^']*'|[0-9A-Za-z]+)"""
_ALONE: Final = r"""[ ]*{}[ ]*(#[^\n]*)?\r?\n?"""
_SPEC: Final = ("spec",)


class _Edit(NamedTuple):
    """What is to be written; ``word`` is None for taking the field away."""

    field: str
    word: str | None
    written: str

    @property
    def keyed(self) -> str:
        """Return a pattern of the field as it stands in a line."""
        return _KEYED.format(self.field)


def with_pin(document: Document, text: str, commit: str | None) -> str | None:
    """Return a file's text with a Context pinned to a commit; None where that is not safe.

    Args:
        document: The Context, as read from that text.
        text: The whole file.
        commit: The commit's id; None to take the pin away.
    """
    return _edited(document, text, _Edit("pin", commit, f'"{commit}"'))


def with_status(document: Document, text: str, status: str) -> str | None:
    """Return a file's text with a Learning's status changed; None where that is not safe.

    Args:
        document: The Learning, as read from that text.
        text: The whole file.
        status: approved, proposed or rejected.
    """
    return _edited(document, text, _Edit("status", status, status))


def _edited(document: Document, text: str, edit: _Edit) -> str | None:
    is_there = edit.field in document.value["spec"]
    if edit.word is None and not is_there:
        return text
    lines = text.splitlines(keepends=True)
    if is_there:
        edited = _changed(document, lines, edit)
    else:
        edited = _added(document, lines, f"{edit.field}: {edit.written}")
    return edited if edited is not None and _is_meant(document, edited, edit) else None


def _changed(document: Document, lines: list[str], edit: _Edit) -> str | None:
    at = document.position((*_SPEC, edit.field), at_key=True)
    if at.line is None or at.column is None:
        return None
    line = lines[at.line - 1]
    found = re.compile(edit.keyed).match(line, at.column - 1)
    if found is None:
        return None
    if edit.word is not None:
        new = f"{line[: found.end(1)]}{edit.written}{line[found.end() :]}"
    elif re.fullmatch(_ALONE.format(edit.keyed), line):
        new = ""
    else:
        after = re.sub(r"^[ ]*,[ ]*", "", line[found.end() :])
        new = line[: found.start()] + after
    return "".join([*lines[: at.line - 1], new, *lines[at.line :]])


def _added(document: Document, lines: list[str], told: str) -> str | None:
    prose = document.draft.prose
    if prose is None or is_whole(prose.front):
        return _added_to_spec(document, lines, told)
    if prose.body_line == 1:
        return f"---\n{told}\n---\n" + "".join(lines)
    closing = prose.body_line - 2
    return "".join([*lines[:closing], f"{told}\n", *lines[closing:]])


def _added_to_spec(document: Document, lines: list[str], told: str) -> str | None:
    keys = [key for key in document.value["spec"] if key in _keys(document)]
    first = document.position((*_SPEC, keys[0]), at_key=True) if keys else None
    if first is None or first.line is None or first.column is None:
        return None
    line = lines[first.line - 1]
    before = line[: first.column - 1]
    if before.strip():
        new = f"{before}{told}, {line[first.column - 1 :]}"
    else:
        new = f"{before}{told}\n{line}"
    return "".join([*lines[: first.line - 1], new, *lines[first.line :]])


def _keys(document: Document) -> Sequence[str]:
    """Return the fields of spec that are written as such, not as the body of the file."""
    prose = document.draft.prose
    written = prose.front.get("spec") if prose else document.value["spec"]
    return list(written) if isinstance(written, Mapping) else []


def _is_meant(document: Document, text: str, edit: _Edit) -> bool:
    """Return whether the file says what it said, but for that field."""
    path = document.path
    drafts = read_drafts(path, text.encode(), inside=path.removeprefix(_FOLDER))
    values: list[Any] = [each.value for each in drafts.documents]
    found = [each for each in values if _is_same(each, document)]
    expected = {key: told for key, told in document.value["spec"].items() if key != edit.field}
    if edit.word is not None:
        expected[edit.field] = edit.word
    return not drafts.diagnostics and [each["spec"] for each in found] == [expected]


def _is_same(value: Any, document: Document) -> bool:
    if not isinstance(value, dict) or value.get("kind") != document.ref.kind:
        return False
    return bool(value.get("metadata", {}).get("name") == document.ref.name)
