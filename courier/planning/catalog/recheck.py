"""The rules across documents, held against a few Runs that changed among many that did not.

A Run is looked at by others by its name alone. So where everything was right before, and Runs only
came or changed what they ask for, nothing but those Runs can be wrong now.
"""

from collections.abc import Mapping
from typing import NamedTuple

from courier.planning.catalog.crosscheck import (
    belongs,
    depends,
    leads,
    may_be_wrong,
)
from courier.planning.catalog.known import Finding, Known, known_of
from courier.planning.documents.facts import DocumentFacts, FileFacts, Named
from courier.resources.names import BUILTIN_NAMES

_LEAF = "Run"


class Census(NamedTuple):
    """What is known of documents between which nothing is wrong.

    Attributes:
        known: Their names.
        unsure: Names that are referred to where they may be of several kinds.
        needs_project: Whether each must say of which Project it is, and which there are.
    """

    known: Known
    unsure: frozenset[str]
    projects: tuple[str, ...]


def census(files: Mapping[str, FileFacts]) -> Census | None:
    """Return what is known of documents that were checked and have no findings.

    None where a file cannot be read, or holds a document that cannot be.
    """
    if any(broken or guesses for _, broken, guesses in files.values()):
        return None
    known = known_of(files)
    every = [facts for whole, _, _ in files.values() for facts in whole]
    unsure = (name for facts in every for _, kinds, name in facts[3] if len(kinds) != 1)
    projects = sorted(name for kind, name in known.documents if kind == "Project")
    return Census(known, frozenset(unsure), tuple(projects))


def recheck(
    before: Census, old: Mapping[str, FileFacts], new: Mapping[str, FileFacts]
) -> tuple[list[Finding], Census] | None:
    """Return what is wrong now, and what is known then; None if that takes a look at everything.

    Args:
        before: What was known.
        old: The facts of files that changed, as they were.
        new: The same files as they are, and those that came.
    """
    changed = _changed(before, old, new)
    if changed is None:
        return None
    known = before.known.plus(changed)
    findings: list[Finding] = []
    for path, facts in changed.values():
        if (facts[3] or facts[6]) and may_be_wrong(facts, known):
            findings += leads(path, facts, known)
        if len(before.projects) != 1:
            findings += belongs(path, facts, before.projects)
    return findings, before._replace(known=known)


def _changed(
    before: Census, old: Mapping[str, FileFacts], new: Mapping[str, FileFacts]
) -> dict[Named, tuple[str, DocumentFacts]] | None:
    """Return the Runs that are new or were changed; None if there is anything else."""
    was = {facts[:2] for whole, _, _ in old.values() for facts in whole}
    found: dict[Named, tuple[str, DocumentFacts]] = {}
    for path, (whole, broken, guesses) in new.items():
        if broken or guesses:
            return None
        for facts in whole:
            named = facts[:2]
            if not _is_plain(facts, before) or named in found:
                return None
            if named not in was and named in before.known.documents:
                return None
            found[named] = (path, facts)
    return found if was <= found.keys() and all(kind == _LEAF for kind, _ in was) else None


def _is_plain(facts: DocumentFacts, before: Census) -> bool:
    kind, name = facts[:2]
    is_builtin = name in BUILTIN_NAMES.get(kind, ())
    is_sure = name not in before.unsure and all(len(kinds) == 1 for _, kinds, _ in facts[3])
    return kind == _LEAF and not is_builtin and is_sure and not depends(facts)
