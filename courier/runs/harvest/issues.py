"""What a scan for issues answers."""

from typing import Annotated, Final, Literal

from pydantic import Field

from courier.resources.model import Model
from courier.resources.values import Items
from courier.runs.harvest.contract import Contract
from courier.runs.harvest.words import Remark, SaidGlobs, SaidLine, SaidText

SORT: Final = "issues"


class FoundIssue(Model):
    """Something that should be done."""

    title: SaidLine
    description: SaidText
    priority: Literal["low", "medium", "high", "critical"] = "medium"
    suggested_prompt: SaidText | None = None
    paths: SaidGlobs = ()
    assumptions: Annotated[Items[SaidText], Field(max_length=20)] = ()
    why: Remark = ""


class FoundQuestion(Model):
    """Something that must be known before work starts."""

    text: SaidText
    why: Remark = ""


class FoundIssues(Model):
    """The whole answer."""

    issues: Annotated[Items[FoundIssue], Field(max_length=200)]
    questions: Annotated[Items[FoundQuestion], Field(max_length=50)] = ()


ISSUES: Final = Contract(
    sort=SORT,
    form="""\
{"issues": [{"title": "one line", "description": "what is wrong or missing, where, and how one \
sees it", "priority": "high", "suggestedPrompt": "the task for an agent that does it", \
"paths": ["src/api.py"], "assumptions": ["what you took for granted"], \
"why": "why it matters, with evidence"}], \
"questions": [{"text": "what must be known before work starts", "why": "what depends on it"}]}""",
    meaning="""\
`issues` is a list, the most important first, empty if there is nothing worth doing; leave out \
what is listed as known. `priority` is `low`, `medium`, `high` or `critical`. `suggestedPrompt`, \
`paths`, the files or folders it is about, `assumptions` and `questions` may be left out; ask only \
what the repository cannot tell.""",
    answer=FoundIssues,
)
