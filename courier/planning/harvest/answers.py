"""Answers to the questions of a session, written into its own document."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue

from courier.planning.answers.writing import Unwritable, with_answers
from courier.planning.catalog.questions import KIND, open_questions
from courier.planning.documents.manifest import Schemas
from courier.planning.documents.references import Ref
from courier.planning.harvest.crop import Crop, Known, Unusable, counted
from courier.runs.harvest.answers import FoundAnswer, FoundAnswers
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.harvest.words import inline

_SHOWN: Final = 1_000


class AnswerCrop:
    """Adds answers nobody has approved yet; a person approves what is right."""

    kinds = (KIND,)

    def crop(
        self,
        answer: Mapping[str, JsonValue],
        harvest: FrozenHarvest,
        known: Known,
        *,
        schemas: Schemas,
    ) -> Crop:
        """Return the session's file with the answers in it."""
        found = FoundAnswers.model_validate(answer, strict=False).answers
        session = next((one for one in known.of_kind(KIND) if one.name == harvest.name), None)
        if session is None or known.content is None:
            raise Unusable(f"{harvest.cause} is not in {harvest.path} any more.")
        texts = {each["id"]: each["text"] for each in open_questions(session.value["spec"])}
        kept = [each for each in found if each.question in texts]
        if not kept:
            return Crop(message="It could answer none of the questions.")
        try:
            content = with_answers(
                harvest.path,
                known.content,
                Ref(KIND, harvest.name),
                [_written(each) for each in kept],
                schemas=schemas,
            )
        except Unwritable as why:
            raise Unusable(str(why)) from why
        title = f"Answers to {counted(len(kept), 'question')} of {harvest.name}"
        return Crop({harvest.path: content}, title, _body(kept, texts, harvest))


def _written(answer: FoundAnswer) -> dict[str, Any]:
    return {
        "question": answer.question,
        "answer": answer.answer,
        "confidence": round(answer.confidence, 2),
        "approved": False,
    }


def _body(answers: list[FoundAnswer], texts: Mapping[str, str], harvest: FrozenHarvest) -> str:
    told = (
        f"An agent looked for answers to the questions in `{harvest.path}`. Agents are told only "
        "answers that say `approved: true` on this branch: set it in the file here for each that "
        "is right, correct those that are not, and merge. "
        f"`courier approve answeringsession/{harvest.name}` sets it in a checkout."
    )
    rows = ["| question | answer | sure | why |", "| --- | --- | --- | --- |"]
    rows += [_row(each, texts) for each in answers]
    missing = [text for name, text in texts.items() if name not in {a.question for a in answers}]
    left = ["## Without an answer", *(f"- {inline(text)[:_SHOWN]}" for text in missing)]
    return "\n\n".join([told, "\n".join(rows), *(["\n".join(left)] if missing else [])])


def _row(answer: FoundAnswer, texts: Mapping[str, str]) -> str:
    cells = (
        inline(texts[answer.question])[:_SHOWN],
        inline(answer.answer)[:_SHOWN],
        f"{answer.confidence:.0%}",
        inline(answer.why)[:_SHOWN],
    )
    return f"| {' | '.join(cells)} |"
