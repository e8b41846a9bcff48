import errno
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from courier.storage.gate.pathrules import (
    Spellings,
    link_finding,
    mode_finding,
    path_finding,
    protected_finding,
)

NAMES = st.sampled_from(["a", "b", "c"])
FOLDERS = st.lists(NAMES, min_size=0, max_size=3).map("/".join)
TARGETS = st.lists(st.sampled_from(["a", "b", "c", "..", ".", ""]), min_size=1, max_size=5).map(
    "/".join
)


@given(
    st.dictionaries(st.tuples(FOLDERS, st.sampled_from(["l", "m", "n"])), TARGETS, max_size=4),
    st.lists(FOLDERS, max_size=4),
)
@example(links={("", "l"): "a//a"}, folders=[])
@settings(max_examples=60, deadline=None)
def test_links_let_through_never_lead_outside(
    links: dict[tuple[str, str], str], folders: list[str]
) -> None:
    """On a real file system, with links that may go through each other."""
    with TemporaryDirectory() as name:
        root = Path(name).resolve() / "x" / "y" / "z" / "root"
        root.mkdir(parents=True)
        for folder in folders:
            (root / folder).mkdir(parents=True, exist_ok=True)
        made = []
        for (folder, link), target in links.items():
            path = f"{folder}/{link}".lstrip("/")
            if link_finding(path, target.replace("a", "l").encode()) is None:
                (root / folder).mkdir(parents=True, exist_ok=True)
                (root / path).symlink_to(target.replace("a", "l"))
                made.append(root / path)
        for link_path in made:
            if _goes_round(link_path):
                continue
            found = Path(os.path.realpath(link_path))
            assert found == root or root in found.parents


def _goes_round(link: Path) -> bool:
    """Whether a link leads to itself, which is nowhere; `realpath` makes a path up for it."""
    try:
        os.stat(link)  # noqa: PTH116 - `Path.exists` would hide which error it is
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


@given(st.binary(max_size=40))
def test_any_bytes_get_an_answer(raw: bytes) -> None:
    found = path_finding(raw)
    if found is None:
        path = raw.decode()
        assert all(part not in ("", ".", "..") for part in path.split("/"))
        assert path.isprintable() or not path.isascii()


@pytest.mark.parametrize(
    "path",
    [
        "a/.git/x",
        "GIT~1/x",
        ".git ",
        ".git.",
        ".Git::$INDEX_ALLOCATION",
        "a//b",
        "a\u200bb",
        "a\u2066b",
    ],
)
def test_paths_refused(path: str) -> None:
    assert path_finding(path.encode()) is not None


@pytest.mark.parametrize(
    "path", [".gitignore", "git", "a.git", ".github/x", "naïve.md", "a b", "..a", "a:b"]
)
def test_paths_let_through(path: str) -> None:
    assert path_finding(path.encode()) is None


def test_modes() -> None:
    assert [
        mode for mode in ("100644", "100755", "120000", "000000") if mode_finding("x", mode)
    ] == []
    assert mode_finding("x", "160000") is not None
    assert mode_finding("x", "040000") is not None


@pytest.mark.parametrize(
    ("path", "glob", "hit"),
    [
        ("infra/prod/x.tf", "infra/**", True),
        ("infra/prod/x.tf", "infra", True),
        ("INFRA/x", "infra/**", True),
        ("infrastructure/x", "infra", False),
        ("a/b/secret.yaml", "**/secret.yaml", True),
        ("secret.yaml", "**/secret.yaml", True),
        ("a/x.pem", "*.pem", False),
        ("x.pem", "*.pem", True),
        ("a/x.pem", "**/*.pem", True),
        ("docs/a.md", "docs/?.md", True),
        ("docs/ab.md", "docs/?.md", False),
        ("a+b/x", "a+b/", True),
        ("aab/x", "a+b/", False),
        ("e\u0301/x", "\u00e9/**", True),
    ],
)
def test_globs(path: str, glob: str, hit: bool) -> None:
    assert (protected_finding(path, (glob,)) is not None) is hit


def test_spellings_follow_what_is_added_and_removed() -> None:
    spelt = Spellings(["src/a.py", "README.md"])
    spelt.add("SRC/b.py")
    assert spelt.collision("SRC/b.py") is not None
    spelt.remove("src/a.py")
    assert spelt.collision("SRC/b.py") is None
    spelt.add("readme.MD")
    assert spelt.collision("readme.MD") is not None
