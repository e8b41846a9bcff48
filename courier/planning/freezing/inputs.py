"""What a record says shaped a run: every document and file, by digest."""

from collections.abc import Iterable, Iterator, Mapping

from courier.planning.asked.equipment import Equipment
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.runs.run.frozen import FrozenInput


def document_inputs(
    catalog: Catalog, refs: Iterable[Ref], equipment: Iterable[Equipment]
) -> tuple[FrozenInput, ...]:
    """Return every document used, and what is no document in its place or after it."""
    found: Mapping[Ref, FrozenInput] = {
        ref: FrozenInput(kind=ref.kind, name=ref.name, digest=catalog.documents[ref].digest)
        for ref in refs
    }
    others = {Ref(each.kind, each.name): each for one in equipment for each in one.inputs}
    return tuple({**found, **others}.values())


def refs_of(kind: str, names: Iterable[str]) -> Iterator[Ref]:
    """Yield the documents of a kind that have these names."""
    return (Ref(kind, name) for name in names)
