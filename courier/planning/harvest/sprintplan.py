"""A sprint plan as a document."""

from collections.abc import Mapping

from pydantic import JsonValue

from courier.planning.documents.manifest import Schemas
from courier.planning.harvest.crop import FOLDER, Crop, Known, Unusable, counted, document
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.harvest.sprintplan import FoundSprintPlan
from courier.runs.harvest.words import clean, inline, name_from

_SPRINT_NAME = 40


class SprintPlanCrop:
    """Makes one file; nothing of it is worked off before a chain names it."""

    kinds = ("SprintPlan",)

    def crop(
        self,
        answer: Mapping[str, JsonValue],
        harvest: FrozenHarvest,
        known: Known,
        *,
        schemas: Schemas,  # noqa: ARG002 - the sort's shape
    ) -> Crop:
        """Return the plan's file."""
        found = FoundSprintPlan.model_validate(answer, strict=False)
        if not found.sprints:
            return Crop(message="It planned no sprints.")
        path = f"{FOLDER}plans/{harvest.name}.yaml"
        if harvest.name in known.names("SprintPlan") or path in known.paths:
            raise Unusable(f"There is a plan {harvest.name} by now.")
        content = document("SprintPlan", harvest.name, _spec(found, harvest), harvest=harvest)
        title = f"Plan {harvest.name}: {counted(len(found.sprints), 'sprint')}"
        return Crop({path: content}, title, _body(found, harvest))


def _spec(found: FoundSprintPlan, harvest: FrozenHarvest) -> dict[str, object]:
    given = {key: clean(str(value)) for key, value in harvest.given.items()}
    names: set[str] = set()
    sprints: list[dict[str, object]] = []
    for sprint in found.sprints:
        name = name_from(sprint.title[:_SPRINT_NAME], taken=names, otherwise="sprint")
        names.add(name)
        workflow = {"workflow": given["workflow"]} if given.get("workflow") else {}
        sprints.append({"name": name, "title": sprint.title, "prompt": sprint.prompt, **workflow})
    told = [given.get("background", ""), found.background or ""]
    background = "\n\n".join(each for each in told if each) or None
    return {"goal": given["goal"], "background": background, "sprints": sprints}


def _body(found: FoundSprintPlan, harvest: FrozenHarvest) -> str:
    told = (
        f"A plan for: {inline(str(harvest.given['goal']))[:1_000]}\n\n"
        "Nothing is worked off by merging it: correct it here, then write a `SprintChain` that "
        f"names `{harvest.name}`."
    )
    rows = []
    for number, sprint in enumerate(found.sprints, start=1):
        why = f": {inline(sprint.why)}" if sprint.why else ""
        rows.append(f"{number}. **{inline(sprint.title)}**{why}")
    return "\n\n".join([told, "## Sprints", "\n".join(rows)])
