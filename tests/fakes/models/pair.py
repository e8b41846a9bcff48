"""A scripted designer that is wrong at first, and a scripted checker that really checks."""

import json
from collections.abc import Sequence

from courier.runs.roles import VERDICT_RULE
from tests.fakes.models.script import Asked, Call, Reply, Say, Script, Turn

REJECTED = "The checker rejected the work so far"
"""The heading under which a designer's prompt holds a checker's feedback."""


def pair(*, wrong: Sequence[Call], right: Sequence[Call], check: Call) -> Script:
    """Return a script for every step of a designer and checker run.

    The designer makes the calls of ``wrong``, one a turn; once its prompt holds feedback,
    those of ``right``. The checker makes the call ``check`` and judges by what came back: an
    error fails the work, with the tool's own output as feedback. Claude Code does not call
    exit code 1 of ``grep``, ``test`` or ``diff`` an error; use a program that really fails.
    """

    def answer(asked: Asked) -> Reply:
        if VERDICT_RULE in asked.prompt:
            return _checker(asked, check)
        return _designer(asked, right if REJECTED in asked.prompt else wrong)

    return answer


def _designer(asked: Asked, calls: Sequence[Call]) -> Turn:
    made = asked.turns_since_prompt
    if made < len(calls):
        return Turn.of(Say("I change it."), calls[made])
    return Turn.of(Say("The change is made."))


def _checker(asked: Asked, check: Call) -> Turn:
    if asked.turns_since_prompt == 0:
        return Turn.of(Say("I check it."), check)
    seen = asked.answers[-1]
    verdict = {
        "verdict": "fail" if seen.is_error else "pass",
        "feedback": f"The check says: {seen.text[-500:]}" if seen.is_error else "It holds.",
    }
    return Turn.of(Say(f"I have checked it.\n\n```json\n{json.dumps(verdict)}\n```"))
