"""Assets of other repositories: what is taken along, and the lock that pins it."""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from re import compile as pattern
from typing import Any, Final, NamedTuple

from courier.errors import Misconfigured
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.manifest import Document, Schemas
from courier.planning.documents.references import Ref, references
from courier.resources.names import BUILTIN_NAMES

SHARED_KINDS: Final = (
    "Persona",
    "Context",
    "Skill",
    "Command",
    "Script",
    "Agent",
    "Template",
    "Workflow",
)
"""Kinds that may come from another repository."""

LOCK: Final = ".courier/courier.lock"
"""The file that pins them."""

LOCK_VERSION: Final = 1

_VERSION: Final = pattern(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})")


class Semver(NamedTuple):
    """A version of three numbers."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return ".".join(map(str, self))


@dataclass(frozen=True, slots=True)
class Locked:
    """One asset as it was taken.

    Attributes:
        source: The repository, for git.
        version: What was asked for: a published version, a branch or a commit.
        commit: The commit it was taken from.
        files: Path to the sha256 of its content.
        brought_by: The asset that stands on it and brought it along; None where it was asked for.
    """

    ref: Ref
    source: str
    version: str
    commit: str
    files: Mapping[str, str]
    brought_by: str | None = None


def parse_version(text: str) -> Semver | None:
    """Return three numbers with dots as a version, with or without a ``v``; None for others."""
    found = _VERSION.fullmatch(text)
    return Semver(*map(int, found.groups())) if found else None


def tag_of(ref: Ref, version: Semver) -> str:
    """Return the tag that publishes an asset, e.g. ``courier/skill/review/v1.2.0``."""
    return f"{tag_prefix(ref)}v{version}"


def tag_prefix(ref: Ref) -> str:
    """Return what the tags of an asset begin with."""
    return f"courier/{ref.kind.lower()}/{ref.name}/"


def published(ref: Ref, tags: Mapping[str, str]) -> Mapping[Semver, str]:
    """Return version to commit of an asset, the newest first, from tag to commit."""
    prefix = tag_prefix(ref)
    found = {
        version: commit
        for tag, commit in tags.items()
        if tag.startswith(prefix) and (version := parse_version(tag.removeprefix(prefix)))
    }
    return dict(sorted(found.items(), reverse=True))


def users_of(catalog: Catalog, wanted: Ref, schemas: Schemas) -> Iterator[tuple[Document, Any]]:
    """Yield every document that names a thing, with the pointer to where it does."""
    for ref in sorted(catalog.documents):
        document = catalog.documents[ref]
        for pointer, kinds, name in references(document.value, schemas.of(ref.kind).references):
            if name == wanted.name and wanted.kind in kinds:
                yield document, pointer


def taken_along(
    catalog: Catalog, wanted: Ref, schemas: Schemas, *, present: Container[Ref]
) -> Sequence[Ref]:
    """Return an asset and whatever it stands on that is not there yet, each once.

    Raises:
        Misconfigured: If it stands on what cannot be shared.
    """
    found: dict[Ref, None] = {wanted: None}
    waiting = [wanted]
    while waiting:
        document = catalog.documents[waiting.pop()]
        if "project" in document.value["metadata"]:
            raise Misconfigured(
                f"{document.ref} belongs to a project of its repository and cannot be shared.",
                detail=str(document.position(("metadata", "project"))),
            )
        for needed in _needs(catalog, document, schemas):
            if needed not in found and needed not in present:
                found[needed] = None
                waiting.append(needed)
    return tuple(found)


def _needs(catalog: Catalog, document: Document, schemas: Schemas) -> Iterator[Ref]:
    for pointer, kinds, name in references(
        document.value, schemas.of(document.ref.kind).references
    ):
        known = [Ref(kind, name) for kind in kinds if Ref(kind, name) in catalog.documents]
        if not known and any(name in BUILTIN_NAMES.get(kind, ()) for kind in kinds):
            continue
        for needed in known:
            if needed.kind not in SHARED_KINDS:
                raise Misconfigured(
                    f"{document.ref} names {needed}, which cannot be shared.",
                    detail=str(document.position(pointer)),
                )
            yield needed


def write_lock(assets: Sequence[Locked]) -> str:
    """Return the lock's text: JSON, the same for the same assets."""
    told = [
        {
            "asset": f"{each.ref.kind}/{each.ref.name}",
            "source": each.source,
            "version": each.version,
            "commit": each.commit,
            "broughtBy": each.brought_by,
            "files": dict(sorted(each.files.items())),
        }
        for each in sorted(assets, key=lambda each: each.ref)
    ]
    return json.dumps({"lockVersion": LOCK_VERSION, "assets": told}, indent=2) + "\n"


def read_lock(text: str) -> Sequence[Locked]:
    """Return what a lock pins.

    Raises:
        Misconfigured: If it cannot be read.
    """
    try:
        told = json.loads(text)
        if told["lockVersion"] != LOCK_VERSION:
            raise ValueError(f"its version is {told['lockVersion']}, not {LOCK_VERSION}")
        return [_locked(each) for each in told["assets"]]
    except (ValueError, KeyError, TypeError, AttributeError) as broken:
        raise Misconfigured(
            f"{LOCK} cannot be read.",
            detail=f"{type(broken).__name__}: {broken}",
            next_step="Take it back from git, and change it only with `courier asset`.",
        ) from broken


def changed(locked: Locked, files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield a sentence for every file of an asset that is not as it was taken."""
    for path, digest in locked.files.items():
        if path not in files:
            yield f"{path} is gone"
        elif sha256(files[path]).hexdigest() != digest:
            yield f"{path} was changed"


def _locked(told: Mapping[str, Any]) -> Locked:
    kind, _, name = str(told["asset"]).partition("/")
    return Locked(
        ref=Ref(kind, name),
        source=str(told["source"]),
        version=str(told["version"]),
        commit=str(told["commit"]),
        files={str(path): str(digest) for path, digest in told["files"].items()},
        brought_by=told["broughtBy"],
    )
