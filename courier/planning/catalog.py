"""All documents of one commit: each by its name, references checked, one digest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from courier.diagnostics import Diagnostic, Position, in_reading_order
from courier.planning.crosscheck import Finding, crosscheck
from courier.planning.facts import FileFacts, facts_of
from courier.planning.manifest import Document, Manifest, Schemas, read_manifest
from courier.planning.references import Ref
from courier.planning.sources import is_document

if TYPE_CHECKING:
    from courier.resources.envelope import Resource

FOLDER = ".courier/"


class ReadFile(NamedTuple):
    """One file as it was read."""

    blob: str
    manifest: Manifest
    facts: FileFacts


@dataclass(frozen=True, slots=True)
class Catalog:
    """All valid documents of one commit.

    Attributes:
        documents: Every document by its name.
        digest: The sha256 over paths and contents of the files.
    """

    documents: Mapping[Ref, Document]
    digest: str
    _resources: dict[Ref, "Resource"] = field(default_factory=dict, compare=False, repr=False)
    _kinds: dict[str, list[Ref]] = field(default_factory=dict, compare=False, repr=False)

    def of_kind(self, kind: str) -> Iterator[Ref]:
        """Yield the names of a kind's documents, in alphabetical order."""
        if not self._kinds:
            for ref in sorted(self.documents):
                self._kinds.setdefault(ref.kind, []).append(ref)
        return iter(self._kinds.get(kind, ()))

    def with_documents(self, more: Iterable[Document]) -> "Catalog":
        """Return a catalog that holds some documents besides, of names it does not have."""
        added = {document.ref: document for document in more}
        if not added:
            return self
        return Catalog({**self.documents, **added}, self.digest, dict(self._resources))

    def project_of(self, ref: Ref) -> Ref | None:
        """Return the Project a document belongs to: the named one, or the only one there is."""
        if ref.kind == "Project":
            return ref if ref in self.documents else None
        document = self.documents.get(ref)
        named = document.value["metadata"].get("project") if document else None
        if named is not None:
            found = Ref("Project", named)
            return found if found in self.documents else None
        projects = list(self.of_kind("Project"))
        return projects[0] if len(projects) == 1 else None

    def resource(self, ref: Ref) -> "Resource":
        """Return a document as a typed resource.

        Raises:
            KeyError: If there is no such document.
        """
        if ref not in self._resources:
            # The models are loaded only by those who carry something out.
            from courier.resources.kinds import read_resource

            self._resources[ref] = read_resource(self.documents[ref].value)
        return self._resources[ref]


class Reading(NamedTuple):
    """What was read at one commit.

    Attributes:
        catalog: The valid documents; not to be acted on while a diagnostic is an error.
        diagnostics: Every problem, in reading order.
        files: What was read of each file, to read the next commit from.
    """

    catalog: Catalog
    diagnostics: tuple[Diagnostic, ...]
    files: Mapping[str, ReadFile]


def unread(blobs: Mapping[str, str], former: Reading | None = None) -> tuple[str, ...]:
    """Return the paths whose contents `read_catalog` needs.

    Args:
        blobs: Path, from the repository's root, to content id of every file below ``.courier/``.
        former: The last reading; what it knows is not read again.
    """
    known = former.files if former else {}
    return tuple(
        path
        for path, blob in sorted(blobs.items())
        if (known[path].blob != blob if path in known else is_document(path.removeprefix(FOLDER)))
    )


def read_catalog(
    blobs: Mapping[str, str],
    contents: Mapping[str, bytes],
    *,
    schemas: Schemas,
    former: Reading | None = None,
) -> Reading:
    """Read all documents and check them, alone and together.

    Args:
        blobs: Path, from the repository's root, to content id of every file below ``.courier/``.
        contents: What the files of `unread` hold.
        schemas: The schemas to hold them against.
        former: The last reading.
    """
    new = {
        path: _read(path, blobs[path], contents[path], schemas) for path in unread(blobs, former)
    }
    known = {**(former.files if former else {}), **new}
    files = {path: known[path] for path in sorted(blobs) if path in known}
    findings = crosscheck({path: each.facts for path, each in files.items()})
    alone = [found for each in files.values() for found in each.manifest.diagnostics]
    together = [_placed(finding, files[finding.path].manifest) for finding in findings]
    catalog = Catalog(_documents(files.values()), _digest(files))
    return Reading(catalog, tuple(in_reading_order([*alone, *together])), MappingProxyType(files))


def _read(path: str, blob: str, data: bytes, schemas: Schemas) -> ReadFile:
    manifest = read_manifest(path, data, schemas=schemas, folder=FOLDER)
    return ReadFile(blob, manifest, facts_of(manifest, schemas))


def _documents(files: Iterable[ReadFile]) -> Mapping[Ref, Document]:
    found: dict[Ref, Document] = {}
    for each in files:
        for document in each.manifest.documents:
            found.setdefault(document.ref, document)
    return MappingProxyType(found)


def _digest(files: Mapping[str, ReadFile]) -> str:
    lines = "".join(f"{each.blob} {path}\n" for path, each in sorted(files.items()))
    return sha256(lines.encode()).hexdigest()


def _placed(finding: Finding, manifest: Manifest) -> Diagnostic:
    drafts = [each.draft for each in manifest.documents]
    drafts += [each.draft for each in manifest.broken]
    places = (
        draft.locate(finding.pointer) for draft in drafts if draft.chunk.number == finding.number
    )
    return finding.diagnostic(next(places, Position(finding.path)))
