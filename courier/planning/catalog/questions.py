"""Questions of answering sessions: which are open, and which approved answers a run is told."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.runs.replies.answers import FrozenAnswer
from courier.runs.run.frozen import FrozenInput

KIND: Final = "AnsweringSession"

_SCANS: Final = {"Issue": "scan", "AnsweringSession": "scan"}
"""Kinds of documents that ask for runs, and the field that names the scan they come from."""


def open_questions(spec: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the questions of a session that have no answer yet."""
    answered = {answer["question"] for answer in spec.get("answers") or ()}
    return [each for each in spec["questions"] if each["id"] not in answered]


def approved_answers(catalog: Catalog, run: Ref) -> tuple[FrozenAnswer, ...]:
    """Return the answers a run is told: those a person approved, and no other.

    Answers to questions of a scan are for runs that come of that scan, its issues, or chains of
    these; those of sessions without a scan are for all runs of their project.
    """
    project, scans = catalog.project_of(run), frozenset(_scans(catalog, run))
    return tuple(
        answer
        for ref in catalog.of_kind(KIND)
        if catalog.project_of(ref) == project
        if _is_for(catalog.documents[ref].value["spec"], scans)
        for answer in _approved(catalog, ref)
    )


def answer_inputs(answers: tuple[FrozenAnswer, ...]) -> tuple[FrozenInput, ...]:
    """Return what a record says of answers a run was told: each by the digest of its words."""
    return tuple(
        FrozenInput(
            kind=KIND,
            name=f"{each.session}/{each.id}",
            digest=sha256(f"{each.question}\n\n{each.answer}".encode()).hexdigest(),
        )
        for each in answers
    )


def _is_for(spec: Any, scans: frozenset[str]) -> bool:
    return "scan" not in spec or spec["scan"] in scans


def _approved(catalog: Catalog, ref: Ref) -> Iterator[FrozenAnswer]:
    spec = catalog.documents[ref].value["spec"]
    texts = {each["id"]: each["text"] for each in spec["questions"]}
    for answer in spec.get("answers") or ():
        if answer.get("approved") is True:
            told = answer["question"]
            yield FrozenAnswer(
                session=ref.name, id=told, question=texts[told], answer=answer["answer"]
            )


def _scans(catalog: Catalog, run: Ref) -> Iterator[str]:
    """Yield the scans that a run comes of, by the document that asks for it."""
    # A made run stands in the document that asks for it.
    cause: Any = catalog.documents[run].draft.value
    kind, spec = cause["kind"], cause["spec"]
    if kind == "IssueScan":
        yield cause["metadata"]["name"]
    elif kind == "WorkChain":
        issues = (catalog.documents.get(Ref("Issue", name)) for name in spec["issues"])
        yield from (
            each.value["spec"]["scan"] for each in issues if each and "scan" in each.value["spec"]
        )
    elif "scan" in spec and kind in _SCANS:
        yield spec["scan"]
