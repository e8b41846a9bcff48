"""Answers that people approved, as runs are told them."""

from collections.abc import Sequence
from typing import Final

from courier.resources.model import Model
from courier.runs.texts.material import bounded

MOST: Final = 24_000
"""Most characters of all answers together that a prompt repeats; the last are cut first."""

_LONGEST: Final = 6_000


class FrozenAnswer(Model):
    """An answer that a person approved."""

    session: str
    """The AnsweringSession it stands in."""
    id: str
    """The question's id."""
    question: str
    answer: str


def told(answers: Sequence[FrozenAnswer]) -> str:
    """Return answers as a part of a prompt; nothing without any."""
    left = MOST
    parts: list[str] = []
    for each in answers:
        text = f"**{each.question.strip()}**\n\n{bounded(each.answer.strip(), _LONGEST)}"
        if len(text) > left:
            parts.append(f"{len(answers) - len(parts)} more are in `.courier/`.")
            break
        left -= len(text)
        parts.append(text)
    if not parts:
        return ""
    preface = "People approved these answers; what they say holds."
    return "\n\n".join(["# Approved answers", preface, *parts])
