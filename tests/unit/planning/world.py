"""Builders of small catalogs and observations, made of plain values."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from courier.diagnostics import Position
from courier.planning.lookup import Ref
from courier.planning.observed import InFlight, Observed, ObservedRun, fold
from courier.planning.plan import Plan
from courier.planning.planner import plan
from courier.resources.envelope import Resource
from courier.resources.kinds import read_resource

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DRIVERS = frozenset({"claude", "shell"})
COMMIT = "1a2b3c4d5e6f7081920a1b2c3d4e5f6071829304"

Json = dict[str, object]


@dataclass(frozen=True)
class PlainDocument:
    """A document without a file."""

    value: Mapping[str, object]
    digest: str
    file: str

    def position(self, pointer: Sequence[str | int]) -> Position:
        return Position(self.file, 1 + len(pointer))


@dataclass(frozen=True)
class PlainCatalog:
    """A catalog of documents given as plain values; keeps count of the resources it made."""

    documents: Mapping[Ref, PlainDocument]
    made: list[Ref] = field(default_factory=list, compare=False)

    @property
    def digest(self) -> str:
        told = sorted((ref, document.digest) for ref, document in self.documents.items())
        return sha256(repr(told).encode()).hexdigest()

    def of_kind(self, kind: str) -> Iterable[Ref]:
        return [ref for ref in self.documents if ref.kind == kind]

    def project_of(self, ref: Ref) -> Ref | None:
        metadata = self.documents[ref].value["metadata"]
        assert isinstance(metadata, dict)
        named = metadata.get("project")
        return Ref("Project", named) if named else next(iter(self.of_kind("Project")), None)

    def resource(self, ref: Ref) -> Resource:
        self.made.append(ref)
        return read_resource(self.documents[ref].value)


def document(kind: str, name: str, spec: Mapping[str, object]) -> Json:
    return {
        "apiVersion": "courier/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def catalog(*documents: Json) -> PlainCatalog:
    found = {}
    for value in documents:
        metadata = value["metadata"]
        assert isinstance(metadata, dict)
        ref = Ref(str(value["kind"]), metadata["name"])
        digest = sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
        found[ref] = PlainDocument(value, digest, f".courier/{ref.kind}-{ref.name}.yaml".lower())
    return PlainCatalog(found)


def project(**spec: object) -> Json:
    return document("Project", "demo", spec)


def workflow(name: str = "fix", **spec: object) -> Json:
    return document("Workflow", name, {"type": "designerChecker"} | spec)


def run(name: str = "fix-auth", **spec: object) -> Json:
    return document("Run", name, {"workflow": "fix", "prompt": "Fix the login."} | spec)


def observed(
    *records: ObservedRun,
    flying: Iterable[InFlight] = (),
    pull_requests: Mapping[str, str] | None = None,
    branches: Mapping[str, str] | None = None,
    repository: str = "https://example.test/acme/shop.git",
) -> Observed:
    return Observed(
        branch="main",
        commit=COMMIT,
        repository=repository,
        records=fold(records),
        in_flight={one.run: one for one in flying},
        pull_requests=pull_requests or {},
        branches=branches or {},
    )


def planned(*documents: Json, seen: Observed | None = None) -> Plan:
    return plan(catalog(*documents), seen or observed(), now=NOW, drivers=DRIVERS)
