"""Warnings of learnings that expire or contradict each other, by the day and by all files."""

from datetime import date

import pytest
import yaml

from courier.planning.catalog.learning_notes import notes

TODAY = date(2026, 11, 22)


def document(name: str, **spec: object) -> dict[str, object]:
    told = {
        "description": "Why.",
        "trigger": f"Occasion {name}",
        "correctBehavior": f"Behaviour of {name}",
        "severity": "minor",
        "category": "tool",
    }
    return {
        "apiVersion": "courier/v1",
        "kind": "Learning",
        "metadata": {"name": name},
        "spec": told | spec,
    }


def codes(*documents: object, today: date = TODAY) -> list[str]:
    files = {
        f".courier/{number}.yaml": yaml.safe_dump(one).encode()
        for number, one in enumerate(documents)
    }
    return [found.code for found in notes(files, today=today)]


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (date(2026, 11, 1), []),
        (date(2026, 11, 16), ["LearningExpires"]),
        (date(2026, 11, 30), ["LearningExpires"]),
        (date(2026, 12, 1), ["LearningExpired"]),
    ],
)
def test_two_weeks_ahead_and_for_ever_after(day: date, told: list[str]) -> None:
    assert codes(document("a", expires=date(2026, 11, 30)), today=day) == told


def test_the_later_one_is_blamed_for_a_contradiction() -> None:
    one = document("a", trigger="You commit", correctBehavior="Run the linter.")
    other = document("b", trigger="You commit", correctBehavior="Never run the linter.")
    files = {
        ".courier/a.yaml": yaml.safe_dump(one).encode(),
        ".courier/b.yaml": yaml.safe_dump(other).encode(),
    }
    (found,) = notes(files, today=TODAY)
    assert found.code == "LearningsContradict"
    assert found.detail.startswith('"b" and "a" ask for different things')
    assert found.position is not None
    assert found.position.file == ".courier/b.yaml"


@pytest.mark.parametrize(
    "changes",
    [{"status": "rejected"}, {"status": "proposed"}, {"expires": date(2026, 1, 1)}],
)
def test_what_is_not_told_contradicts_nothing(changes: dict[str, object]) -> None:
    one = document("a", trigger="You commit", correctBehavior="Run the linter.")
    spec = {"trigger": "You commit", "correctBehavior": "Never run the linter."}
    assert "LearningsContradict" not in codes(one, document("b", **(spec | changes)))


@pytest.mark.parametrize("odd", [None, [], {"kind": "Learning"}, {"kind": "Learning", "spec": 3}])
def test_what_is_broken_is_for_others_to_tell(odd: object) -> None:
    assert codes(odd, document("a", expires="soon"), document("b", expires=3)) == []
