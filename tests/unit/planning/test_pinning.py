"""A pin is written into a file and nothing else in it changes."""

import pytest

from courier.planning.documents.manifest import Document
from courier.planning.documents.pinning import with_pin
from courier.planning.documents.references import Ref
from tests.unit.planning.catalogs import reading

NEW = "1234567890abcdef1234567890abcdef12345678"
OLD = "abcdef1"
STYLE = Ref("Context", "style")


def found(path: str, text: str) -> Document:
    read = reading({path: text})
    assert STYLE in read.catalog.documents, read.diagnostics
    return read.catalog.documents[STYLE]


def pinned(path: str, text: str, commit: str | None = NEW) -> str | None:
    return with_pin(found(path, text), text, commit)


HEAD = "apiVersion: courier/v1\nkind: Context\nmetadata: {name: style}  # ours\n"

ADDED = [
    ("contexts/style.md", "Short words.\n", f'---\npin: "{NEW}"\n---\nShort words.\n'),
    (
        "contexts/style.md",
        "---\n# for all\nsessions: [judge]  # so far\n---\nShort.\n",
        f'---\n# for all\nsessions: [judge]  # so far\npin: "{NEW}"\n---\nShort.\n',
    ),
    (
        "contexts/style.md",
        f"---\n{HEAD}spec:\n  description: x\n---\nShort.\n",
        f'---\n{HEAD}spec:\n  pin: "{NEW}"\n  description: x\n---\nShort.\n',
    ),
    (
        "all.yaml",
        f"kind: Nothing\n---\n{HEAD}spec:\n    # why\n    content: |\n      a\n      b\n",
        f'kind: Nothing\n---\n{HEAD}spec:\n    # why\n    pin: "{NEW}"\n    content: |\n'
        "      a\n      b\n",
    ),
    ("all.yaml", f"{HEAD}spec: {{content: a}}\n", f'{HEAD}spec: {{pin: "{NEW}", content: a}}\n'),
]


@pytest.mark.parametrize(("path", "before", "after"), ADDED)
def test_a_pin_is_added_and_taken_away(path: str, before: str, after: str) -> None:
    assert pinned(path, before) == after
    away = pinned(path, after, None)
    assert away is not None
    if before.startswith("Short"):
        assert away == "---\n---\nShort words.\n"
    else:
        assert away == before


@pytest.mark.parametrize("written", [f"pin: '{OLD}'", f'pin: "{OLD}"', f'"pin" : "{OLD}"'])
def test_a_pin_is_changed_where_it_stands(written: str) -> None:
    text = f"{HEAD}spec:\n  {written}   # as agreed\n  content: a\n"
    told = pinned("all.yaml", text)
    assert told == text.replace(f"'{OLD}'", f'"{NEW}"').replace(f'"{OLD}"', f'"{NEW}"')


def test_a_pin_inside_braces_is_changed_and_taken_away() -> None:
    text = f'{HEAD}spec: {{content: a, pin: "{OLD}", sessions: [judge]}}\n'
    assert pinned("all.yaml", text) == text.replace(OLD, NEW)
    away = pinned("all.yaml", text, None)
    assert away == f"{HEAD}spec: {{content: a, sessions: [judge]}}\n"


def test_lines_that_end_otherwise_stay_as_they_are() -> None:
    text = f"{HEAD}spec:\n  pin: '{OLD}'\n  content: a\n".replace("\n", "\r\n")
    assert pinned("all.yaml", text) == text.replace(f"'{OLD}'", f'"{NEW}"')


def test_what_cannot_be_changed_safely_is_left_alone() -> None:
    folded = f"{HEAD}spec:\n  pin:\n    {OLD}\n  content: a\n"
    assert pinned("all.yaml", folded) is None
    assert pinned("all.yaml", folded, None) is None


def test_nothing_to_take_away_is_nothing_to_change() -> None:
    assert pinned("contexts/style.md", "Short.\n", None) == "Short.\n"
