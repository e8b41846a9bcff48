"""What the rules across documents need of one file, small enough to keep for every blob.

Facts are plain tuples, so that a cache can hold them without loading any class.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from courier.planning.manifest import Manifest, Schemas
from courier.planning.references import Naming, Paths, Pointer, references

Named = tuple[str, str]
"""Kind and name."""

Claim = tuple[Pointer, Named, str]
"""A name that must be a part of another document: where, of which document, the name."""

Role = tuple[str | None, str | None, bool]
"""A step's type, or else the persona that has one, and whether it has a loop of its own."""

Roles = tuple[str, tuple[Role, ...]]
"""A workflow's type, and its steps as they are written."""

OFF = "off"
"""The second part of a Persona that is not enabled; the first is its type."""

DocumentFacts = tuple[
    str, str, int, tuple[Naming, ...], tuple[str, ...], tuple[Claim, ...], Roles | None
]
"""Kind, name, number in the file, references, own parts, claims, roles of written steps."""

FileFacts = tuple[tuple[DocumentFacts, ...], tuple[Named, ...]]
"""The valid documents of a file, and the names of the broken ones."""

_DEFAULT_STEPS = {"designerChecker": ("design", "check")}


def facts_of(manifest: Manifest, schemas: Schemas) -> FileFacts:
    """Return the facts of one file."""
    documents = tuple(
        document_facts(each.value, schemas.of(each.ref.kind).references, each.draft.chunk.number)
        for each in manifest.documents
    )
    return documents, tuple((ref.kind, ref.name) for ref in manifest.broken)


def document_facts(value: Mapping[str, Any], paths: Paths, number: int = 0) -> DocumentFacts:
    """Return the facts of one valid document.

    Args:
        value: What it says.
        paths: Where documents of its kind name others.
        number: Its place in its file, from 0.
    """
    kind = value["kind"]
    find = _FINDERS.get(kind)
    parts, claims, roles = find(value["spec"]) if find else ((), (), None)
    named = tuple(references(value, paths))
    return kind, value["metadata"]["name"], number, named, parts, claims, roles


def _workflow(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    type_ = spec.get("type", "single")
    steps = spec.get("steps") or ()
    parts = tuple(step["name"] for step in steps) or _DEFAULT_STEPS.get(type_, ("design",))
    roles = tuple((step.get("type"), step.get("persona"), "loop" in step) for step in steps)
    return parts, (), (type_, roles) if roles else None


def _persona(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    return (spec["type"], *(() if spec.get("enabled", True) else (OFF,))), (), None


def _sprint_plan(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    return tuple(sprint["name"] for sprint in spec["sprints"]), (), None


def _run(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    target = ("Workflow", spec["workflow"])
    overrides = spec.get("overrides", ())
    return (), tuple((("spec", "overrides", step), target, step) for step in overrides), None


def _sprint_chain(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    return (), tuple(_sprint_claims(spec)), None


def _sprint_claims(spec: dict[str, Any]) -> Iterator[Claim]:
    target = ("SprintPlan", spec["plan"])
    for end, sprint in (spec.get("range") or {}).items():
        yield ("spec", "range", end), target, sprint
    if "resumeFrom" in spec:
        yield ("spec", "resumeFrom"), target, spec["resumeFrom"]


_FINDERS = {
    "Workflow": _workflow,
    "Persona": _persona,
    "SprintPlan": _sprint_plan,
    "Run": _run,
    "SprintChain": _sprint_chain,
}
