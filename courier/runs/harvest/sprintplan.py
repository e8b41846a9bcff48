"""What an agent answers that was asked for a sprint plan."""

from typing import Annotated, Final

from pydantic import Field

from courier.resources.model import Model
from courier.resources.values import Items
from courier.runs.harvest.contract import Contract
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.harvest.words import Remark, SaidLine, SaidText

SORT: Final = "sprintPlan"


class FoundSprint(Model):
    """One part of the plan."""

    title: SaidLine
    prompt: SaidText
    why: Remark = ""


class FoundSprintPlan(Model):
    """The whole answer."""

    sprints: Annotated[Items[FoundSprint], Field(max_length=100)]
    background: SaidText | None = None


def _objection(answer: FoundSprintPlan, harvest: FrozenHarvest) -> str | None:
    if len(answer.sprints) > harvest.most:
        return f"`sprints` has {len(answer.sprints)} sprints; at most {harvest.most} are asked for."
    return None


SPRINT_PLAN: Final = Contract(
    sort=SORT,
    form="""\
{"background": "what every sprint should know", "sprints": [{"title": "what it brings, in a line", \
"prompt": "the whole task, for an agent that knows nothing of the others", \
"why": "why it comes here"}]}""",
    meaning="""\
`sprints` are in the order they are worked off. `background` is told with every sprint and may be \
left out; write into it only what several of them need.""",
    answer=FoundSprintPlan,
    objection=_objection,
)
