"""Writing into the document of an answering session, with everything else in it left as it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from courier.planning.documents.manifest import Document, Manifest, Schemas, read_manifest
from courier.planning.documents.references import Ref
from courier.planning.yaml.blocks import to_yaml

_FOLDER: Final = ".courier/"

Values = dict[str, Any]


class Unwritable(ValueError):
    """Why a document cannot be written into, in a sentence."""


def with_answers(
    path: str, content: bytes, ref: Ref, answers: Sequence[Mapping[str, Any]], *, schemas: Schemas
) -> bytes:
    """Return a file with answers added to a session in it.

    Comments and layout stay. Where the layout leaves no place for a line more, that one document
    is written anew and loses its comments.

    Raises:
        Unwritable: If the file does not hold the session.
    """

    def added(spec: Values) -> Values:
        return {**spec, "answers": [*(spec.get("answers") or ()), *answers]}

    file = _File(path, content, schemas)
    return file.changed(ref, added, lambda document, lines: _insert(document, lines, answers))


def with_approval(
    path: str, content: bytes, ref: Ref, questions: Sequence[str], *, schemas: Schemas
) -> bytes:
    """Return a file in which the answers to some questions of a session are approved.

    Raises:
        Unwritable: If the file does not hold the session.
    """

    def approved(spec: Values) -> Values:
        told = spec.get("answers") or ()
        return {
            **spec,
            "answers": [
                {**each, "approved": True} if each["question"] in questions else each
                for each in told
            ],
        }

    file = _File(path, content, schemas)
    return file.changed(ref, approved, lambda document, lines: _say(document, lines, questions))


Edit = Callable[[Document, list[str]], list[str] | None]
"""Returns a file's lines edited by hand; None where the layout does not let it."""


class _File:
    def __init__(self, path: str, content: bytes, schemas: Schemas) -> None:
        self._path = path
        self._schemas = schemas
        text = content.decode(errors="replace")
        self._end = "\r\n" if "\r\n" in text else "\n"
        self._lines = text.replace("\r\n", "\n").split("\n")
        self._before = self._read(self._lines)

    def changed(self, ref: Ref, change: Callable[[Values], Values], edit: Edit) -> bytes:
        document = next((one for one in self._before.documents if one.ref == ref), None)
        if document is None or document.draft.prose is not None:
            raise Unwritable(f"{self._path} does not hold {ref}.")
        wanted = {**document.value, "spec": change(dict(document.value["spec"]))}
        edited = edit(document, list(self._lines))
        if edited is None or not self._says(edited, document, wanted):
            edited = self._anew(document, wanted)
            if not self._says(edited, document, wanted):
                raise Unwritable(f"{self._path} cannot be written into; do it by hand.")
        return self._end.join(edited).encode()

    def _read(self, lines: Sequence[str]) -> Manifest:
        data = "\n".join(lines).encode()
        return read_manifest(self._path, data, schemas=self._schemas, folder=_FOLDER)

    def _says(self, lines: Sequence[str], document: Document, wanted: Mapping[str, Any]) -> bool:
        """Return whether lines say what is wanted of one document, and of others what they did."""
        expected = [wanted if one is document else one.value for one in self._before.documents]
        return [one.value for one in self._read(lines).documents] == expected

    def _anew(self, document: Document, wanted: Mapping[str, Any]) -> list[str]:
        chunk = document.draft.chunk
        old = chunk.text.rstrip("\n").split("\n")
        marker = ["---"] if old[0].startswith("---") else []
        new = to_yaml(wanted).rstrip("\n").split("\n")
        return [
            *self._lines[: chunk.line],
            *marker,
            *new,
            *self._lines[chunk.line + len(old) :],
        ]


def _insert(
    document: Document, lines: list[str], answers: Sequence[Mapping[str, Any]]
) -> list[str] | None:
    """Add answers behind those there are, or behind the questions."""
    spec = document.value["spec"]
    field = "answers" if spec.get("answers") else "questions"
    dash = _dash(document, lines, field)
    if dash is None:
        return None
    key = document.position(("spec", field), at_key=True)
    new = [_indented(line, dash) for each in answers for line in _item(each)]
    if field == "questions":
        if "answers" in spec:
            lines = _without_empty(document, lines)
        new = [f"{' ' * (key.column - 1)}answers:", *new]
    at = _end_of_block(lines, key.line, key.column - 1, dash)
    return [*lines[:at], *new, *lines[at:]]


def _indented(line: str, columns: int) -> str:
    return " " * columns + line if line else line


def _item(value: Mapping[str, Any]) -> list[str]:
    return to_yaml([value]).rstrip("\n").split("\n")


def _dash(document: Document, lines: Sequence[str], field: str) -> int | None:
    """Return how far a list's items are indented; None where they have no lines of their own."""
    at = document.position(("spec", field, 0))
    before = lines[at.line - 1][: at.column - 1].rstrip()
    return len(before) - 1 if before.strip() == "-" else None


def _without_empty(document: Document, lines: list[str]) -> list[str]:
    """Take a list of no answers out; what else stands in its line is lost only with that line."""
    at = document.position(("spec", "answers"), at_key=True).line - 1
    return [*lines[:at], "", *lines[at + 1 :]]


def _end_of_block(lines: Sequence[str], start: int, key: int, dash: int) -> int:
    """Return the index of the line behind the last one of a list whose key is in line ``start``."""
    end = start
    for number in range(start, len(lines)):
        line = lines[number]
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip(" "))
        inside = indent > key or (indent == key == dash and stripped.startswith("-"))
        if not inside or (indent == 0 and stripped.startswith(("---", "..."))):
            break
        end = number + 1
    return end


def _say(document: Document, lines: list[str], questions: Sequence[str]) -> list[str]:
    """Write ``approved: true`` into each answer, the last first."""
    answers = document.value["spec"].get("answers") or ()
    for number in reversed(range(len(answers))):
        if answers[number]["question"] in questions:
            lines = _approve(document, lines, number)
    return lines


def _approve(document: Document, lines: list[str], number: int) -> list[str]:
    pointer = ("spec", "answers", number)
    if "approved" not in document.value["spec"]["answers"][number]:
        at = document.position((*pointer, "question"), at_key=True)
        line = f"{' ' * (at.column - 1)}approved: true"
        return [*lines[: at.line], line, *lines[at.line :]]
    at = document.position((*pointer, "approved"))
    old = lines[at.line - 1]
    rest = old[at.column - 1 :].removeprefix("false")
    return [*lines[: at.line - 1], f"{old[: at.column - 1]}true{rest}", *lines[at.line :]]
