"""Which learnings say the same, and which contradict one another."""

from itertools import pairwise

import pytest
from hypothesis import given, settings

from courier.runs.learnings.lesson import Lesson
from courier.runs.learnings.likeness import like, likeness, mark
from tests.unit.runs.lessons import lesson, lessons


def about(trigger: str, behavior: str, **changes: object) -> Lesson:
    told = {"trigger": trigger, "correct_behavior": behavior, **changes}
    return lesson().model_copy(update=told)


FORMAT = about("When changing Python files", "Run ruff format before committing.")


@pytest.mark.parametrize(
    "other",
    [
        about("when changing python  files!", "run Ruff format, before committing"),
        about("When changing Python files", "Run ruff format before you commit; committing."),
        about("When you are changing Python files", "Run ruff format before committing."),
        about("When changing Python files", "Before committing, run ruff format.", roles=("x",)),
    ],
)
def test_the_same_in_other_words_is_the_same(other: Lesson) -> None:
    assert likeness(FORMAT, other) == likeness(other, FORMAT) == "same"


@pytest.mark.parametrize(
    "other",
    [
        about("When changing Python files", "Never run ruff format before committing."),
        about("When changing Python files", "Don't run ruff format before committing."),
        about("When changing Python files", "Use black and leave imports alone."),
    ],
)
def test_one_occasion_and_another_behaviour_contradict(other: Lesson) -> None:
    assert likeness(FORMAT, other) == likeness(other, FORMAT) == "contrary"


@pytest.mark.parametrize(
    "other",
    [
        about("When writing documentation", "Run the spelling checker."),
        about("When deploying", "Never run ruff format before committing."),
        about("When changing Python files", "Use black.", roles=("planner",), scope=("docs/**",)),
    ],
)
def test_others_have_nothing_to_do_with_each_other(other: Lesson) -> None:
    told = FORMAT.model_copy(update={"roles": ("designer",)})
    assert likeness(told, other) is None


def test_only_others_are_listed() -> None:
    twin = FORMAT.model_copy(update={"name": "twin"})
    assert like(FORMAT, [FORMAT, twin], "same") == [twin]


@settings(max_examples=25)
@given(lessons)
def test_it_is_mutual(every: list[Lesson]) -> None:
    for one, other in pairwise(every):
        assert likeness(one, other) == likeness(other, one)
        assert likeness(one, one) == "same"


def test_the_mark_knows_no_case_space_or_punctuation() -> None:
    assert mark(FORMAT) == mark(
        about("WHEN changing: python files", "run ruff-format before committing")
    )
    assert mark(FORMAT) != mark(about("When changing Python files", "Run black."))
