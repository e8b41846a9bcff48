"""A scripted designer that is wrong at first, and a scripted checker that really checks."""

import json
from collections.abc import Sequence

from courier.runs.replies.roles import VERDICT_RULE
from tests.fakes.models.script import Asked, Call, Reply, Say, Script, Turn

REJECTED = "The checker rejected the work so far"
"""The heading under which a designer's prompt holds a checker's feedback."""


def pair(*, wrong: Sequence[Call], right: Sequence[Call], check: Call) -> Script:
    """Return a script for every step of a designer and checker run.

    The designer makes the calls of ``wrong``, one a turn; once its prompt holds feedback,
    those of ``right``. The checker makes the call ``check`` and judges by what came back: an
    error, or an answer that tells of one, fails the work, with that answer as feedback. Not every
    agent calls a failing command an error; use a program that says `Error` when it fails.
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
    failed = seen.is_error or "Error" in seen.text
    verdict = {
        "verdict": "fail" if failed else "pass",
        "feedback": f"The check says: {seen.text[-500:]}" if failed else "It holds.",
    }
    return Turn.of(Say(f"I have checked it.\n\n```json\n{json.dumps(verdict)}\n```"))
