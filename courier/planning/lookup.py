"""What deciding needs of a catalog, and no more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from courier.planning.references import Ref as Ref
from courier.resources.envelope import Resource


class Document(Protocol):
    """One valid document as plain JSON values."""

    @property
    def value(self) -> Mapping[str, object]: ...
    @property
    def digest(self) -> str: ...
    def position(self, pointer: Sequence[str | int]) -> object: ...


class Catalog(Protocol):
    """All documents of one commit, their references resolved."""

    @property
    def documents(self) -> Mapping[Ref, Document]: ...
    @property
    def digest(self) -> str: ...
    def of_kind(self, kind: str) -> Iterable[Ref]: ...
    def project_of(self, ref: Ref) -> Ref | None: ...
    def resource(self, ref: Ref) -> Resource: ...
