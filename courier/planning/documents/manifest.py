"""From a file to checked documents: read, given a kind, held against the kind's schema."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from courier.diagnostics import Diagnostic, Position
from courier.planning.documents.inside import problems_inside
from courier.planning.documents.lacking import warnings_of_lacks
from courier.planning.documents.references import ANY_KIND, Paths, Pointer, Ref, reference_paths
from courier.planning.documents.sources import Draft, read_drafts
from courier.planning.documents.unused import unused_fields
from courier.planning.problems import either, error, quoted, suggestion
from courier.planning.yaml.standins import standing_in
from courier.planning.yaml.text import Engine
from courier.resources.front_matter import is_whole
from courier.resources.names import KIND_NAMES

if TYPE_CHECKING:
    from courier.planning.documents.blame import Objected

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


class Broken(NamedTuple):
    """A document of a known kind that is refused, and what its schema objects to."""

    kind: str
    draft: Draft
    objections: tuple["Objected", ...]

    @property
    def is_named(self) -> bool:
        """Return whether its metadata are as they should be."""
        value: Any = self.draft.value
        return isinstance(value.get("metadata"), dict) and not any(
            each.pointer[:1] == ("metadata",) for each in self.objections
        )


class Manifest(NamedTuple):
    """What one file holds.

    Attributes:
        documents: The documents that fit their schemas.
        broken: Those that do not; what they say is still checked where it can be relied on.
        guesses: What other documents there may be, so that nobody who names them is blamed.
        diagnostics: Everything that is wrong with the file by itself.
    """

    documents: tuple[Document, ...]
    broken: tuple[Broken, ...]
    guesses: tuple[Ref, ...]
    diagnostics: tuple[Diagnostic, ...]


class _Checked(NamedTuple):
    """One document held against its kind's schema.

    Attributes:
        problems: What is wrong with it.
        objections: What the schema says; None where there is none to ask.
    """

    problems: list[Diagnostic]
    objections: "tuple[Objected, ...] | None" = ()


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
    inside = path.removeprefix(folder)
    drafts = read_drafts(path, data, inside=inside, engine=engine)
    documents: list[Document] = []
    broken: list[Broken] = []
    nameless: list[tuple[str, object]] = []
    diagnostics = list(drafts.diagnostics)
    for draft in drafts.documents:
        found = _check(draft, schemas)
        diagnostics += found.problems
        value: Any = draft.value
        if not found.problems and not (draft.prose and drafts.diagnostics):
            documents.append(Document(Ref(value["kind"], value["metadata"]["name"]), value, draft))
            diagnostics += unused_fields(value, draft.locate)
            diagnostics += warnings_of_lacks(value, draft.locate)
            diagnostics += _odd_times(value, draft)
            continue
        if found.objections is not None:
            broken.append(Broken(value["kind"], draft, found.objections))
        if found.objections is None or not broken[-1].is_named:
            nameless.append((ANY_KIND if found.objections is None else value["kind"], value))
    guesses: tuple[Ref, ...] = ()
    if nameless or drafts.diagnostics:
        from courier.planning.documents.guesses import guesses_of

        unread = data if drafts.diagnostics else None
        guesses = guesses_of(inside, nameless, unread, drafts.documents)
    return Manifest(tuple(documents), tuple(broken), guesses, tuple(diagnostics))


def _odd_times(value: Mapping[str, Any], draft: Draft) -> Iterator[Diagnostic]:
    if "schedule" in value["spec"]:
        from courier.planning.documents.timing import warnings_of_schedule

        yield from warnings_of_schedule(value, draft.locate)


def _check(draft: Draft, schemas: Schemas) -> _Checked:
    value = draft.value
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or kind not in KINDS:
        return _Checked([_without_kind(draft)], None)
    found = schemas.of(kind)
    try:
        if found.validator.is_valid(value):
            return _Checked(list(problems_inside(value, draft.locate)))
        objections = list(found.validator.iter_errors(value))
    except ValueError:
        detail = "It holds a value that is neither text, number, list nor mapping."
        return _Checked([error("NotYaml", "Not YAML", detail, draft.locate(()))], None)
    # What explains objections costs time to load, and most documents raise none.
    from courier.planning.documents.blame import has_sound_parts, objected
    from courier.planning.documents.faults import explain

    told = [_in_front(each, draft) for each in explain(objections, found.schema, draft.locate)]
    blamed = objected(objections)
    if has_sound_parts(blamed) and isinstance(value.get("spec"), dict):
        told += problems_inside(value, draft.locate)
    return _Checked(told, blamed)


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


@lru_cache(maxsize=64)
def _compiled(text: bytes) -> KindSchema:
    # It only notes when it was built.
    with standing_in("email.utils", parsedate_to_datetime=str):
        import jsonschema_rs

    schema = json.loads(text)
    return KindSchema(schema, jsonschema_rs.Draft202012Validator(schema), reference_paths(schema))
