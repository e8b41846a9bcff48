"""Files people name on the command line: what cannot be read or written is said, with its place."""

from pathlib import Path

import pytest

from tests.cli.place import PROJECT, Place
from tests.cli.program import courier, repository
from tests.contracts.scratch import git


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = repository(tmp_path, {".courier/project.yaml": PROJECT, "full/x": "x\n"})
    (found / "binary").write_bytes(b"\xff\xfe\x00")
    return found


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("plan draft goal --background nowhere.md", 1, "The file cannot be read."),
        ("plan draft goal --background full", 1, "Is a directory."),
        ("pr comment 1 --key plan nowhere.md", 1, "nowhere.md: No such file or directory."),
        ("pr check 1 --name x --status failure --log nowhere", 1, "The log cannot be read."),
        ("apply nowhere.plan", 1, "The plan cannot be read."),
        ("apply full", 1, "Is a directory."),
        ("apply binary", 2, "This is not a plan of this version of courier."),
        ("apply --simulate nowhere.yaml", 1, "The file cannot be read."),
        ("plan --out README.md/x.plan", 2, "The file cannot be written."),
        ("plan --out full", 2, "full: Is a directory."),
        ("schema --write README.md", 2, "The file cannot be written."),
    ],
)
def test_a_file_that_cannot_be_is_no_bug(root: Path, command: str, code: int, says: str) -> None:
    said = courier(*command.split(), cwd=root)
    assert (said.code, says in said.err) == (code, True), said.err
    assert "bug" not in said.err


def test_a_clone_that_is_behind_is_told_before_anything_is_committed(place: Place) -> None:
    other = place.folder / "other"
    git("clone", "-q", str(place.folder / "origin.git"), str(other), cwd=place.folder)
    git("commit", "-q", "--allow-empty", "-m", "Meanwhile", cwd=other)
    git("push", "-q", "origin", "main", cwd=other)
    before = git("rev-parse", "HEAD", cwd=place.root)
    said = place.courier("run", "one", "--workflow", "write", "--prompt", "Hello.", "--now")
    assert said.code == 1
    assert "Your main lacks commits that are on origin." in said.err
    assert "git pull --rebase" in said.err
    assert git("rev-parse", "HEAD", cwd=place.root) == before
    assert not (place.root / ".courier" / "runs").exists()
