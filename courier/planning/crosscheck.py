"""Rules across documents: unique names, references that lead somewhere, parts that exist."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from courier.planning.facts import Claim, DocumentFacts, FileFacts, Named, Naming
from courier.planning.problems import either, quoted, suggestion
from courier.planning.references import Pointer
from courier.resources.names import BUILTIN_NAMES

_STARTS_WORK = frozenset(
    {
        "Run",
        "RecurringTask",
        "SprintChain",
        "WorkChain",
        "IssueScan",
        "AnsweringSession",
        "Merge",
        "Sandbox",
    }
)
_PROJECT: Pointer = ("metadata", "project")


class Finding(NamedTuple):
    """A problem whose place is still a pointer: most catalogs have none to look up."""

    path: str
    number: int
    pointer: Pointer
    code: str
    summary: str
    detail: str


class _Known(NamedTuple):
    places: dict[Named, str]
    broken: frozenset[Named]
    documents: dict[Named, DocumentFacts]

    def has(self, named: Named) -> bool:
        """Return whether such a document exists, be it broken or built in."""
        kind, name = named
        return (
            named in self.documents or named in self.broken or name in BUILTIN_NAMES.get(kind, ())
        )

    def names(self, kind: str) -> list[str]:
        """Return every name of a kind."""
        found = [name for each, name in (*self.documents, *self.broken) if each == kind]
        return [*found, *BUILTIN_NAMES.get(kind, ())]


def crosscheck(files: Mapping[str, FileFacts]) -> list[Finding]:
    """Return what is wrong between documents.

    Args:
        files: The facts of every file by its path.
    """
    known = _Known({}, frozenset(named for _, broken in files.values() for named in broken), {})
    findings: list[Finding] = []
    for path in sorted(files):
        for facts in files[path][0]:
            findings += _defined(path, facts, known)
    projects = sorted(set(known.names("Project")))
    for path in sorted(files):
        for facts in files[path][0]:
            findings += _leads(path, facts, known)
            if facts[0] in _STARTS_WORK and len(projects) != 1:
                findings += _belongs(path, facts, projects)
    return findings


def _defined(path: str, facts: DocumentFacts, known: _Known) -> Iterator[Finding]:
    kind, name, number, *_ = facts
    named = kind, name
    if named in known.places:
        detail = (
            f"{kind} {quoted(name)} is already in {known.places[named]}. "
            "Rename or remove one of them."
        )
        at: Pointer = ("metadata", "name")
        yield Finding(path, number, at, "DuplicateName", "Name already taken", detail)
    elif name in BUILTIN_NAMES.get(kind, ()):
        detail = f"{kind} {quoted(name)} is built in. Choose another name."
        at = ("metadata", "name")
        yield Finding(path, number, at, "DuplicateName", "Name already taken", detail)
    else:
        known.places[named] = path
        known.documents[named] = facts


def _leads(path: str, facts: DocumentFacts, known: _Known) -> Iterator[Finding]:
    _, _, number, namings, _, claims, roles = facts
    documents = known.documents
    for naming in namings:
        _, kinds, name = naming
        if len(kinds) != 1 or (kinds[0], name) not in documents:
            yield from _led_astray(path, number, naming, known)
    for claim in claims:
        yield from _claimed(path, number, claim, known)
    if roles is not None:
        yield from _two_roles(path, facts, known)


def _led_astray(path: str, number: int, naming: Naming, known: _Known) -> Iterator[Finding]:
    pointer, kinds, name = naming
    found = [kind for kind in kinds if known.has((kind, name))]
    if len(found) > 1:
        detail = f"{quoted(name)} is the name of a {' and of a '.join(found)}. Rename one of them."
        yield Finding(path, number, pointer, "AmbiguousReference", "Ambiguous name", detail)
    elif not found:
        hint = suggestion(name, [known_name for kind in kinds for known_name in known.names(kind)])
        detail = f"There is no {either(kinds)} {quoted(name)}.{hint or ' Add it, or name another.'}"
        yield Finding(path, number, pointer, "UnknownReference", "Unknown name", detail)


def _claimed(path: str, number: int, claim: Claim, known: _Known) -> Iterator[Finding]:
    pointer, (kind, owner), part = claim
    target = known.documents.get((kind, owner))
    if target is None or part in target[4]:
        return
    word = "step" if kind == "Workflow" else "sprint"
    hint = suggestion(part, target[4]) or f" It has {either(target[4])}."
    detail = f"{kind} {quoted(owner)} has no {word} {quoted(part)}.{hint}"
    code, summary = f"Unknown{word.capitalize()}", f"Unknown {word}"
    yield Finding(path, number, pointer, code, summary, detail)


def _two_roles(path: str, facts: DocumentFacts, known: _Known) -> Iterator[Finding]:
    roles = [_role(type_, persona, known) for type_, persona in facts[6] or ()]
    if None not in roles and sorted(map(str, roles)) != ["checker", "designer"]:
        detail = (
            "A workflow of type designerChecker has one designer and one checker; "
            f"these are {' and '.join(map(str, roles))}. Change a step's type, or the workflow's."
        )
        at: Pointer = ("spec", "steps")
        summary = "Not one designer and one checker"
        yield Finding(path, facts[2], at, "WrongRoles", summary, detail)


def _role(type_: str | None, persona: str | None, known: _Known) -> str | None:
    if type_ is not None:
        return type_
    found = known.documents.get(("Persona", persona or ""))
    return found[4][0] if found else None


def _belongs(path: str, facts: DocumentFacts, projects: Iterable[str]) -> Iterator[Finding]:
    if any(pointer == _PROJECT for pointer, _, _ in facts[3]):
        return
    names = list(projects)
    detail = (
        f"There are several Projects. Say which one with `metadata.project`: {either(names)}."
        if names
        else f"A {facts[0]} needs a Project and there is none. Add one; `courier init` writes it."
    )
    at: Pointer = ("metadata",)
    yield Finding(path, facts[2], at, "ProjectMissing", "No Project chosen", detail)
