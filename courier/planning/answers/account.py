"""What is told of answering sessions: each question, its answer, and the run that looks for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from courier.planning.answers.session import answers_run
from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.questions import KIND, open_questions
from courier.planning.documents.references import Ref
from courier.planning.observed.observed import ObservedRun


def session_accounts(
    catalog: Catalog, runs: Mapping[str, ObservedRun]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the account of every AnsweringSession by name.

    Args:
        catalog: The documents.
        runs: The records of `session_runs`, as far as there are any.
    """
    return {ref.name: _session(catalog, ref, runs) for ref in catalog.of_kind(KIND)}


def session_runs(catalog: Catalog) -> Sequence[str]:
    """Return the names of the runs that answer what is open now."""
    return [run for ref in catalog.of_kind(KIND) if (run := _run(catalog, ref)) is not None]


def _run(catalog: Catalog, ref: Ref) -> str | None:
    asked = open_questions(catalog.documents[ref].value["spec"])
    return answers_run(ref, asked) if asked else None


def _session(catalog: Catalog, ref: Ref, runs: Mapping[str, ObservedRun]) -> Mapping[str, Any]:
    spec = catalog.documents[ref].value["spec"]
    answers = {each["question"]: each for each in spec.get("answers") or ()}
    record = runs.get(_run(catalog, ref) or "")
    project = catalog.project_of(ref)
    waiting = {each["id"] for each in open_questions(spec)}
    told = [
        {
            "id": each["id"],
            "question": each["text"],
            "status": _status(answers.get(each["id"])),
            "answer": answers.get(each["id"], {}).get("answer"),
            "confidence": answers.get(each["id"], {}).get("confidence"),
        }
        for each in spec["questions"]
    ]
    return {
        "session": ref.name,
        "project": project.name if project else "",
        "scan": spec.get("scan"),
        "open": len(waiting),
        "answered": sum(each["status"] == "answered" for each in told),
        "approved": sum(each["status"] == "approved" for each in told),
        "run": record.run if record else None,
        "reason": record.reason if record else "",
        "pullRequest": (
            {"number": record.number, "status": record.pull_request}
            if record and record.number
            else None
        ),
        "questions": told,
        "document": str(catalog.documents[ref].start),
    }


def _status(answer: Mapping[str, Any] | None) -> str:
    """Return where a question stands: open, answered, or approved."""
    if answer is None:
        return "open"
    return "approved" if answer.get("approved") is True else "answered"
