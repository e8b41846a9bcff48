"""All documents of one commit: each by its name, references checked, one digest."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from courier.diagnostics import Diagnostic, Position, in_reading_order
from courier.planning.catalog.crosscheck import crosscheck
from courier.planning.catalog.known import Finding
from courier.planning.catalog.recheck import Census, census, recheck
from courier.planning.documents.facts import FileFacts, facts_of
from courier.planning.documents.manifest import Document, Manifest, Schemas, read_manifest
from courier.planning.documents.references import Ref
from courier.planning.documents.sources import is_document

if TYPE_CHECKING:
    from courier.resources.envelope import Resource

FOLDER = ".courier/"

K = TypeVar("K")
V = TypeVar("V")


class ReadFile(NamedTuple):
    """One file as it was read."""

    blob: str
    manifest: Manifest
    facts: FileFacts
    line: str
    """What the digest of a catalog is made of."""


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

    def amended(self, changed: Iterable[Document], *, digest: str) -> "Catalog":
        """Return a catalog some documents of which are new, or others of the same names."""
        new = {document.ref: document for document in changed}
        documents = MappingProxyType(_plus(self.documents, new))
        resources = {ref: one for ref, one in self._resources.items() if ref not in new}
        kinds = {kind: list(refs) for kind, refs in self._kinds.items()}
        for ref in new.keys() - self.documents.keys() if kinds else ():
            insort(kinds.setdefault(ref.kind, []), ref)
        return Catalog(documents, digest, resources, kinds)

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
        blobs: Path to content id of every file, documents or not.
        census: What is known of the names of documents that are right; made when it is needed.
    """

    catalog: Catalog
    diagnostics: tuple[Diagnostic, ...]
    files: Mapping[str, ReadFile]
    blobs: Mapping[str, str]
    census: Census | None = None


def unread(blobs: Mapping[str, str], former: Reading | None = None) -> tuple[str, ...]:
    """Return the paths whose contents `read_catalog` needs.

    Args:
        blobs: Path, from the repository's root, to content id of every file below ``.courier/``.
        former: The last reading; what it knows is not read again.
    """
    known = former.blobs if former else {}
    read = former.files if former else {}
    moved = [path for path, blob in blobs.items() if known.get(path) != blob]
    return tuple(
        sorted(path for path in moved if path in read or is_document(path.removeprefix(FOLDER)))
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
    amended = _amended(blobs, new, former) if former is not None else None
    if amended is not None:
        return amended
    known = {**(former.files if former else {}), **new}
    files = {path: known[path] for path in sorted(blobs) if path in known}
    catalog = Catalog(_documents(files.values()), _digest(files))
    found = _told(files, files, crosscheck(_facts(files)))
    return Reading(catalog, found, MappingProxyType(files), blobs)


def _plus(known: Mapping[K, V], more: Mapping[K, V]) -> dict[K, V]:
    """Return a copy with more in it; of a dictionary no key is hashed anew."""
    copied = known.copy() if isinstance(known, dict | MappingProxyType) else dict(known)
    copied.update(more)
    return copied


def _facts(files: Mapping[str, ReadFile]) -> dict[str, FileFacts]:
    return {path: each.facts for path, each in files.items()}


def _amended(
    blobs: Mapping[str, str], new: Mapping[str, ReadFile], former: Reading
) -> Reading | None:
    """Return the reading where only what is new can be wrong; None where that is not sure."""
    if former.diagnostics or not former.files.keys() <= blobs.keys():
        return None
    before = former.census or census(_facts(former.files))
    old = {path: former.files[path].facts for path in new if path in former.files}
    checked = recheck(before, old, _facts(new)) if before is not None else None
    if checked is None:
        return None
    findings, right = checked
    files = _plus(former.files, new)
    if len(files) > len(former.files):
        files = dict(sorted(files.items()))
    changed = [document for each in new.values() for document in each.manifest.documents]
    catalog = former.catalog.amended(changed, digest=_digest(files))
    found = _told(new, files, findings)
    return Reading(catalog, found, MappingProxyType(files), blobs, None if found else right)


def _told(
    looked_at: Mapping[str, ReadFile], files: Mapping[str, ReadFile], findings: Iterable[Finding]
) -> tuple[Diagnostic, ...]:
    """Return the problems of some files, alone and together, in reading order."""
    alone = [found for each in looked_at.values() for found in each.manifest.diagnostics]
    together = [_placed(finding, files[finding.path].manifest) for finding in findings]
    return tuple(in_reading_order([*alone, *together]))


def _read(path: str, blob: str, data: bytes, schemas: Schemas) -> ReadFile:
    manifest = read_manifest(path, data, schemas=schemas, folder=FOLDER)
    return ReadFile(blob, manifest, facts_of(manifest, schemas), f"{blob} {path}\n")


def _documents(files: Iterable[ReadFile]) -> Mapping[Ref, Document]:
    found: dict[Ref, Document] = {}
    for each in files:
        for document in each.manifest.documents:
            found.setdefault(document.ref, document)
    return MappingProxyType(found)


def _digest(files: Mapping[str, ReadFile]) -> str:
    """Return the digest of files that are in the order of their paths."""
    return sha256(
        "".join([each.line for each in files.values()]).encode("utf-8", "surrogateescape")
    ).hexdigest()


def _placed(finding: Finding, manifest: Manifest) -> Diagnostic:
    drafts = [each.draft for each in manifest.documents]
    drafts += [each.draft for each in manifest.broken]
    places = (
        draft.locate(finding.pointer) for draft in drafts if draft.chunk.number == finding.number
    )
    return finding.diagnostic(next(places, Position(finding.path)))
