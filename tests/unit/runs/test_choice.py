"""Which candidate a judge chose: read strictly, or not at all."""

import json

import pytest

from courier.runs.replies.choice import Choice, read_choice
from tests.unit.runs.builders import completed, failed

AMONG = ("candidate-1", "candidate-3")


def said(choice: object, *, around: str = "I compared them.\n\n{}\n") -> Choice:
    fence = f"```json\n{json.dumps(choice)}\n```"
    found = read_choice(completed(around.format(fence)), agent="claude", among=AMONG)
    assert found is not None
    return found


def test_a_choice_has_a_candidate_a_ranking_and_reasons() -> None:
    found = said(
        {
            "choice": "candidate-3",
            "ranking": ["candidate-3", "candidate-1"],
            "reasons": {"candidate-3": " Right. ", "candidate-1": "Wrong."},
        }
    )
    assert (found.chosen, found.reason, found.readable) == ("candidate-3", "Chosen", True)
    assert found.ranking == ("candidate-3", "candidate-1")
    assert found.reasons == {"candidate-3": "Right.", "candidate-1": "Wrong."}


def test_a_judge_may_choose_none_and_says_why() -> None:
    found = said({"choice": "none", "ranking": [], "reasons": {"candidate-1": "Breaks login."}})
    assert (found.chosen, found.reason) == (None, "NoneChosen")
    assert found.feedback == "The judge chose none of the candidates. candidate-1: Breaks login."


WHY = {"candidate-1": "Good."}


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ({"reasons": WHY}, "`choice` must be the name of a candidate"),
        ({"choice": "candidate-2", "reasons": WHY}, "`choice` must be the name of a candidate"),
        ({"choice": ["candidate-1"], "reasons": WHY}, "`choice` must be the name of a candidate"),
        ({"choice": "candidate-1"}, "`reasons` must say why"),
        ({"choice": "candidate-1", "reasons": {"candidate-1": " "}}, "`reasons` must say why"),
        ({"choice": "candidate-3", "reasons": WHY}, "`reasons` must say why"),
        ({"choice": "none", "reasons": {}}, "`reasons` must say why"),
        ({"choice": "candidate-1", "reasons": "Good."}, "`reasons` must be an object"),
        ({"choice": "candidate-1", "reasons": {"candidate-1": 1}}, "`reasons` must hold only"),
        ({"choice": "candidate-1", "reasons": {**WHY, "x": "y"}}, "`reasons` must hold only"),
        (
            {"choice": "candidate-1", "ranking": ["candidate-3"], "reasons": WHY},
            "`ranking` must begin",
        ),
        ({"choice": "candidate-1", "ranking": "candidate-1", "reasons": WHY}, "must be a list"),
        ({"choice": "candidate-1", "ranking": [["x"]], "reasons": WHY}, "must be a list"),
        (
            {"choice": "candidate-1", "ranking": ["candidate-1"] * 2, "reasons": WHY},
            "names a candidate twice",
        ),
        (["candidate-1"], "not an object"),
    ],
)
def test_what_is_not_exactly_a_choice_says_what_is_wrong(choice: object, why: str) -> None:
    found = said(choice)
    assert (found.chosen, found.reason, found.readable) == (None, "ChoiceUnreadable", False)
    assert why in found.feedback
    assert "The candidates to choose from: candidate-1, candidate-3." in found.feedback


def test_words_without_an_object_are_no_choice() -> None:
    found = read_choice(completed("candidate-1"), agent="claude", among=AMONG)
    assert found is not None
    assert found.reason == "ChoiceUnreadable"


@pytest.mark.parametrize(
    ("output", "chosen", "reason"),
    [
        ("compared\ncandidate-3\n\n", "candidate-3", "Chosen"),
        ("  candidate-1  ", "candidate-1", "Chosen"),
        ("none\n", None, "NoneChosen"),
        ('{"choice": "candidate-1"}\n', "candidate-1", "Chosen"),
        ("candidate-1\nwell\n", None, "ChoiceUnreadable"),
        ("candidate-2", None, "ChoiceUnreadable"),
        ("", None, "ChoiceUnreadable"),
    ],
)
def test_commands_choose_by_their_last_line_or_by_an_object(
    output: str, chosen: str | None, reason: str
) -> None:
    found = read_choice(completed(output), agent="shell", among=AMONG)
    assert found is not None
    assert (found.chosen, found.reason) == (chosen, reason)


def test_a_turn_that_failed_decided_nothing() -> None:
    assert read_choice(failed(), agent="shell", among=AMONG) is None
