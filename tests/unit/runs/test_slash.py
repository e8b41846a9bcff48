"""Slash commands: recognised only at the beginning, and only those that are known."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from courier.runs.briefs.assets import FrozenCommand
from courier.runs.briefs.slash import command_document, slash_of

REVIEW = FrozenCommand(name="review", prompt="Review $ARGUMENTS with care. Again: $ARGUMENTS.")
TIDY = FrozenCommand(name="tidy-up", prompt="Tidy up.\n")
LINT = FrozenCommand(name="lint", run="make lint")
ALL = (REVIEW, TIDY, LINT)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("/review src/a.py", "Review src/a.py with care. Again: src/a.py."),
        (
            "  /review\n\nthe whole\nof it\n",
            "Review the whole\nof it with care. Again: the whole\nof it.",
        ),
        ("/review", "Review  with care. Again: ."),
        ("/tidy-up", "Tidy up."),
        ("/tidy-up the tests", "Tidy up.\n\nthe tests"),
    ],
)
def test_a_known_one_is_expanded(text: str, expanded: str) -> None:
    slash = slash_of(text, ALL)
    assert slash is not None
    assert slash.expanded == expanded


@pytest.mark.parametrize(
    "text", ["/lint", "/reviews", "/review/x", "/ review", "Do /review", "", "/", "/unknown x"]
)
def test_anything_else_is_text(text: str) -> None:
    assert slash_of(text, ALL) is None


@given(st.text(), st.text())
def test_the_file_of_a_command_is_front_matter_and_its_prompt(
    description: str, prompt: str
) -> None:
    command = FrozenCommand(name="x", description=description, prompt=prompt)
    _, head, body = command_document(command).split("---\n", 2)
    assert body.strip() == prompt.strip()
    told = head.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if told.isprintable():
        assert yaml.safe_load(told)["description"] == (description or "x")
