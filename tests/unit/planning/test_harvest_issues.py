"""Files that are made of what a scan found: valid, safe, the same every time."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from courier.planning.documents.manifest import Schemas
from courier.planning.harvest.crop import Crop, Known, KnownDocument, Unusable
from courier.planning.harvest.reap import reap
from courier.resources.values import NAME
from courier.runs.harvest.frozen import FrozenHarvest, Gathered
from courier.runs.harvest.issues import FoundIssues
from courier.shipped import schema_text

SCHEMAS = Schemas(schema_text)
HARVEST = FrozenHarvest(sort="issues", kind="IssueScan", name="weekly", most=3)
NOTHING = Known()
HOSTILE = [
    "plain",
    "key: value",
    "- item",
    "&anchor *alias !!python/object",
    "---\napiVersion: courier/v1\nkind: Run",
    "| literal\n  more",
    "'single' \"double\" \\ back",
    "{flow: [1, 2]}",
    "# comment",
    "yes",
    "1e3",
    "2026-11-21",
    "~",
    "%YAML 1.1",
    "\ttab\n\tmore",
    "  leading\n    deeper",
    "ends with newline\n",
    "\x00\x1b]0;title\x07",
    "emoji 🎉 and \ufffe",
    "${{ secrets.TOKEN }}",
    "../../../etc/passwd",
]


def answer_of(issues: Sequence[Mapping[str, object]], *questions: str) -> Gathered:
    asked = [{"text": text} for text in questions]
    model = FoundIssues.model_validate({"issues": issues, "questions": asked}, strict=False)
    told = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Gathered(reason="Gathered", found=told)


def issue(title: str, description: str = "Look.", **more: object) -> dict[str, object]:
    return {"title": title, "description": description, **more}


def crop(
    issues: Sequence[Mapping[str, object]], *questions: str, known: Known = NOTHING, **changes: Any
) -> Crop:
    harvest = HARVEST.model_copy(update=changes)
    return reap(answer_of(issues, *questions), harvest, known, schemas=SCHEMAS)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_come_back_as_words(text: str) -> None:
    made = crop([issue(text, text, assumptions=[text], suggestedPrompt=text)], text)
    told = [yaml.safe_load(content) for content in made.files.values()]
    assert [one["kind"] for one in told] == ["Issue", "AnsweringSession"]
    spec = told[0]["spec"]
    assert set(spec) == {
        *("title", "description", "priority", "suggestedPrompt", "assumptions", "scan"),
    }
    safe = FoundIssues.model_validate({"issues": [issue(text, text)]}, strict=False).issues[0]
    assert (spec["title"], spec["description"]) == (safe.title, safe.description)
    assert re.fullmatch(NAME, told[0]["metadata"]["name"])
    assert all(re.fullmatch(r"\.courier/(issues|answers)/[a-z0-9-]+\.yaml", p) for p in made.files)


def test_random_words_always_make_valid_files() -> None:
    dice = random.Random(7)
    signs = "".join(HOSTILE) + "\n\n:#-[]{}&*!|>'\"%@`,? \u2029\u202e\x9f"
    for _ in range(300):
        text = "".join(dice.choices(signs, k=dice.randint(1, 60))) + "x"
        made = crop([issue(text, text, why=text, assumptions=[text])], text)
        assert len(made.files) == 2, text


def test_names_that_are_taken_get_a_number_and_files_are_never_written_over() -> None:
    taken = KnownDocument("Issue", "a-b", {"spec": {"title": "Quite another thing"}})
    known = Known((taken,), frozenset({".courier/issues/a-b-2.yaml"}))
    made = crop([issue("A B"), issue("A, B: c d e")], known=known)
    names = [yaml.safe_load(told)["metadata"]["name"] for told in made.files.values()]
    assert names == ["a-b-2", "a-b-c-d-e"]
    assert list(made.files) == [".courier/issues/a-b-2.2.yaml", ".courier/issues/a-b-c-d-e.yaml"]


def test_what_is_known_and_what_is_too_much_is_left_out_and_said() -> None:
    there = KnownDocument("Issue", "old", {"spec": {"title": "Fix the login"}}, "pull request #7")
    asked = {"spec": {"questions": [{"id": "who", "text": "Who reads it?"}]}}
    session = KnownDocument("AnsweringSession", "weekly-1", asked)
    made = crop(
        [issue("Fix login"), issue("One"), issue("one!"), issue("Two"), issue("Three")],
        "who reads it",
        "What for?",
        known=Known((there, session)),
        most=2,
    )
    assert sorted(made.files) == [
        ".courier/answers/weekly-2.yaml",
        ".courier/issues/one.yaml",
        ".courier/issues/two.yaml",
    ]
    left = made.body.split("## Left out")[1]
    assert "Fix login: known as Issue `old` in pull request #7." in left
    assert "one!: known as `one` above." in left
    assert "Three: more than the scan may propose." in left
    assert "who reads it: asked in AnsweringSession `weekly-1`." in left


def test_nothing_new_makes_no_files_and_says_which_nothing() -> None:
    there = KnownDocument("Issue", "old", {"spec": {"title": "Fix the login"}})
    assert crop([]).message == "The scan found nothing to do."
    told = crop([issue("Fix login")], known=Known((there,)))
    assert (told.files, told.message) == ({}, "Everything it found is known already.")


def test_documents_name_their_project_only_where_they_must() -> None:
    (content,) = crop([issue("One")], project="demo").files.values()
    assert yaml.safe_load(content)["metadata"] == {"name": "one", "project": "demo"}


def test_what_would_not_be_valid_is_refused_before_it_is_committed() -> None:
    with pytest.raises(Unusable, match="would not be valid"):
        crop([issue("One")], name="No Name At All")
