import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.errors import Misused
from courier.storage.names import branch_ref, checked_path, is_ref


@pytest.mark.parametrize("name", ["main", "courier/state", "feature/é", "a.b", "a-b", "x@y", "@x"])
def test_branch_names_git_takes(name: str) -> None:
    assert branch_ref(name) == f"refs/heads/{name}"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-x",
        "--all",
        "a..b",
        "a b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "/a",
        "a/",
        "a//b",
        ".a",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a.",
        "@{0}",
        "HEAD",
        "a\nb",
        "a\x7f",
        "x" * 300,
        "refs/heads/a",
    ],
)
def test_branch_names_git_does_not_take(name: str) -> None:
    with pytest.raises(Misused):
        branch_ref(name)


@given(st.text(alphabet="ab.-/@{~:\\* \x01", min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_what_is_let_through_git_takes_too(name: str) -> None:
    ref = f"refs/heads/{name}"
    if is_ref(ref):
        subprocess.run(["git", "check-ref-format", ref], check=True)


@pytest.mark.parametrize(
    "path",
    ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.git/b", ".GIT", "a\nb", "a\0b", "x" * 2000],
)
def test_paths_no_tree_should_hold(path: str) -> None:
    with pytest.raises(Misused):
        checked_path(path)


def test_ordinary_paths() -> None:
    assert checked_path("runs/2026/11/é file.json") == "runs/2026/11/é file.json"
