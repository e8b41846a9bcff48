"""Builders of small catalogs, read from real YAML, and of observations."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import yaml

from courier.planning.catalog.catalog import Catalog, Reading, read_catalog
from courier.planning.documents.manifest import Schemas
from courier.planning.observed.observed import InFlight, Observed, ObservedRun, fold
from courier.planning.plan import Plan
from courier.planning.planner import plan
from courier.resources.schema import schema_name

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DRIVERS = frozenset({"claude", "shell"})
COMMIT = "1a2b3c4d5e6f7081920a1b2c3d4e5f6071829304"

Json = dict[str, object]


def _schema(kind: str) -> bytes:
    return (Path(__file__).parents[3] / "schemas" / schema_name(kind)).read_bytes()


SCHEMAS = Schemas(_schema)


def document(kind: str, name: str, spec: Mapping[str, object]) -> Json:
    return {
        "apiVersion": "courier/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def reading(*documents: Json, former: Reading | None = None) -> Reading:
    """Return what is read of a folder that holds each document in a file of its own."""
    contents = {path(value): _yaml(value) for value in documents}
    blobs = {path: sha256(content).hexdigest() for path, content in contents.items()}
    return read_catalog(blobs, contents, schemas=SCHEMAS, former=former)


def _yaml(value: Json) -> bytes:
    return yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False).encode()


def catalog(*documents: Json) -> Catalog:
    """Return the catalog of documents that are valid, each alone."""
    found = reading(*documents)
    assert len(found.catalog.documents) == len(documents), found.diagnostics
    return found.catalog


def path(value: Json) -> str:
    metadata = value["metadata"]
    assert isinstance(metadata, dict)
    return f".courier/{value['kind']}-{metadata['name']}.yaml".lower()


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
