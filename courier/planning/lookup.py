"""What deciding needs of a catalog, and no more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from courier.planning.references import Ref
from courier.resources.envelope import Resource

__all__ = ["Catalog", "Document", "Ref"]


class Document(Protocol):
    """One valid document."""

    @property
    def value(self) -> Mapping[str, object]:
        """Return it as plain JSON values."""
        ...

    @property
    def digest(self) -> str:
        """Return the digest of its values."""
        ...

    def position(self, pointer: Sequence[str | int]) -> object:
        """Return where that part of it stands, or None where that is not known."""
        ...


class Catalog(Protocol):
    """All documents of one commit, valid, their references resolved."""

    @property
    def documents(self) -> Mapping[Ref, Document]:
        """Return every document."""
        ...

    @property
    def digest(self) -> str:
        """Return the digest of all of them."""
        ...

    def of_kind(self, kind: str) -> Iterable[Ref]:
        """Return the documents of one kind."""
        ...

    def project_of(self, ref: Ref) -> Ref | None:
        """Return the Project a document belongs to."""
        ...

    def resource(self, ref: Ref) -> Resource:
        """Return the document as a typed value."""
        ...
