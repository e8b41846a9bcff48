"""What is told of issues and of questions: where each stands, from documents and courses."""

from collections.abc import Mapping
from typing import Any, Final

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.observed.course import ObservedCourse

_URGENCY: Final = ("critical", "high", "medium", "low")


def issue_accounts(
    catalog: Catalog, courses: Mapping[Ref, ObservedCourse]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the account of every Issue by name, the most urgent first.

    Args:
        catalog: A valid catalog.
        courses: What is on record of documents that ask for runs.
    """
    found = [_issue(catalog, ref, courses) for ref in catalog.of_kind("Issue")]
    found.sort(key=lambda told: (_URGENCY.index(told["priority"]), told["issue"]))
    return {told["issue"]: told for told in found}


def _issue(catalog: Catalog, ref: Ref, courses: Mapping[Ref, ObservedCourse]) -> Mapping[str, Any]:
    spec = catalog.documents[ref].value["spec"]
    seen = courses.get(ref, ObservedCourse())
    course = seen.course
    part = course.parts[0] if course and course.parts else None
    pull = {"number": part.number, "status": part.pull_request} if part and part.number else None
    return {
        "issue": ref.name,
        "project": _project(catalog, ref),
        "title": spec["title"],
        "status": "unreadable" if seen.fault else course.phase if course else "new",
        "reason": seen.fault or (course.reason if course else ""),
        "priority": spec.get("priority", "medium"),
        "scan": spec.get("scan"),
        "execute": spec.get("execute"),
        "run": part.run if part else None,
        "branch": part.branch if part else None,
        "pullRequest": pull,
        "description": spec["description"],
        "suggestedPrompt": spec.get("suggestedPrompt"),
        "assumptions": list(spec.get("assumptions") or ()),
        "document": str(catalog.documents[ref].start),
    }


def _project(catalog: Catalog, ref: Ref) -> str:
    project = catalog.project_of(ref)
    return project.name if project else ""
