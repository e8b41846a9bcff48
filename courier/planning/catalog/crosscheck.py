"""Rules across documents: unique names, references that lead somewhere, parts that exist."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import cast

from courier.diagnostics import Severity
from courier.planning.catalog.circles import circles
from courier.planning.catalog.known import BUILTIN, Finding, Known, known_among, of_kind
from courier.planning.catalog.pipelines import Player, Problem, problems
from courier.planning.documents.facts import (
    OFF,
    SLASH,
    Claim,
    DocumentFacts,
    FileFacts,
    Named,
    Role,
    Roles,
)
from courier.planning.documents.lacking import CODE, SUMMARY, Wish, sentence
from courier.planning.documents.references import ANY_KIND, Naming, Pointer
from courier.planning.problems import either, quoted, suggestion
from courier.resources.capabilities import CAPABILITIES, Capabilities, Feature

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
_DEPENDS: Pointer = ("spec", "dependsOn")


def crosscheck(
    files: Mapping[str, FileFacts],
    *,
    only: Collection[str] | None = None,
    named: Callable[[str], list[str]] | None = None,
) -> list[Finding]:
    """Return what is wrong between documents.

    Args:
        files: The facts of every file by its path.
        only: The files to look at, where not all are meant. Of the others those suffice that
            hold a Project, or a document or a guess of a name that occurs in these.
        named: From a kind to all its names, sorted; from the files given where it is left out.
    """
    ordered = sorted(files.items())
    known, findings = known_among(ordered, only, named)
    documents, guesses = known.documents, known.guesses
    projects = of_kind("Project", documents)
    is_settled = len(projects) == 1 or (not projects and _may_be_project(guesses))
    findings += _circular(documents)
    for path, (whole, broken, _) in ordered:
        if only is not None and path not in only:
            continue
        for facts in (*whole, *broken) if broken else whole:
            if (facts[3] or facts[6]) and may_be_wrong(facts, known):
                findings += leads(path, facts, known)
            if not is_settled and facts[0] in _STARTS_WORK and facts[1]:
                findings += belongs(path, facts, projects)
    return findings


def depends(facts: DocumentFacts) -> list[Naming]:
    """Return where a Run names others it waits for."""
    return [each for each in facts[3] if each[0][:2] == _DEPENDS] if facts[0] == "Run" else []


def _circular(documents: Mapping[Named, tuple[str, DocumentFacts]]) -> Iterator[Finding]:
    """Yield the Runs that wait for themselves, one of each circle."""
    needs = {
        named[1]: [each[2] for each in found]
        for named, (_, facts) in documents.items()
        if named[0] == "Run" and len(facts[3]) > 1 and (found := depends(facts))
    }
    for circle in circles(needs) if needs else ():
        first = min(circle)
        at = circle.index(first)
        chain = (*circle[at:], *circle[: at + 1])
        path, facts = documents["Run", first]
        pointer = next(each[0] for each in depends(facts) if each[2] == chain[1])
        detail = f"{' → '.join(map(quoted, chain))}: none of them could ever start. Remove one."
        yield Finding(
            path, facts[2], pointer, "CircularDependency", "Runs wait in a circle", detail
        )


def _may_be_project(guesses: Iterable[Named]) -> bool:
    return any(kind in ("Project", ANY_KIND) for kind, _ in guesses)


def may_be_wrong(facts: DocumentFacts, known: Known) -> bool:
    """Return quickly whether a document needs a closer look; most do not."""
    documents = known.documents
    for _, kinds, name in facts[3]:
        named = (kinds[0], name)
        if (named not in documents and named not in BUILTIN) or len(kinds) != 1:
            return True
    for _, owner, part in facts[5]:
        target = documents.get(owner)
        # Of what has no document, only an agent may lack something: one that is built in.
        if part not in (target[1][4] or ()) if target else owner[0] == "Agent":
            return True
    return facts[6] is not None and bool(_judged(facts[6], known))


def _judged(roles: Roles, known: Known) -> tuple[Problem, ...]:
    type_, chooses, steps = roles
    return problems(type_, tuple([_player(step, known) for step in steps]), chooses=chooses)


def leads(path: str, facts: DocumentFacts, known: Known) -> Iterator[Finding]:
    """Yield what is wrong with where a document leads."""
    _, _, number, namings, _, claims, roles = facts
    for naming in namings:
        _, kinds, name = naming
        if len(kinds) != 1 or not known.has(kinds[0], name):
            yield from _led_astray(path, number, naming, known)
    for claim in claims:
        if claim[1][0] == "Agent":
            yield from _lacks(path, facts, claim, known)
        else:
            yield from _claimed(path, number, claim, known)
    if roles is not None:
        for found in _judged(roles, known):
            yield Finding(path, number, *found)


def _led_astray(path: str, number: int, naming: Naming, known: Known) -> Iterator[Finding]:
    pointer, kinds, name = naming
    found = [kind for kind in kinds if known.has(kind, name)]
    if len(found) > 1:
        detail = f"{quoted(name)} is the name of a {' and of a '.join(found)}. Rename one of them."
        yield Finding(path, number, pointer, "AmbiguousReference", "Ambiguous name", detail)
    elif not found and not any(known.may_be(kind, name) for kind in kinds):
        hint = suggestion(name, [each for kind in kinds for each in known.named(kind)])
        detail = f"There is no {either(kinds)} {quoted(name)}.{hint or ' Add it, or name another.'}"
        yield Finding(path, number, pointer, "UnknownReference", "Unknown name", detail)


def _claimed(path: str, number: int, claim: Claim, known: Known) -> Iterator[Finding]:
    pointer, (kind, owner), part = claim
    _, target = known.documents.get((kind, owner), ("", None))
    parts = target[4] if target else None
    if parts is None or part in parts:
        return
    if kind == "Template":
        yield from _uncontained(path, number, claim, parts)
        return
    word = "step" if kind == "Workflow" else "sprint"
    hint = suggestion(part, parts) or f" It has {either(parts)}."
    detail = f"{kind} {quoted(owner)} has no {word} {quoted(part)}.{hint}"
    code, summary = f"Unknown{word.capitalize()}", f"Unknown {word}"
    yield Finding(path, number, pointer, code, summary, detail)


def _uncontained(
    path: str, number: int, claim: Claim, agents: tuple[str | None, ...]
) -> Iterator[Finding]:
    pointer, (_, template), agent = claim
    if not agents:
        return
    detail = (
        f"Template {quoted(template)} says to contain {' and '.join(map(str, agents))}, and not "
        f"{quoted(agent)}. Add it to `agents` there, or choose another template."
    )
    code, summary = "AgentNotInTemplate", "Agent not in its template"
    yield Finding(path, number, pointer, code, summary, detail, Severity.WARNING)


def _lacks(path: str, facts: DocumentFacts, claim: Claim, known: Known) -> Iterator[Finding]:
    pointer, owner, part = claim
    wish = Wish(pointer, owner[1], cast(Feature, part))
    _, agent = known.documents.get(owner, ("", None))
    if agent is None:
        able = CAPABILITIES.get(wish.agent)
    else:
        able = None if agent[4] is None else Capabilities(frozenset(cast(list[Feature], agent[4])))
    if able is None or (wish.feature == "commands" and not _has_slash(facts, pointer, known)):
        return
    told = sentence(wish, able)
    if told is not None:
        yield Finding(path, facts[2], pointer, CODE, SUMMARY, told, Severity.WARNING)


def _has_slash(facts: DocumentFacts, pointer: Pointer, known: Known) -> bool:
    """Return whether a list of commands names one that agents are to expand."""
    names = (name for at, _, name in facts[3] if at[:-1] == pointer)
    found = (known.documents.get(("Command", name)) for name in names)
    return any(each is not None and SLASH in (each[1][4] or ()) for each in found)


def _player(role: Role, known: Known) -> Player:
    type_, persona, loops = role
    if persona is None:
        return Player(type_, loops=loops)
    _, found = known.documents.get(("Persona", persona), ("", None))
    told = (found[4] if found else None) or (None,)
    return Player(told[0], enabled=OFF not in told, loops=loops)


def belongs(path: str, facts: DocumentFacts, projects: Iterable[str]) -> Iterator[Finding]:
    """Yield that a document does not say of which Project it is."""
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
