"""A SprintChain read as a chain: the sprints of its range, each with what all should know."""

from collections.abc import Mapping, Sequence
from typing import Any

from courier.planning.catalog.catalog import Catalog
from courier.planning.chains.chain import Chain, Link
from courier.planning.documents.references import Ref
from courier.planning.made.making import bounded

KIND = "SprintChain"

Sprints = Sequence[Mapping[str, Any]]


def sprint_chain(catalog: Catalog, ref: Ref) -> Chain:
    """Return a SprintChain of a valid catalog; without links where its range holds nothing."""
    document = catalog.documents[ref]
    spec, project = document.value["spec"], catalog.project_of(ref)
    plan = catalog.documents[Ref("SprintPlan", spec["plan"])]
    told = plan.value["spec"]
    sprints = told["sprints"]
    return Chain(
        document,
        project.name if project else "",
        source="sprintChain",
        title=bounded(told["goal"]),
        word="sprint",
        links=tuple(
            Link(
                sprint["name"],
                sprint["title"],
                sprint.get("workflow") or spec["workflow"],
                sprint_prompt(told, sprint),
                plan,
            )
            for sprint in _within(sprints, spec.get("range") or {})
        ),
        is_single=spec.get("pullRequest", "perSprint") == "single",
        awaits_merge=spec.get("base", "stacked") == "merged",
        resume_from=spec.get("resumeFrom"),
    )


def sprint_prompt(plan: Mapping[str, Any], sprint: Mapping[str, Any]) -> str:
    """Return what an agent is asked to do in a sprint: its task, and where that leads."""
    sprints: Sprints = plan["sprints"]
    at = next(at for at, each in enumerate(sprints) if each["name"] == sprint["name"])
    parts = [
        f"{sprint['title']}\n\n{sprint['prompt'].strip()}",
        f"## The goal this is a part of\n\n{plan['goal'].strip()}",
    ]
    if background := (plan.get("background") or "").strip():
        parts.append(f"## Background\n\n{background}")
    if len(sprints) > 1:
        parts.append(f"## Where this stands\n\n{_place(sprints, at)}")
    return "\n\n".join(parts)


def _place(sprints: Sprints, at: int) -> str:
    lines = [f"This is part {at + 1} of {len(sprints)}. Do this part alone."]
    if at:
        lines.append(f"Before it: {_titles(sprints[:at])}.")
    if at + 1 < len(sprints):
        lines.append(f"Left to later parts: {_titles(sprints[at + 1 :])}.")
    return "\n".join(lines)


def _titles(sprints: Sprints) -> str:
    return "; ".join(sprint["title"].strip().rstrip(".") for sprint in sprints)


def _within(sprints: Sprints, told: Mapping[str, str]) -> Sprints:
    names = [sprint["name"] for sprint in sprints]
    first = names.index(told["from"]) if "from" in told else 0
    last = names.index(told["to"]) if "to" in told else len(names) - 1
    return sprints[first : last + 1]
