"""From a file to checked documents: read, given a kind, held against the kind's schema."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from courier.diagnostics import Diagnostic, Position
from courier.planning.inside import problems_inside
from courier.planning.lacking import warnings_of_lacks
from courier.planning.problems import either, error, quoted, suggestion
from courier.planning.references import Paths, Pointer, Ref, reference_paths
from courier.planning.sources import Draft, read_drafts
from courier.planning.unused import unused_fields
from courier.planning.yaml_text import Engine
from courier.resources.front_matter import is_whole
from courier.resources.names import KIND_NAMES

KINDS = frozenset(KIND_NAMES)
"""Every kind there is."""


class KindSchema(NamedTuple):
    """One kind's schema, ready to use."""

    schema: Mapping[str, object]
    validator: Any
    references: Paths


class Schemas:
    """The schemas by kind; each is read and compiled when its kind first turns up."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        """Keep where schemas come from.

        Args:
            read: From a kind to the text of its JSON Schema.
        """
        self._read = read
        self._known: dict[str, KindSchema] = {}

    def of(self, kind: str) -> KindSchema:
        """Return the schema of a known kind."""
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = _compiled(self._read(kind))
        return found


class Document(NamedTuple):
    """One valid document as plain JSON values."""

    ref: Ref
    value: Mapping[str, Any]
    draft: Draft

    @property
    def path(self) -> str:
        """Return the file it stands in."""
        return self.draft.path

    @property
    def start(self) -> Position:
        """Return where it starts, without reading it again for exact places."""
        return Position(self.draft.path, self.draft.chunk.line + 1)

    @property
    def digest(self) -> str:
        """Return the sha256 of what it says, the same for the same values."""
        from hashlib import sha256

        canonical = json.dumps(self.value, sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()

    def position(
        self, pointer: Pointer | list[str | int] = (), *, at_key: bool = False
    ) -> Position:
        """Return where a value stands, e.g. of ``("spec", "steps", 0, "agent")``."""
        return self.draft.locate(tuple(pointer), at_key=at_key)


class Manifest(NamedTuple):
    """What one file holds.

    Attributes:
        documents: The documents that fit their schemas.
        broken: What is known of the others, so that nobody who names them is blamed.
        diagnostics: Everything that is wrong with the file by itself.
    """

    documents: tuple[Document, ...]
    broken: tuple[Ref, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_manifest(
    path: str,
    data: bytes,
    *,
    schemas: Schemas,
    folder: str = ".courier/",
    engine: Engine = Engine.FAST,
) -> Manifest:
    """Read and check every document of a file.

    Args:
        path: The path people see in diagnostics, which starts with ``folder``.
        data: What the file holds.
        schemas: The schemas to hold it against.
        folder: What to leave away to get the path below ``.courier/``.
        engine: Who parses plain YAML.
    """
    drafts = read_drafts(path, data, inside=path.removeprefix(folder), engine=engine)
    documents: list[Document] = []
    broken: list[Ref] = []
    diagnostics = list(drafts.diagnostics)
    for draft in drafts.documents:
        found = _check(draft, schemas)
        if isinstance(found, Ref) and not (draft.prose and drafts.diagnostics):
            documents.append(Document(found, draft.value, draft))  # type: ignore[arg-type]  # checked
            diagnostics += unused_fields(documents[-1].value, draft.locate)
            diagnostics += warnings_of_lacks(documents[-1].value, draft.locate)
            continue
        diagnostics += found if isinstance(found, list) else []
        broken += _names_in(draft.value)
    if drafts.diagnostics:
        broken += _guessed(drafts.text)
    return Manifest(tuple(documents), tuple(broken), tuple(diagnostics))


def _check(draft: Draft, schemas: Schemas) -> Ref | list[Diagnostic]:
    value = draft.value
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or kind not in KINDS:
        return [_without_kind(draft)]
    found = schemas.of(kind)
    try:
        if found.validator.is_valid(value):
            inside = list(problems_inside(value, draft.locate))
            return inside or Ref(kind, value["metadata"]["name"])
        # What explains objections costs time to load, and most documents raise none.
        from courier.planning.faults import explain

        objections = list(found.validator.iter_errors(value))
        return [_in_front(each, draft) for each in explain(objections, found.schema, draft.locate)]
    except ValueError:
        detail = "It holds a value that is neither text, number, list nor mapping."
        return [error("NotYaml", "Not YAML", detail, draft.locate(()))]


def _in_front(found: Diagnostic, draft: Draft) -> Diagnostic:
    if draft.prose is None or is_whole(draft.prose.front):
        return found
    return found._replace(detail=found.detail.replace("`spec`", "The front matter"))


def _without_kind(draft: Draft) -> Diagnostic:
    value = draft.value
    if not isinstance(value, dict):
        detail = f"A document has apiVersion, kind, metadata and spec; this is {quoted(value)}."
        return error("WrongType", "Wrong type", detail, draft.locate(()))
    if "kind" not in value:
        near = next((key for key in value if key.casefold() == "kind"), None)
        if near:
            detail = f'The document has no field "{near}". Did you mean "kind"?'
            return error(
                "UnknownField", "Unknown field", detail, draft.locate((near,), at_key=True)
            )
        detail = "The document needs `kind`. Add it, for example `kind: Workflow`."
        return error("MissingField", "Missing field", detail, draft.locate((), at_key=True))
    kind = value["kind"]
    if not isinstance(kind, str):
        detail = f"`kind` must be text, found {quoted(kind)}."
        return error("WrongType", "Wrong type", detail, draft.locate(("kind",)))
    hint = suggestion(kind, KIND_NAMES) or f" The kinds are {either(KIND_NAMES)}."
    detail = f"There is no kind {quoted(kind)}.{hint}"
    return error("UnknownKind", "Unknown kind", detail, draft.locate(("kind",)))


def _names_in(value: object) -> list[Ref]:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    kind = value.get("kind") if isinstance(value, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return [Ref(kind, name)] if isinstance(kind, str) and isinstance(name, str) else []


def _guessed(text: str) -> list[Ref]:
    import re

    kinds = re.findall(r"^kind:[ ]*([A-Za-z]{1,40})", text, re.MULTILINE)
    names = re.findall(r"\bname:[ ]*([a-z0-9-]{1,63})", text)
    return [Ref(kind, name) for kind in dict.fromkeys(kinds) for name in dict.fromkeys(names)][:200]


@lru_cache(maxsize=64)
def _compiled(text: bytes) -> KindSchema:
    import jsonschema_rs

    schema = json.loads(text)
    return KindSchema(schema, jsonschema_rs.Draft202012Validator(schema), reference_paths(schema))
