"""What OpenCode's lines mean where no recording of a whole process shows it."""

import json

import pytest

from courier.agents.opencode import OpenCodeTranslator
from courier.agents.opencode.stream import IN_VAIN
from tests.unit.agents.replay import recording, translate

EMPTY = [line for line in recording("opencode", "nothing").lines if '"step_' in line][:2]
"""A step without any content, as it was recorded."""


def _part(kind: str, said: str) -> str:
    return json.dumps({"type": kind, "sessionID": "s", "part": {"text": said}})


def test_a_provider_that_answers_with_nothing_for_ever_ends_the_turn() -> None:
    translator = OpenCodeTranslator()
    for asked in range(1, IN_VAIN + 1):
        assert not translator.finished
        translate(translator, EMPTY)
        assert translator.finished == (asked == IN_VAIN)
    translator.line(EMPTY[0])
    assert translator.finished
    outcome = translator.outcome(None, stderr="")
    assert (outcome.reason, outcome.retryable) == ("Unreachable", True)
    assert "base URL" in outcome.message


@pytest.mark.parametrize(("kind", "anew"), [("text", True), ("reasoning", True), ("other", False)])
def test_content_in_between_begins_the_count_anew(kind: str, anew: bool) -> None:
    translator = OpenCodeTranslator()
    for _ in range(3):
        translate(translator, EMPTY * (IN_VAIN - 1))
        translate(translator, [EMPTY[0], _part(kind, "Here I am."), EMPTY[1]])
    assert translator.finished != anew
