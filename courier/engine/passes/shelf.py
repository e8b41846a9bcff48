"""The shelf: assets of another repository, published there under versions of their own."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from courier.diagnostics import has_errors
from courier.engine.desired.desired import FOLDER
from courier.engine.passes.preview import read_commit
from courier.errors import Conflict, InvalidCatalog, Misconfigured, NotFound
from courier.planning.asked.library import AssetFile, readable
from courier.planning.catalog.catalog import Reading
from courier.planning.catalog.sharing import (
    Locked,
    Semver,
    parse_version,
    published,
    tag_of,
    tag_prefix,
    taken_along,
)
from courier.planning.documents.manifest import Document, Schemas
from courier.planning.documents.references import Ref
from courier.ports.repository import Repository
from courier.ports.tags import Tags
from courier.resources.front_matter import MARKDOWN_FOLDERS

_FOLDERS: Final = {kind: folder for folder, kind in MARKDOWN_FOLDERS.items()}
_EXECUTABLE: Final = "executable"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A version of an asset: what it is called, and the commit it is."""

    name: str
    commit: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is taken from a shelf.

    Attributes:
        assets: The pins, the asset that was asked for first.
        files: Path to content and whether it is executable.
    """

    assets: tuple[Locked, ...]
    files: Mapping[str, tuple[bytes, bool]]


class Shelf:
    """The assets of one repository.

    Args:
        repository: An open mirror of it.
        tags: The tags of its remote.
        source: Where it is, for git.
        schemas: What its documents are held against.
    """

    def __init__(self, repository: Repository, tags: Tags, source: str, schemas: Schemas) -> None:
        self._repository = repository
        self._tags = tags
        self._source = source
        self._schemas = schemas
        self._is_fetched = False

    async def versions(self, ref: Ref) -> Mapping[Semver, str]:
        """Return version to commit of what is published, the newest first."""
        return published(ref, await self._tags.beginning(tag_prefix(ref)))

    async def choose(self, ref: Ref, wanted: str | None) -> Chosen:
        """Return the version that is meant.

        Args:
            ref: The asset.
            wanted: A published version, a branch or a commit; None for the newest published one
                or, where none is, the default branch.

        Raises:
            NotFound: If there is no such version.
        """
        if not self._is_fetched:
            await self._repository.fetch()
            self._is_fetched = True
        versions = await self.versions(ref)
        if wanted is None and versions:
            newest = next(iter(versions))
            return Chosen(str(newest), await self._fetched(ref, newest))
        number = parse_version(wanted or "")
        if number is not None:
            if number not in versions:
                told = ", ".join(map(str, versions)) or "none"
                raise NotFound(f"{ref} has no version {number}.", detail=f"Published: {told}.")
            return Chosen(str(number), await self._fetched(ref, number))
        return await self._unpublished(wanted)

    async def take(self, ref: Ref, chosen: Chosen, *, present: Container[Ref]) -> Parcel:
        """Return an asset with everything it stands on that is not present yet.

        Raises:
            NotFound: If the repository has no such asset there.
            InvalidCatalog: If its documents have errors.
            Misconfigured: If the asset cannot be shared.
        """
        reading = await self._reading(chosen.commit)
        if ref not in reading.catalog.documents:
            raise NotFound(
                f"{self._source} has no {ref} at {chosen.name}.",
                next_step=f"Look there for: {self._offered(reading, ref.kind)}",
            )
        refs = taken_along(reading.catalog, ref, self._schemas, present=present)
        assets: list[Locked] = []
        files: dict[str, tuple[bytes, bool]] = {}
        for each in refs:
            found = await self._files(reading.catalog.documents[each], chosen.commit)
            files |= found
            digests = {path: sha256(content).hexdigest() for path, (content, _) in found.items()}
            brought_by = None if each == ref else str(ref)
            pin = (self._source, chosen.name, chosen.commit, digests, brought_by)
            assets.append(Locked(each, *pin))
        return Parcel(tuple(assets), files)

    async def publish(self, ref: Ref, version: Semver) -> str:
        """Publish an asset as the default branch has it; return the tag.

        Raises:
            NotFound: If it is not there.
            Conflict: If the version, or a later one, is published already.
            Misconfigured: If it cannot be shared.
        """
        await self._repository.fetch()
        head = await self._repository.head()
        reading = await self._reading(head.commit)
        if ref not in reading.catalog.documents:
            raise NotFound(f"{ref} is not on {head.branch}.", next_step="Commit and push it first.")
        taken_along(reading.catalog, ref, self._schemas, present=())
        newest = next(iter(await self.versions(ref)), None)
        if newest is not None and newest >= version:
            raise Conflict(
                f"{ref} {newest} is published already.",
                next_step="A published version never changes; choose a higher one.",
            )
        tag = tag_of(ref, version)
        await self._tags.make(tag, head.commit)
        return tag

    async def _fetched(self, ref: Ref, version: Semver) -> str:
        return await self._tags.fetch(tag_of(ref, version))

    async def _unpublished(self, wanted: str | None) -> Chosen:
        if wanted is not None and (commit := await self._repository.find_commit(wanted)):
            return Chosen(commit, commit)
        head = await self._repository.head(wanted)
        return Chosen(head.branch, head.commit)

    async def _reading(self, commit: str) -> Reading:
        reading = await read_commit(self._repository, commit, self._schemas)
        if has_errors(reading.diagnostics):
            raise InvalidCatalog(reading.diagnostics, elsewhere=f"{self._source} at {commit[:10]}")
        return reading

    async def _files(self, document: Document, commit: str) -> dict[str, tuple[bytes, bool]]:
        if document.draft.prose is not None and document.ref.kind == "Skill":
            folder = document.path.rpartition("/")[0]
            found = await self._repository.assets(commit, folder)
            _refuse(document, found)
            home = f"{FOLDER}/{_FOLDERS[document.ref.kind]}/{document.ref.name}"
            return {
                f"{home}/{file.path}": (file.content or b"", file.kind == _EXECUTABLE)
                for file in found
            }
        if document.draft.prose is not None:
            (whole,) = await self._repository.assets(commit, document.path)
            folder = _FOLDERS[document.ref.kind]
            return {f".courier/{folder}/{document.ref.name}.md": (whole.content or b"", False)}
        return await self._yaml(document, commit)

    async def _yaml(self, document: Document, commit: str) -> dict[str, tuple[bytes, bool]]:
        folder = f"{document.ref.kind.lower()}s"
        text = document.draft.chunk.text.strip("\n") + "\n"
        files = {f".courier/{folder}/{document.ref.name}.yaml": (text.encode(), False)}
        script = document.value["spec"].get("file") if document.ref.kind == "Script" else None
        if script is not None:
            found = await self._repository.assets(commit, script)
            if not script.startswith(FOLDER) or len(found) != 1 or found[0].content is None:
                raise Misconfigured(
                    f"{document.ref} cannot be shared.",
                    detail=f"Its file {script} is not one file below `{FOLDER}/`.",
                )
            files[script] = (found[0].content, found[0].kind == _EXECUTABLE)
        return files

    def _offered(self, reading: Reading, kind: str) -> str:
        return ", ".join(ref.name for ref in reading.catalog.of_kind(kind)) or f"no {kind} is there"


def _refuse(document: Document, files: Sequence[AssetFile]) -> None:
    unfit = [file.path for file in files if file.kind not in ("file", _EXECUTABLE)]
    if unfit or not readable(files):
        told = f"Not files: {', '.join(unfit)}." if unfit else "It is too large."
        raise Misconfigured(f"{document.ref} cannot be shared.", detail=told)
