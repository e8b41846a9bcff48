"""The names there are: documents by their names, what is built in, and what nobody can read."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from courier.diagnostics import Diagnostic, Position, Severity
from courier.planning.documents.facts import DocumentFacts, FileFacts, Named
from courier.planning.documents.references import ANY_KIND, Pointer
from courier.planning.problems import quoted
from courier.resources.names import BUILTIN_NAMES

BUILTIN = frozenset((kind, name) for kind, names in BUILTIN_NAMES.items() for name in names)
"""What can be named without a document."""
_BUILTIN_KINDS = frozenset(BUILTIN_NAMES)


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


class Known(NamedTuple):
    """Every name there is besides those that are built in: documents with where they are.

    Attributes:
        guesses: The names documents may have that cannot be read.
        named: Every name of a kind, sorted, for advice.
    """

    documents: dict[Named, tuple[str, DocumentFacts]]
    guesses: set[Named]
    named: Callable[[str], list[str]]

    def plus(self, more: Mapping[Named, tuple[str, DocumentFacts]]) -> "Known":
        """Return the same with some documents more, or others of the same names."""
        documents = {**self.documents, **more}
        return Known(documents, self.guesses, _names_in(documents))

    def has(self, kind: str, name: str) -> bool:
        """Return whether there is such a name."""
        return (kind, name) in self.documents or (kind, name) in BUILTIN

    def may_be(self, kind: str, name: str) -> bool:
        """Return whether a document that cannot be read may be the one."""
        return (kind, name) in self.guesses or (ANY_KIND, name) in self.guesses


def known_of(files: Mapping[str, FileFacts]) -> Known:
    """Return every name there is in some files."""
    return known_among(sorted(files.items()), (), None)[0]


def known_among(
    ordered: Sequence[tuple[str, FileFacts]],
    only: Collection[str] | None,
    named: Callable[[str], list[str]] | None,
) -> tuple[Known, list[Finding]]:
    """Return every name there is, and what is wrong with names themselves."""
    documents, findings = _by_name(ordered, only)
    guesses = {guess for _, (_, _, found) in ordered for guess in found}
    return Known(documents, guesses, named or _names_in(documents)), findings


def _names_in(documents: Iterable[Named]) -> Callable[[str], list[str]]:
    return lambda kind: of_kind(kind, BUILTIN.union(documents))


def _by_name(
    ordered: Iterable[tuple[str, FileFacts]], only: Collection[str] | None
) -> tuple[dict[Named, tuple[str, DocumentFacts]], list[Finding]]:
    """Return the documents by name, the first of each, and the others as findings."""
    found: dict[Named, tuple[str, DocumentFacts]] = {}
    taken: list[Finding] = []
    for path, (whole, broken, _) in ordered:
        for facts in _in_order(whole, broken) if broken else whole:
            named, here = facts[:2], (path, facts)
            is_builtin = facts[0] in _BUILTIN_KINDS and named in BUILTIN
            if not is_builtin and found.setdefault(named, here) is here:
                continue
            if only is None or path in only:
                taken.append(_taken(path, facts, None if is_builtin else found[named][0]))
    return found, taken


def _in_order(
    whole: Iterable[DocumentFacts], broken: Iterable[DocumentFacts]
) -> list[DocumentFacts]:
    """Return the documents of a file whose names are known."""
    named = [facts for facts in (*whole, *broken) if facts[1]]
    return sorted(named, key=lambda facts: facts[2])


def of_kind(kind: str, names: Iterable[Named]) -> list[str]:
    """Return the names of a kind, sorted."""
    return sorted(name for each, name in names if each == kind)


def _taken(path: str, facts: DocumentFacts, first: str | None) -> Finding:
    kind, name = facts[:2]
    if first is None:
        detail = f"{kind} {quoted(name)} is built in. Choose another name."
    else:
        detail = f"{kind} {quoted(name)} is already in {first}. Rename or remove one."
    at: Pointer = ("metadata", "name")
    return Finding(path, facts[2], at, "DuplicateName", "Name already taken", detail)
