"""Which files hold documents, and what a file's text says before any schema sees it."""

import re
from typing import NamedTuple

from courier.diagnostics import Diagnostic, Position
from courier.planning.documents.references import Pointer
from courier.planning.problems import error
from courier.planning.yaml.gate import Chunk, chunks, decode
from courier.planning.yaml.text import Engine, read_chunks
from courier.resources.front_matter import (
    MARKDOWN_BODY,
    MARKDOWN_FOLDERS,
    document_from_front_matter,
    front_matter_path,
    has_two_bodies,
)

YAML_ENDINGS = (".yaml", ".yml")
"""How the names of files in YAML end."""
_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)


class Prose(NamedTuple):
    """What a Markdown file adds to its front matter.

    Attributes:
        kind: The kind its folder says.
        front: The front matter's values.
        body_line: The line the body starts at, from 1.
    """

    kind: str
    front: dict[str, object]
    body_line: int


class Draft(NamedTuple):
    """One document as it was written, not yet checked."""

    path: str
    chunk: Chunk
    value: object
    prose: Prose | None = None

    def locate(self, pointer: Pointer, *, at_key: bool = False) -> Position:
        """Return where a value, or its key, stands; the nearest place above it if nowhere."""
        written: Pointer | None = pointer
        if self.prose:
            written = front_matter_path(self.prose.kind, self.prose.front, pointer)
            if written is None:
                return self._in_body(pointer)
        # Positions are needed where something is wrong; loading their reader costs time.
        from courier.planning.yaml.events import places_in

        places = places_in(self.chunk)
        found = written or ()
        while found and found not in places:
            found = found[:-1]
        place = places.get(found)
        if place is None:
            return Position(self.path, self.chunk.line + 1)
        use_key = place.key is not None and (at_key or found != written or place.empty)
        line, column = place.key if use_key and place.key else place.value
        return Position(self.path, line, column)

    def _in_body(self, pointer: Pointer) -> Position:
        prose = self.prose
        if prose and pointer == ("spec", MARKDOWN_BODY.get(prose.kind)):
            return Position(self.path, prose.body_line)
        return Position(self.path)


class Drafts(NamedTuple):
    """The documents of one file that could be read, and what is wrong with the others.

    Attributes:
        text: The file's text; empty where it could not be decoded.
    """

    documents: tuple[Draft, ...]
    diagnostics: tuple[Diagnostic, ...]
    text: str = ""


def is_document(path: str) -> bool:
    """Return whether a path below ``.courier/`` holds documents; all else is assets."""
    return is_yaml(path) or markdown_kind(path) is not None


def markdown_kind(path: str) -> str | None:
    """Return the kind of the document a Markdown file is, or None."""
    folder, *inside = path.split("/")
    kind = MARKDOWN_FOLDERS.get(folder)
    if kind is None or not inside or not path.endswith(".md") or "/." in path:
        return None
    if kind == "Skill":
        return kind if len(inside) == 2 and inside[1] == "SKILL.md" else None
    return None if inside[-1] == "README.md" else kind


def read_drafts(path: str, data: bytes, *, inside: str, engine: Engine = Engine.FAST) -> Drafts:
    """Read every document of a file.

    Args:
        path: The path people see.
        data: What the file holds.
        inside: The path below ``.courier/``.
        engine: Who parses plain YAML.
    """
    text = decode(path, data)
    if isinstance(text, Diagnostic):
        return Drafts((), (text,))
    kind = markdown_kind(inside)
    if kind is not None:
        return _read_prose(path, text, kind, _stem(inside, kind))
    read = read_chunks(path, chunks(text), engine=engine)
    drafts = tuple(Draft(path, parsed.chunk, parsed.value) for parsed in read.documents)
    return Drafts(drafts, read.diagnostics, text)


def _read_prose(path: str, text: str, kind: str, stem: str) -> Drafts:
    front: object = {}
    chunk, body, body_line = Chunk(0, 0, ""), text, 1
    if _FENCE.match(text):
        opening = text.index("\n") + 1 if "\n" in text else len(text)
        closing = _FENCE.search(text, opening)
        if closing is None:
            detail = "Front matter starts with `---` and must end with a line `---`. Add it."
            return Drafts(
                (),
                (error("FrontMatterOpen", "Front matter not closed", detail, Position(path)),),
                text,
            )
        chunk = Chunk(0, 1, text[opening : closing.start()])
        body = text[closing.end() :].removeprefix("\n")
        body_line = text.count("\n", 0, closing.start()) + 2
        read = read_chunks(path, [chunk])
        if read.diagnostics:
            return Drafts((), read.diagnostics, text)
        front = read.documents[0].value if read.documents else {}
    if not isinstance(front, dict):
        detail = "Front matter must be a mapping: lines of `key: value`."
        return Drafts((), (error("WrongType", "Wrong type", detail, Position(path, 2)),), text)
    return _drafted(path, chunk, Prose(kind, front, body_line), (text, body, stem))


def _drafted(path: str, chunk: Chunk, prose: Prose, words: tuple[str, str, str]) -> Drafts:
    text, body, stem = words
    value = document_from_front_matter(prose.kind, prose.front, body, name=stem)
    field = MARKDOWN_BODY.get(str(value.get("kind")))
    draft = Draft(path, chunk, value, prose)
    if has_two_bodies(prose.kind, prose.front, body):
        detail = f"`{field}` is in the front matter and the file has a body. Keep one of them."
        at = Position(path, prose.body_line)
        return Drafts((draft,), (error("BodyTwice", "Text given twice", detail, at),), text)
    if field is None and body.strip():
        detail = "Documents of this kind have no body. Move the text, or use a YAML file."
        at = Position(path, prose.body_line)
        return Drafts((draft,), (error("BodyNotUsed", "Body not used", detail, at),), text)
    return Drafts((draft,), (), text)


def _stem(inside: str, kind: str) -> str:
    parts = inside.split("/")
    return parts[-2] if kind == "Skill" else parts[-1].removesuffix(".md")


def is_yaml(path: str) -> bool:
    """Return whether a path below ``.courier/`` holds documents in YAML."""
    if not path.endswith(YAML_ENDINGS) or path.startswith(".") or "/." in path:
        return False
    return not (path.startswith("skills/") and path.count("/") > 1)
