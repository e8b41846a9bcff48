"""What the rules across documents need of one file, small enough to keep for every blob.

Facts are plain tuples, so that a cache can hold them without loading any class.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from sys import intern
from typing import Any

from courier.planning.documents.lacking import ABLE, needs_others, wishes
from courier.planning.documents.manifest import Broken, Manifest, Schemas
from courier.planning.documents.references import Naming, Paths, Pointer, references
from courier.resources.capabilities import described_features

Named = tuple[str, str]
"""Kind and name."""

Claim = tuple[Pointer, Named, str]
"""A name that must be a part of another document: where, of which document, the name.

A Template's parts are the agents it says to contain, an Agent's the features it has, built in or
described; a Command has part `SLASH` if agents are to expand it."""

SLASH = "slash"

Role = tuple[str | None, str | None, bool]
"""A step's type, or else the persona that has one, and whether it has a loop of its own."""

Roles = tuple[str, bool, tuple[Role, ...]]
"""A workflow's type, whether it has candidates, and its steps as they are written."""

OFF = "off"
"""The second part of a Persona that is not enabled; the first is its type."""

Parts = tuple[str, ...] | None
"""Names a document gives to parts of it; None where they cannot be relied on."""

DocumentFacts = tuple[str, str, int, tuple[Naming, ...], Parts, tuple[Claim, ...], Roles | None]
"""Kind, name, number in the file, references, own parts, claims, roles of written steps.

The name of a refused document is empty where its metadata are at fault.
"""

FileFacts = tuple[tuple[DocumentFacts, ...], tuple[DocumentFacts, ...], tuple[Named, ...]]
"""The valid documents of a file, the refused ones, and what others in it may be."""

_AGENT = ("Agent",)
_DEFAULT_STEPS = {"designerChecker": ("design", "check")}


def facts_of(manifest: Manifest, schemas: Schemas) -> FileFacts:
    """Return the facts of one file."""
    documents = tuple(
        document_facts(each.value, schemas.of(each.ref.kind).references, each.draft.chunk.number)
        for each in manifest.documents
    )
    broken = tuple(
        _broken_facts(each, schemas.of(each.kind).references) for each in manifest.broken
    )
    return documents, broken, tuple((ref.kind, ref.name) for ref in manifest.guesses)


def unread_facts(path: str) -> FileFacts:
    """Return the facts of a file that cannot be read, by its path below ``.courier/``."""
    from courier.planning.documents.guesses import guesses_of

    return (), (), tuple((kind, name) for kind, name in guesses_of(path, (), b"", ()))


def document_facts(value: Mapping[str, Any], paths: Paths, number: int = 0) -> DocumentFacts:
    """Return the facts of one valid document.

    Args:
        value: What it says.
        paths: Where documents of its kind name others.
        number: Its place in its file, from 0.
    """
    kind = intern(value["kind"])
    find = _FINDERS.get(kind)
    parts, claims, roles = find(value["spec"]) if find else ((), (), None)
    named = tuple(references(value, paths))
    for _, kinds, name in named:
        if kinds == _AGENT and name not in ABLE:
            claims = (*claims, *_wished(value))
            break
    return kind, value["metadata"]["name"], number, named, parts, claims, roles


def _wished(value: Mapping[str, Any]) -> Iterator[Claim]:
    for wish in wishes(value):
        if needs_others(wish):
            yield wish.pointer, ("Agent", wish.agent), wish.feature


def _broken_facts(broken: Broken, paths: Paths) -> DocumentFacts:
    from courier.planning.documents.blame import is_blamed

    value: Any = broken.draft.value
    blamed = broken.objections
    find = _FINDERS.get(broken.kind)
    claims: tuple[Claim, ...] = ()
    if find:
        with suppress(AttributeError, KeyError, TypeError):
            claims = find(value["spec"])[1]
    return (
        broken.kind,
        value["metadata"]["name"] if broken.is_named else "",
        broken.draft.chunk.number,
        tuple(each for each in references(value, paths) if not is_blamed(blamed, each[0])),
        None,
        tuple(each for each in claims if _is_text(each) and not is_blamed(blamed, each[0])),
        None,  # Steps with a mistake are not judged by what they do for each other.
    )


def _is_text(claim: Claim) -> bool:
    _, (_, owner), part = claim
    return isinstance(owner, str) and isinstance(part, str)


def _workflow(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    type_ = spec.get("type", "single")
    steps = spec.get("steps") or ()
    # Lists are made faster than what is yielded one by one.
    parts = tuple([step["name"] for step in steps]) or _DEFAULT_STEPS.get(type_, ("design",))
    roles = tuple([(step.get("type"), step.get("persona"), "loop" in step) for step in steps])
    return parts, tuple(_agents(spec)), (type_, "candidates" in spec, roles) if roles else None


def _project(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    return (), tuple(_agent(spec, ("spec",))), None


def _template(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    return tuple(spec.get("agents") or ()), (), None


def _described(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    return tuple(sorted(set(described_features(spec)))), (), None


def _command(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    is_slash = "prompt" in spec and spec.get("enabled", True)
    return (SLASH,) if is_slash else (), (), None


def _agents(spec: dict[str, Any]) -> Iterator[Claim]:
    """Yield the agents of a workflow that its templates must contain."""
    yield from _agent(spec, ("spec",))
    for at, step in enumerate(spec.get("steps") or ()):
        own = step.get("sandbox") or {}
        if "agent" not in step and "template" not in own:
            continue
        agent, template = step.get("agent"), own.get("template")
        if agent is None and step.get("persona") is None and "run" not in step:
            agent = spec.get("agent")
        if template is None:
            template = (spec.get("sandbox") or {}).get("template")
        if agent and template and agent != "shell":
            key = "agent" if "agent" in step else "sandbox"
            yield ("spec", "steps", at, key), ("Template", template), agent


def _agent(spec: dict[str, Any], pointer: Pointer) -> Iterator[Claim]:
    agent = spec.get("agent")
    template = (spec.get("sandbox") or {}).get("template")
    if agent and template and agent != "shell":
        yield (*pointer, "agent"), ("Template", template), agent


def _persona(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    return (spec["type"], *(() if spec.get("enabled", True) else (OFF,))), (), None


def _sprint_plan(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    return tuple(sprint["name"] for sprint in spec["sprints"]), (), None


def _run(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    target = ("Workflow", spec["workflow"])
    overrides = spec.get("overrides", ())
    claims = [(("spec", "overrides", step), target, step) for step in overrides]
    return (), (*claims, *_agent(spec, ("spec",))), None


def _sprint_chain(spec: dict[str, Any]) -> tuple[Any, Any, Any]:
    return (), tuple(_sprint_claims(spec)), None


def _sprint_claims(spec: dict[str, Any]) -> Iterator[Claim]:
    target = ("SprintPlan", spec["plan"])
    for end, sprint in (spec.get("range") or {}).items():
        yield ("spec", "range", end), target, sprint
    if "resumeFrom" in spec:
        yield ("spec", "resumeFrom"), target, spec["resumeFrom"]


_FINDERS = {
    "Agent": _described,
    "Command": _command,
    "Workflow": _workflow,
    "Persona": _persona,
    "Project": _project,
    "Template": _template,
    "SprintPlan": _sprint_plan,
    "Run": _run,
    "SprintChain": _sprint_chain,
}
