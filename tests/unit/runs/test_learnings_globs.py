"""Two globs: whether one file can be meant by both, against a search of real paths."""

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.runs.learnings.globs import can_meet

NAMES = ("a", "b", "a.py", "b.md")
FOLDERS = ("a", "b")
PATHS = [
    "/".join((*folders, name))
    for depth in (0, 1, 2)
    for folders in product(FOLDERS, repeat=depth)
    for name in NAMES
]
parts = st.sampled_from(["a", "b", "*", "**", "*.py", "?", "a*", "*.md"])
globs = st.lists(parts, min_size=1, max_size=3).map("/".join)


def means(glob: str, path: str) -> bool:
    """Return whether a glob means a path, or a folder it is in."""
    while glob.endswith("/**"):
        glob = glob.removesuffix("/**")
    pattern = re.escape(glob).replace(r"\*\*/", "(?:[^/]+/)*").replace(r"\*\*", ".*")
    pattern = pattern.replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    below = "" if glob.endswith((".py", ".md")) else "(?:/.*)?"
    return re.fullmatch(f"{pattern}{below}", path) is not None


@settings(max_examples=300)
@given(globs, globs)
def test_what_a_file_shows_is_never_denied(one: str, other: str) -> None:
    shared = any(means(one, path) and means(other, path) for path in PATHS)
    assert can_meet(one, other) or not shared
    assert can_meet(one, other) == can_meet(other, one)


@settings(max_examples=300)
@given(globs, st.sampled_from([path for path in PATHS if path.endswith(".py")]))
def test_of_one_file_it_is_exact(glob: str, path: str) -> None:
    assert can_meet(glob, path) == means(glob, path)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("src/**", "src/api/view.py", True),
        ("src/**", "docs/**", False),
        ("src", "src/api/view.py", True),
        ("src/", "src/api", True),
        ("services/shop/**", "services/shop/db/*.sql", True),
        ("services/shop/**", "services/pay/db/*.sql", False),
        ("**/*.sql", "services/**", True),
        ("**/*.sql", "services/shop/a.py", False),
        ("*.md", "docs/guide.md", False),
        ("docs/*.md", "docs/guide.md", True),
        ("test_*.py", "*_test.py", True),
        ("tests/test_*.py", "tests/conf*.py", False),
        ("src/**.py", "src/a/b.py", True),
        ("a[1].py", "a1.py", False),
        ("a[1].py", "a[1].py", True),
    ],
)
def test_examples(one: str, other: str, *, meet: bool) -> None:
    assert can_meet(one, other) is meet


def test_a_hostile_pattern_is_decided_at_once() -> None:
    deep = "/".join(["*"] * 240)
    assert can_meet(deep, f"{deep}/x")
    crossing = "**/a/" * 60
    assert not can_meet(f"{crossing}b.py", f"{crossing}c.py")
