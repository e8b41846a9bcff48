"""Refs of a folder read without git, and whose pushes they came by."""

from pathlib import Path

from courier.storage.lookout import OwnPushes, foreign, heads, ref_places
from tests.contracts.scratch import git

ONE, TWO = "1" * 40, "2" * 40


def made(folder: Path, *flags: str) -> Path:
    git("init", "-q", "-b", "main", *flags, str(folder), cwd=folder.parent)
    return folder


def listed(folder: Path) -> dict[str, str]:
    shown = git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", cwd=folder)
    pairs = (line.split() for line in shown.splitlines())
    return {ref: commit for ref, commit in pairs}


def test_branches_are_those_that_git_tells(tmp_path: Path) -> None:
    for name, flags in (("bare", ["--bare"]), ("worked-in", [])):
        folder = made(tmp_path / name, *flags)
        assert heads(folder) == {}
        tree = git("hash-object", "-w", "-t", "tree", "/dev/null", cwd=folder)
        commits = [git("commit-tree", tree, "-m", word, cwd=folder) for word in ("a", "b")]
        for ref in ("main", "feature/deep/one", "old"):
            git("update-ref", f"refs/heads/{ref}", commits[0], cwd=folder)
        git("update-ref", "refs/courier/hidden", commits[0], cwd=folder)
        assert heads(folder) == listed(folder)
        git("pack-refs", "--all", cwd=folder)
        git("update-ref", "refs/heads/old", commits[1], cwd=folder)
        assert heads(folder) == listed(folder)
        assert heads(folder) == {
            "refs/heads/main": commits[0],
            "refs/heads/feature/deep/one": commits[0],
            "refs/heads/old": commits[1],
        }
        git("update-ref", "-d", "refs/heads/main", cwd=folder)
        assert heads(folder) == listed(folder)


def test_where_refs_are_no_files_nothing_is_said(tmp_path: Path) -> None:
    assert heads(tmp_path) is None
    folder = made(tmp_path / "r")
    (folder / ".git" / "reftable").mkdir()
    assert heads(folder) is None
    assert ref_places("https://example.com/r.git") == []
    assert ref_places(str(folder))[0] == folder / ".git" / "refs"


def test_only_pushes_of_others_are_news() -> None:
    own = OwnPushes()
    own.note("b", TWO)
    own.note("c", "")
    before = {"a": ONE, "b": ONE, "c": ONE, "d": ONE}
    assert foreign(before, {"a": ONE, "b": TWO, "d": ONE}, own) == set()
    assert foreign(before, {"a": TWO, "b": TWO, "c": TWO}, own) == {"a", "c", "d"}
    assert foreign(before, before, own) == set()
