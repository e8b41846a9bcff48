"""Files and folders stay small enough to read, and rooms say what they are for."""

from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "courier").rglob("*.py"))
PACKAGES = sorted(path for path in SOURCES if path.name == "__init__.py")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_file_outgrows_the_house(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= 400, f"{name_of(path)} has {lines} lines: split it by noun"


def test_few_files_are_near_the_limit() -> None:
    long = [name_of(path) for path in SOURCES if len(path.read_text().splitlines()) > 300]
    assert not long, "over 300 lines: split by noun, or say in CONTRIBUTING why not"


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_every_room_says_what_it_is_for_and_what_not(path: Path) -> None:
    if path.parent == ROOT / "courier" or path.parent.parent != ROOT / "courier":
        return
    text = path.read_text()
    assert "For:" in text
    assert "Not for:" in text


def test_every_test_module_has_a_name_of_its_own() -> None:
    named = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [name for name, often in named.items() if often > 1]
