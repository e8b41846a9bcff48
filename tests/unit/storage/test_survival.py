"""How many merged lines are left, in real history."""

from pathlib import Path

import pytest

from courier.runs.records.statistics import Survived
from courier.storage.checkout import Checkout
from courier.storage.survival import GitSurvival
from tests.contracts.scratch import GIT_ENV, git


def commit(root: Path, name: str, lines: list[str]) -> str:
    (root / name).write_text("".join(f"{line}\n" for line in lines))
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "Work", cwd=root)
    return git("rev-parse", "HEAD", cwd=root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git("init", "-q", "-b", "main", str(tmp_path), cwd=tmp_path)
    commit(tmp_path, "a.py", ["one", "two"])
    return tmp_path


def looks(root: Path) -> GitSurvival:
    return GitSurvival(Checkout(root, GIT_ENV).git)


async def test_lines_that_were_changed_since_are_gone(root: Path) -> None:
    base = git("rev-parse", "HEAD", cwd=root)
    work = commit(root, "a.py", ["one", "two", "three of mine", "four of mine", "five of mine"])
    assert await looks(root).of(base=base, work=work, merged=None) == Survived(3, 3)
    commit(root, "a.py", ["one", "two", "three of mine", "another", "five of mine"])
    git("mv", "a.py", "moved.py", cwd=root)
    git("commit", "-q", "-m", "Move", cwd=root)
    assert await looks(root).of(base=base, work=work, merged=None) == Survived(3, 2)


async def test_a_squash_whose_branch_is_gone(root: Path) -> None:
    merged = commit(root, "b.py", ["a line of it", "another line of it"])
    commit(root, "b.py", ["a line of it"])
    told = await looks(root).of(base="f" * 40, work="e" * 40, merged=merged)
    assert told == Survived(2, 1)


async def test_what_this_clone_does_not_have_is_not_told(root: Path) -> None:
    assert await looks(root).of(base="f" * 40, work="e" * 40, merged=None) is None
    base = git("rev-parse", "HEAD", cwd=root)
    git("checkout", "-q", "-b", "side", cwd=root)
    work = commit(root, "c.py", ["never merged"])
    git("checkout", "-q", "main", cwd=root)
    assert await looks(root).of(base=base, work=work, merged=None) is None
