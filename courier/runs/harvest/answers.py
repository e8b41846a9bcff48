"""What a session that answers questions answers."""

from collections import Counter
from typing import Annotated, Final

from pydantic import Field

from courier.resources.model import Model
from courier.resources.values import Items, Name
from courier.runs.harvest.contract import Contract
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.harvest.words import Remark, SaidText

SORT: Final = "answers"


class FoundAnswer(Model):
    """The answer to one question."""

    question: Name
    answer: SaidText
    confidence: Annotated[float, Field(ge=0, le=1)]
    why: Remark = ""


class FoundAnswers(Model):
    """The whole answer."""

    answers: Annotated[Items[FoundAnswer], Field(max_length=200)]


def _objection(answer: FoundAnswers, harvest: FrozenHarvest) -> str | None:
    asked = harvest.given.get("questions")
    ids = [str(each) for each in asked] if isinstance(asked, list) else []
    counts = Counter(each.question for each in answer.answers)
    if unknown := next((each for each in counts if each not in ids), None):
        return f"There is no question `{unknown}`; the questions are {', '.join(ids)}."
    if twice := next((each for each, count in counts.items() if count > 1), None):
        return f"Question `{twice}` is answered twice."
    return None


ANSWERS: Final = Contract(
    sort=SORT,
    form="""\
{"answers": [{"question": "the-id", "answer": "the answer", "confidence": 0.8, \
"why": "the place that shows it"}]}""",
    meaning="""\
`question` is the id of the question, `confidence` a number from 0 to 1 that says how sure you \
are. Leave out questions you cannot answer.""",
    answer=FoundAnswers,
    objection=_objection,
)
