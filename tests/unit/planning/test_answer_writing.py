"""Answers are written into people's files: only what is meant changes, whatever the layout."""

import random
from typing import Any

import pytest
import yaml

from courier.planning.answers.writing import Unwritable, with_answers, with_approval
from courier.planning.documents.manifest import Schemas, read_manifest
from courier.planning.documents.references import Ref
from courier.shipped import schema_text

SCHEMAS = Schemas(schema_text)
REF = Ref("AnsweringSession", "weekly-1")
PATH = ".courier/answers/weekly-1.yaml"
NEW: list[dict[str, Any]] = [
    {"question": "who", "answer": "Me.\n\nAnd: you.", "confidence": 0.8, "approved": False},
    {"question": "why", "answer": "# because", "confidence": 1.0, "approved": False},
]

HEAD = "apiVersion: courier/v1\nkind: AnsweringSession\nmetadata: {name: weekly-1}\n"
PLAIN = f"""\
# yaml-language-server: $schema=../schema.json
{HEAD}spec:
  # The scan.
  scan: weekly   # kept
  questions:
    - id: who    # first
      text: Who?
    # second
    - {{id: why, text: "Why?"}}
"""
DASHES_AT_THE_KEY = f"""\
{HEAD}spec:
    questions:
    - id: who
      text: |
        Who?

        - not an item
    - id: why
      text: Why?

    # The end.
    scan: weekly
"""
EMPTY_LIST = f"""\
{HEAD}spec:
  answers: []
  questions:
    - id: who
      text: Who?
    - id: why
      text: Why?
"""
SOME = f"""\
{HEAD}spec:
  questions:
    - id: who
      text: Who?
    - id: why
      text: Why?
    - id: when
      text: When?
  answers:
    - question: when
      # checked twice
      answer: >-
        Now.

      approved: true

# after
---
apiVersion: courier/v1
kind: Project
metadata: {{name: demo}}
spec: {{}}
"""
FLOW = (
    "--- # one line\n{apiVersion: courier/v1, kind: AnsweringSession, metadata: {name: weekly-1}, "
    "spec: {questions: [{id: who, text: Who}, {id: why, text: Why}]}}\n"
)
NO_LAST_LINE_END = (
    f"{HEAD}spec:\n  questions:\n  - id: who\n    text: Who?\n  - id: why\n    text: Why?"
)
LAYOUTS = [PLAIN, DASHES_AT_THE_KEY, EMPTY_LIST, SOME, FLOW, NO_LAST_LINE_END]


def values(text: str) -> list[Any]:
    return list(yaml.safe_load_all(text))


def lines_lost(before: str, after: str) -> list[str]:
    left = after.split("\n")
    return [line for line in before.split("\n") if line.strip() and line not in left]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("text", LAYOUTS)
def test_answers_are_added_and_nothing_else_changes(text: str, end: str) -> None:
    content = text.replace("\n", end).encode()
    made = with_answers(PATH, content, REF, NEW, schemas=SCHEMAS)
    before, after = values(text), values(made.decode())
    was = before[0]["spec"].pop("answers", [])
    assert after[0]["spec"].pop("answers") == [*was, *NEW]
    assert after == before
    assert (b"\r\n" in made) == (end == "\r\n")
    if text not in (FLOW, EMPTY_LIST):
        assert lines_lost(text, made.decode().replace("\r\n", "\n")) == []


def test_answers_stand_where_people_would_write_them() -> None:
    made = with_answers(PATH, PLAIN.encode(), REF, NEW[:1], schemas=SCHEMAS).decode()
    assert made == PLAIN + (
        "  answers:\n"
        "    - question: who\n"
        "      answer: |-\n"
        "        Me.\n"
        "\n"
        "        And: you.\n"
        "      confidence: 0.8\n"
        "      approved: false\n"
    )


@pytest.mark.parametrize("text", LAYOUTS)
def test_approval_changes_one_line_an_answer(text: str) -> None:
    content = with_answers(PATH, text.encode(), REF, NEW, schemas=SCHEMAS)
    made = with_approval(PATH, content, REF, ["why"], schemas=SCHEMAS)
    told = {
        each["question"]: each["approved"] for each in values(made.decode())[0]["spec"]["answers"]
    }
    assert {name: told[name] for name in ("who", "why")} == {"who": False, "why": True}
    pairs = zip(content.splitlines(), made.splitlines(), strict=True)
    assert sum(old != new for old, new in pairs) == 1


def test_an_answer_that_says_nothing_of_approval_gets_a_line() -> None:
    text = PLAIN + "  answers:\n    - answer: Me.\n      question: who\n"
    made = with_approval(PATH, text.encode(), REF, ["who"], schemas=SCHEMAS).decode()
    assert made == text + "      approved: true\n"


@pytest.mark.parametrize("text", [HEAD, "kind: [", PLAIN.replace("weekly-1}", "other}")])
def test_a_file_without_the_session_is_refused(text: str) -> None:
    with pytest.raises(Unwritable):
        with_answers(PATH, text.encode(), REF, NEW, schemas=SCHEMAS)


def test_random_words_in_random_layouts_come_back() -> None:
    dice = random.Random(11)
    signs = "abc :#-[]{}&*!|>'\"%@`,?\n\t~=<"
    for _ in range(150):
        text = dice.choice(LAYOUTS)
        said = "x" + "".join(dice.choices(signs, k=dice.randint(0, 40))).strip() + "x"
        answer = {"question": "who", "answer": said, "approved": False}
        made = with_answers(PATH, text.encode(), REF, [answer], schemas=SCHEMAS)
        (session, *_) = read_manifest(PATH, made, schemas=SCHEMAS).documents
        assert session.value["spec"]["answers"][-1]["answer"] == said
