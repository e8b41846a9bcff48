"""Open questions, and what an agent is asked about them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from courier.planning.catalog.questions import KIND, open_questions
from courier.planning.documents.references import Ref
from courier.planning.made.following import begun, flying_of
from courier.planning.made.making import Found, Made, Sight, start_made
from courier.planning.made.names import made_run
from courier.planning.made.session import Question, Told, made_session
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.texts.material import as_data

WORKFLOW: Final = "answering-session"
"""What records call the workflow of such sessions."""

_INSTRUCTIONS: Final = """\
Each answer is read by a person who approves or mends it, and is then told to the agents that do \
the work. So answer shortly and exactly, with the place in the repository that shows it. How sure \
you are counts: 1 is what the repository proves, 0.5 is a guess. Leave out what cannot be known."""


def plan_answers(sight: Sight) -> Found:
    """Return what is to be done about every AnsweringSession: open questions are asked once."""
    catalog, observed = sight.catalog, sight.observed
    found = Found(owned=flying_of(catalog, observed, KIND))
    wanted: list[Made] = []
    for ref in catalog.of_kind(KIND):
        asked = open_questions(catalog.documents[ref].value["spec"])
        run = answers_run(ref, asked)
        if asked and not begun(observed, run):
            wanted.append(answering(sight, ref))
    found.take(start_made(sight, wanted).values())
    return found


def answers_run(ref: Ref, asked: Sequence[Mapping[str, Any]]) -> str:
    """Return the name of the run that answers exactly these questions."""
    told = json.dumps([[each["id"], each["text"]] for each in asked])
    return made_run(ref, part=sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:8])


def answering(sight: Sight, ref: Ref) -> Made:
    """Return the run that answers the open questions of a session."""
    document = sight.catalog.documents[ref]
    asked = open_questions(document.value["spec"])
    number = f"{len(asked)} question{'s' if len(asked) > 1 else ''}"
    question = Question(
        title=f"Answer {number} of {ref.name}",
        task="\n\n".join(_task(asked)),
        instructions=_INSTRUCTIONS,
        workflow=WORKFLOW,
        step="answer",
        type="answerer",
        session="answering",
        harvest=FrozenHarvest(
            sort="answers",
            kind=ref.kind,
            name=ref.name,
            path=document.path,
            most=len(asked),
            given={"questions": [str(each["id"]) for each in asked]},
        ),
    )
    told = Told(f"{number} without an answer", sight.observed.branch)
    return made_session(document, answers_run(ref, asked), question, source="answering", told=told)


def _task(asked: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield (
        "Answer these questions about this repository, as far as it shows the answer. Each has an "
        "id, which your answer repeats."
    )
    for each in asked:
        yield f"## `{each['id']}`\n\n{as_data(str(each['text']), source='question')}"
