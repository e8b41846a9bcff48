"""What looking through a finished run for learnings answers."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from courier.resources.model import Model
from courier.resources.values import Items, StepType
from courier.runs.harvest.contract import Contract
from courier.runs.harvest.words import SaidGlobs, SaidText
from courier.runs.learnings.lesson import Category, Severity

SORT: Final = "learnings"

MOST: Final = 5
"""So many learnings one run may teach."""


class FoundLesson(Model):
    """Something later runs should know."""

    description: Annotated[SaidText, Field(max_length=2_000)]
    trigger: Annotated[SaidText, Field(max_length=600)]
    correct_behavior: Annotated[SaidText, Field(max_length=2_000)]
    severity: Severity
    category: Category
    roles: Items[StepType] = ()
    scope: SaidGlobs = ()


class FoundLessons(Model):
    """The whole answer."""

    learnings: Annotated[Items[FoundLesson], Field(max_length=50)]


LEARNINGS: Final = Contract(
    sort=SORT,
    form="""\
{"learnings": [{"description": "what was learnt, and why it is so", "trigger": "when it applies", \
"correctBehavior": "what to do then", "severity": "important", "category": "gotcha", \
"roles": ["designer"], "scope": ["src/**"]}]}""",
    meaning=f"""\
`learnings` is a list of at most {MOST}, the gravest first, empty where there is nothing to learn. \
`severity` is `critical`, `important` or `minor`; `category` is `preference`, `pattern`, `gotcha`, \
`tool` or `architecture`. Leave `roles`, the step types that are told, out where everybody should \
know it, and `scope`, patterns of paths, where it is not about certain files.""",
    answer=FoundLessons,
)

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["learnings"],
    "properties": {
        "learnings": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["description", "trigger", "correctBehavior", "severity", "category"],
                "properties": {
                    "description": _TEXT,
                    "trigger": _TEXT,
                    "correctBehavior": _TEXT,
                    "severity": {"type": "string", "enum": ["critical", "important", "minor"]},
                    "category": {
                        "type": "string",
                        "enum": ["preference", "pattern", "gotcha", "tool", "architecture"],
                    },
                    "roles": _TEXTS,
                    "scope": _TEXTS,
                },
            },
        }
    },
}
"""The form of the answer, for a model that is asked without an agent."""
