"""Who gives what: parts of documents as writers, and the assets they name, each with its origin."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from courier.planning.asked.effective import Writer, origin
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.manifest import Document
from courier.planning.documents.references import Ref
from courier.resources.envelope import Resource

_Kind = TypeVar("_Kind", bound=Resource)

FIELDS: Final[Mapping[str, str]] = {
    "context": "Context",
    "skills": "Skill",
    "commands": "Command",
    "scripts": "Script",
}
"""Fields that name assets, in the order they are told, and the kind each names."""


class Missing(LookupError):
    """A document names another that does not exist; a valid catalog has none of these."""


@dataclass(frozen=True, slots=True)
class Given:
    """One asset somebody is given.

    Attributes:
        field: The field that names it: a key of `FIELDS`.
        resource: The asset.
        document: The document it is.
        origin: Where it is named.
    """

    field: str
    resource: Resource
    document: Document
    origin: str

    @property
    def ref(self) -> Ref:
        """Return its name."""
        return self.document.ref


def typed(catalog: Catalog, ref: Ref, model: type[_Kind]) -> _Kind:
    """Return a document as a resource.

    Raises:
        Missing: If there is none.
    """
    if ref not in catalog.documents:
        raise Missing(f"{ref.kind}/{ref.name} does not exist.")
    resource = catalog.resource(ref)
    if not isinstance(resource, model):
        raise TypeError(f"the catalog holds something else under {ref.kind}/{ref.name}")
    return resource


def writer_of(catalog: Catalog, ref: Ref) -> Writer:
    """Return a whole document as a writer of values."""
    return part(catalog, ref, ref.kind, ())


def part(catalog: Catalog, ref: Ref, kind: str, pointer: Sequence[str | int]) -> Writer:
    """Return a part of a document as a writer of values; ``pointer`` leads there from spec."""
    document = catalog.documents[ref]
    whole = ("spec", *pointer)

    def place(inside: Sequence[str | int]) -> str:
        return str(document.position(tuple(inside)))

    return Writer(kind, f"{ref.kind}/{ref.name}", _inside(document.value, whole), whole, place)


def given_by(catalog: Catalog, writers: Iterable[Writer]) -> Iterator[Given]:
    """Yield every asset the writers name, field by field, each once, where it is named first.

    Raises:
        Missing: If one does not exist.
    """
    known = tuple(writers)
    for field, kind in FIELDS.items():
        seen = set()
        for writer in known:
            names = writer.told.get(field)
            for at, name in enumerate(names if isinstance(names, list | tuple) else ()):
                if name not in seen:
                    seen.add(name)
                    yield given(catalog, Ref(kind, name), field, origin(writer, (field, at)))


def given(catalog: Catalog, ref: Ref, field: str, origin: str) -> Given:
    """Return one asset.

    Raises:
        Missing: If it does not exist.
    """
    return Given(field, typed(catalog, ref, Resource), catalog.documents[ref], origin)


def _inside(told: object, pointer: Sequence[str | int]) -> Mapping[str, object]:
    for step in pointer:
        if isinstance(told, Mapping):
            told = told.get(step)
        elif isinstance(told, list | tuple) and isinstance(step, int):
            told = told[step]
    return told if isinstance(told, Mapping) else {}
