"""Rules across documents: unique names, references that lead somewhere, parts that exist."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from courier.diagnostics import Diagnostic, Position, Severity
from courier.planning.facts import OFF, Claim, DocumentFacts, FileFacts, Named, Role
from courier.planning.pipelines import Player, problems
from courier.planning.problems import either, quoted, suggestion
from courier.planning.references import Naming, Pointer
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
    severity: Severity = Severity.ERROR

    def diagnostic(self, at: Position) -> Diagnostic:
        """Return the problem at its place."""
        return Diagnostic(self.severity, self.code, self.summary, self.detail, at)


class _Known(NamedTuple):
    """Every name there is: documents with where they are, and all names to refer to.

    Attributes:
        judged: What was said of the roles of a workflow, since many workflows have the same.
    """

    documents: dict[Named, tuple[str, DocumentFacts]]
    names: set[Named]
    judged: dict[object, tuple[Any, ...]]

    def of_kind(self, kind: str) -> list[str]:
        """Return every name of a kind."""
        return sorted(name for each, name in self.names if each == kind)


def crosscheck(files: Mapping[str, FileFacts]) -> list[Finding]:
    """Return what is wrong between documents.

    Args:
        files: The facts of every file by its path.
    """
    ordered = sorted(files.items())
    builtin = {(kind, name) for kind, names in BUILTIN_NAMES.items() for name in names}
    known = _Known({}, builtin, {})
    findings = [
        found
        for path, (documents, _) in ordered
        for facts in documents
        if (found := _taken(path, facts, known))
    ]
    known.names.update(known.documents)
    known.names.update(named for _, (_, broken) in ordered for named in broken)
    projects = known.of_kind("Project")
    for path, (documents, _) in ordered:
        for facts in documents:
            if _may_be_wrong(facts, known.names):
                findings += _leads(path, facts, known)
            if len(projects) != 1 and facts[0] in _STARTS_WORK:
                findings += _belongs(path, facts, projects)
    return findings


def _taken(path: str, facts: DocumentFacts, known: _Known) -> Finding | None:
    named, here = facts[:2], (path, facts)
    first = known.documents.setdefault(named, here)
    if named in known.names:
        detail = f"{named[0]} {quoted(named[1])} is built in. Choose another name."
    elif first is not here:
        detail = f"{named[0]} {quoted(named[1])} is already in {first[0]}. Rename or remove one."
    else:
        return None
    at: Pointer = ("metadata", "name")
    return Finding(path, facts[2], at, "DuplicateName", "Name already taken", detail)


def _may_be_wrong(facts: DocumentFacts, names: set[Named]) -> bool:
    """Return quickly whether a document needs a closer look; most do not."""
    for _, kinds, name in facts[3]:
        if (kinds[0], name) not in names or len(kinds) != 1:
            return True
    return bool(facts[5] or facts[6])


def _leads(path: str, facts: DocumentFacts, known: _Known) -> Iterator[Finding]:
    _, _, number, namings, _, claims, roles = facts
    for naming in namings:
        _, kinds, name = naming
        if len(kinds) != 1 or (kinds[0], name) not in known.names:
            yield from _led_astray(path, number, naming, known)
    for claim in claims:
        yield from _claimed(path, number, claim, known)
    if roles is not None:
        if roles not in known.judged:
            said = problems(*roles, find=lambda role: _player(role, known))
            known.judged[roles] = tuple(said)
        for found in known.judged[roles]:
            yield Finding(path, number, *found)


def _led_astray(path: str, number: int, naming: Naming, known: _Known) -> Iterator[Finding]:
    pointer, kinds, name = naming
    found = [kind for kind in kinds if (kind, name) in known.names]
    if len(found) > 1:
        detail = f"{quoted(name)} is the name of a {' and of a '.join(found)}. Rename one of them."
        yield Finding(path, number, pointer, "AmbiguousReference", "Ambiguous name", detail)
    elif not found:
        hint = suggestion(name, [each for kind in kinds for each in known.of_kind(kind)])
        detail = f"There is no {either(kinds)} {quoted(name)}.{hint or ' Add it, or name another.'}"
        yield Finding(path, number, pointer, "UnknownReference", "Unknown name", detail)


def _claimed(path: str, number: int, claim: Claim, known: _Known) -> Iterator[Finding]:
    pointer, (kind, owner), part = claim
    _, target = known.documents.get((kind, owner), ("", None))
    if target is None or part in target[4]:
        return
    word = "step" if kind == "Workflow" else "sprint"
    hint = suggestion(part, target[4]) or f" It has {either(target[4])}."
    detail = f"{kind} {quoted(owner)} has no {word} {quoted(part)}.{hint}"
    code, summary = f"Unknown{word.capitalize()}", f"Unknown {word}"
    yield Finding(path, number, pointer, code, summary, detail)


def _player(role: Role, known: _Known) -> Player:
    type_, persona, loops = role
    if persona is None:
        return Player(type_, loops=loops)
    _, found = known.documents.get(("Persona", persona), ("", None))
    told = found[4] if found else (None,)
    return Player(told[0], enabled=OFF not in told, loops=loops)


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
