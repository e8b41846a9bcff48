"""The run that a document comes to, as if its time had come: for playing it in a simulation."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from courier.planning.answers.session import answering
from courier.planning.catalog.learnings import ObservedPending
from courier.planning.catalog.questions import open_questions
from courier.planning.chains.issues import issue_run
from courier.planning.chains.named import first_run
from courier.planning.documents.references import Ref
from courier.planning.drafts.planner import drafting
from courier.planning.learned.planner import learning
from courier.planning.made.making import Made, Sight
from courier.planning.made.names import made_run
from courier.planning.merges.planner import lacking, merging
from courier.planning.observed.askeddraft import AskedDraft
from courier.planning.recurring.task import task_of
from courier.planning.scans.scan import scan

Rehearsed = Made | str
"""A run, or why a document comes to none, in a sentence."""

_REASON: Final = "simulated"
_MATERIAL: Final = "A run has ended; this is a simulation of looking it through."


def rehearsed(sight: Sight, ref: Ref) -> Rehearsed:
    """Return the run a document of a catalog comes to.

    That of a Project looks through a run that has ended, that of a SprintPlan drafts such a plan
    anew, and that of a chain does its first part.
    """
    if ref not in sight.catalog.documents:
        return f"No document in .courier/ is {ref}."
    make = _MAKERS.get(ref.kind)
    return (
        make(sight, ref) if make is not None else f"Nothing runs for documents of kind {ref.kind}."
    )


def _issue(sight: Sight, ref: Ref) -> Rehearsed:
    document = sight.catalog.documents[ref]
    if "execute" not in document.value["spec"]:
        return "It does not say which workflow carries it out: write `execute`."
    return issue_run(document)


def _scan(sight: Sight, ref: Ref) -> Rehearsed:
    return scan(sight, ref, made_run(ref), reason=_REASON)


def _answers(sight: Sight, ref: Ref) -> Rehearsed:
    if not open_questions(sight.catalog.documents[ref].value["spec"]):
        return "It has no question without an answer."
    return answering(sight, ref)


def _merge(sight: Sight, ref: Ref) -> Rehearsed:
    document = sight.catalog.documents[ref]
    return lacking(sight, document) or merging(sight, document)


def _task(sight: Sight, ref: Ref) -> Rehearsed:
    task = task_of(sight.catalog, ref)
    run = task.asked_at(sight.now)
    return Made(run, task.document, source="manual", spec=task.run_spec, reason=_REASON)


def _chain(sight: Sight, ref: Ref) -> Rehearsed:
    return first_run(sight.catalog, ref) or "It has no parts."


def _learning(sight: Sight, ref: Ref) -> Rehearsed:
    return learning(sight, ObservedPending(_REASON, ref.name, _MATERIAL))


def _draft(sight: Sight, ref: Ref) -> Rehearsed:
    spec: Mapping[str, Any] = sight.catalog.documents[ref].value["spec"]
    project = sight.catalog.project_of(ref)
    asked = AskedDraft(
        name=f"{ref.name}-anew",
        goal=spec["goal"],
        background=spec.get("background", ""),
        sprints=len(spec["sprints"]),
        project=project.name if project else "",
    )
    found: Iterator[Made] = drafting(sight, asked)
    return next(found, "It has no project.")


_MAKERS: Final[Mapping[str, Callable[[Sight, Ref], Rehearsed]]] = {
    "AnsweringSession": _answers,
    "Issue": _issue,
    "IssueScan": _scan,
    "Merge": _merge,
    "Project": _learning,
    "RecurringTask": _task,
    "SprintChain": _chain,
    "SprintPlan": _draft,
    "WorkChain": _chain,
}
