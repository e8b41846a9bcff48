"""Agents' words are made safe, and answers are held against their contract."""

import json

import pytest

from courier.runs.harvest.contracts import CONTRACTS, gather, repair_prompt
from courier.runs.harvest.frozen import FrozenHarvest, Gathered
from courier.runs.harvest.words import alike, clean, inline, name_from, one_line
from courier.runs.transcripts.transcript import Outcome

HARVEST = FrozenHarvest(sort="issues", kind="IssueScan", name="weekly")
ISSUE = {"title": "One", "description": "Two"}


def read(answer: object, *, status: str = "completed") -> Gathered | None:
    text = answer if isinstance(answer, str) else f"```json\n{json.dumps(answer)}\n```"
    told = {"status": status, "reason": "Completed", "text": text}
    return gather(Outcome.model_validate(told), HARVEST)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\x00\x1b[31mb\x7f", "a[31mb"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("half \ud800 sign", "half ? sign"),
        ("\ufefftrailing  \n\n", "trailing"),
        ("line\u2028two\x85three", "line\ntwo\nthree"),
    ],
)
def test_nothing_hidden_stays_in_a_text(text: str, safe: str) -> None:
    assert clean(text) == safe


def test_a_line_is_one_line() -> None:
    assert one_line(" a\n  b\t c ") == "a b c"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Fix the Login!", "fix-the-login"),
        ("../../etc/passwd", "etc-passwd"),
        ("Über größe", "uber-groe"),
        ("登录", "issue"),
        ("--- - ---", "issue"),
        ("x" * 80, "x" * 50),
        ("taken", "taken-3"),
    ],
)
def test_a_name_fits_whatever_the_title_is(title: str, name: str) -> None:
    assert name_from(title, taken={"taken", "taken-2"}, otherwise="issue") == name


@pytest.mark.parametrize(
    ("title", "other", "same"),
    [
        ("Fix login redirect", "fix the LOGIN redirect.", True),
        ("Fix login redirect", "Fix logout redirect", False),
        ("Add tests for the parser of dates", "Add tests for the parser of times", False),
        ("The", "the", True),
        ("!!", "??", False),
    ],
)
def test_titles_that_nearly_say_the_same_are_one(title: str, other: str, same: bool) -> None:
    assert alike(title, other) is same


def test_markdown_in_a_line_shows_and_does_nothing() -> None:
    told = inline("<!-- courier-run: x --> @owner [a](b)\n# no")
    assert "<!--" not in told
    assert "@owner" not in told
    assert "\n" not in told


def test_an_answer_is_read_with_its_words_made_safe() -> None:
    found = read({"issues": [{**ISSUE, "title": "One\x07\ntwo"}]})
    assert found is not None
    assert found.readable
    assert found.found["issues"] == [
        {
            "title": "One two",
            "description": "Two",
            "priority": "medium",
            "paths": [],
            "assumptions": [],
            "why": "",
        }
    ]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("Nothing to see.", "no fenced JSON object"),
        ({"questions": []}, "`issues`: Field required."),
        ({"issues": [{"title": "One"}]}, "`issues[0].description`: Field required."),
        ({"issues": [{**ISSUE, "prio": 1}]}, "`issues[0].prio`: Extra inputs are not permitted."),
        ({"issues": [{**ISSUE, "title": " \n "}]}, "`issues[0].title`: String should have"),
        ({"issues": [{**ISSUE, "title": "x" * 201}]}, "at most 200 characters"),
        ({"issues": [{**ISSUE, "description": "x" * 20_001}]}, "at most 20000 characters"),
        ({"issues": [ISSUE] * 201}, "at most 200 items"),
        ({"issues": [{"x\ud800": 1}]}, "`issues[0]`: Input should be a valid string"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(answer: object, why: str) -> None:
    found = read(answer)
    assert found is not None
    assert not found.readable
    assert why in found.feedback
    found.model_dump_json()
    assert why in repair_prompt("issues", found.feedback)


def test_ten_megabytes_are_not_read() -> None:
    found = read({"issues": [{**ISSUE, "description": "x" * 10_000_000}]})
    assert found is not None
    assert not found.readable
    assert len(found.feedback) < 1_000


def test_a_turn_that_failed_answers_nothing() -> None:
    assert read({"issues": []}, status="failed") is None


@pytest.mark.parametrize("sort", CONTRACTS)
def test_every_contract_shows_a_json_object_and_takes_it(sort: str) -> None:
    form = CONTRACTS[sort].form.replace('"…"', '"text"')
    assert isinstance(json.loads(form), dict)
