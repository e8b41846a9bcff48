"""A WorkChain read as a chain, and an issue read as the task of a run."""

from collections.abc import Mapping
from typing import Any

from courier.planning.catalog.catalog import Catalog
from courier.planning.chains.chain import Chain, Link
from courier.planning.documents.references import Ref

KIND = "WorkChain"


def work_chain(catalog: Catalog, ref: Ref) -> Chain:
    """Return a WorkChain of a valid catalog."""
    document = catalog.documents[ref]
    spec, project = document.value["spec"], catalog.project_of(ref)
    issues = [catalog.documents[Ref("Issue", name)] for name in spec["issues"]]
    count = len(issues)
    return Chain(
        document,
        project.name if project else "",
        source="workChain",
        title=f"{ref.name}: {count} issue{'s' if count != 1 else ''}",
        word="issue",
        links=tuple(
            Link(
                issue.ref.name,
                issue.value["spec"]["title"],
                spec["workflow"],
                issue_prompt(issue.value["spec"]),
                issue,
                issue.value["spec"].get("paths"),
            )
            for issue in issues
        ),
        is_single=spec.get("pullRequest", "single") == "single",
        goes_on=spec.get("onFailure", "stop") == "continue",
        branch=spec.get("branch"),
    )


def issue_prompt(spec: Mapping[str, Any]) -> str:
    """Return what an agent is asked to do about an issue."""
    told: str | None = spec.get("suggestedPrompt")
    assumptions = "\n".join(f"- {each.strip()}" for each in spec.get("assumptions") or ())
    parts = [told or f"{spec['title']}\n\n{spec['description'].strip()}"]
    if assumptions:
        parts.append(f"What was taken for granted:\n\n{assumptions}")
    return "\n\n".join(part.strip() for part in parts)
