"""Verdicts on working trees: the same with and without git, with and without what was kept."""

import os
import subprocess
from pathlib import Path

import pytest

from courier.storage.validation import Verdict, validate_tree
from courier.storage.workingtree import find_root, has_moved, look
from tests.unit.planning.catalogs import document
from tests.unit.storage.test_reach import World

PROJECT = document("Project", "shop")
WORKFLOW = document("Workflow", "fix", "type: single")
RUN = document("Run", "a", "workflow: fix\nprompt: x")


class Tree:
    """A working tree with a cache beside it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repo"
        self.cache = folder / "cache"
        self.write("project.yaml", PROJECT)
        self.write("workflows/fix.yaml", WORKFLOW)
        self.write("runs/a.yaml", RUN)

    def write(self, path: str, text: str) -> None:
        file = self.root / ".courier" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def crowd(self) -> None:
        """Write so many documents that what is known of them is worth keeping."""
        for number in range(25):
            self.write(f"contexts/{number}.md", "Write well.\n")

    def git(self, *words: str) -> None:
        subprocess.run(["git", "-C", self.root, *words], check=True, capture_output=True)

    def commit(self) -> None:
        if not (self.root / ".git").exists():
            self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "x")

    def judge(self, *, cached: bool = True) -> Verdict:
        folder = str(self.cache) if cached else None
        return validate_tree(str(self.root), environment=os.environ, cache_folder=folder)

    def codes(self) -> list[str]:
        """Judge with and without cache; both must say the same."""
        verdict, fresh = self.judge(), self.judge(cached=False)
        assert verdict == fresh
        assert verdict == self.judge()
        return [f"{told[1]} {told[4]}:{told[5]}:{told[6]}" for told in verdict.diagnostics]


@pytest.fixture
def tree(tmp_path: Path, git_identity: None) -> Tree:
    return Tree(tmp_path)


@pytest.mark.parametrize("is_crowded", [False, True])
def test_outside_git(tree: Tree, is_crowded: bool) -> None:
    assert tree.codes() == []
    assert tree.judge().counts == {"Project": 1, "Workflow": 1, "Run": 1}
    if is_crowded:
        tree.crowd()
    tree.write("runs/a.yaml", RUN.replace("fix", "fxi"))
    assert tree.codes() == ["UnknownReference .courier/runs/a.yaml:6:13"]
    tree.write("runs/a.yaml", RUN)
    assert tree.codes() == []


@pytest.mark.parametrize("is_crowded", [False, True])
def test_in_git_every_state_of_a_file(tree: Tree, is_crowded: bool) -> None:
    if is_crowded:
        tree.crowd()
    tree.commit()
    assert tree.codes() == []
    assert tree.judge().tree
    tree.write("runs/a.yaml", RUN.replace("fix", "fxi"))
    assert tree.codes() == ["UnknownReference .courier/runs/a.yaml:6:13"]
    assert not tree.judge().tree
    tree.git("add", "-A")
    assert tree.codes() == ["UnknownReference .courier/runs/a.yaml:6:13"]
    tree.commit()
    assert tree.codes() == ["UnknownReference .courier/runs/a.yaml:6:13"]
    tree.write("runs/b.yaml", RUN)
    assert tree.codes() == [
        "UnknownReference .courier/runs/a.yaml:6:13",
        "DuplicateName .courier/runs/b.yaml:4:9",
    ]
    (tree.root / ".courier/runs/a.yaml").unlink()
    assert tree.codes() == []
    tree.git("rm", "-q", "--cached", ".courier/workflows/fix.yaml")
    assert tree.codes() == []
    (tree.root / ".courier/workflows/fix.yaml").unlink()
    assert tree.codes() == ["UnknownReference .courier/runs/b.yaml:6:13"]


def test_ignored_files_do_not_count(tree: Tree) -> None:
    (tree.root / ".gitignore").write_text("*.local.yaml\n")
    tree.write("broken.local.yaml", "a: [\n")
    tree.commit()
    assert tree.codes() == []


def test_an_empty_repository_and_one_where_nothing_is_committed(tree: Tree) -> None:
    tree.git("init", "-q")
    assert tree.codes() == []
    tree.write("runs/a.yaml", RUN + "  foo: 1\n")
    assert tree.codes() == ["UnknownField .courier/runs/a.yaml:8:3"]


def test_a_folder_of_a_repository(tmp_path: Path, git_identity: None) -> None:
    (tmp_path / "outer").mkdir()
    subprocess.run(["git", "init", "-q", tmp_path / "outer"], check=True)
    inner = Tree(tmp_path / "outer" / "inner ü")
    inner.git("add", "-A")
    inner.git("commit", "-qm", "x")
    assert inner.codes() == []
    assert inner.judge().tree
    assert sum(inner.judge().counts.values()) == 3
    inner.write("runs/ä b.yaml", RUN)
    assert inner.codes() == ["DuplicateName .courier/runs/ä b.yaml:4:9"]


def test_links_are_not_followed(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password: [\n")
    (tree.root / ".courier/link.yaml").symlink_to(tmp_path / "secret.yaml")
    assert tree.codes() == []
    tree.commit()
    assert tree.codes() == []


@pytest.mark.parametrize("damage", [b"", b"x", b"courier1", None])
def test_a_damaged_cache_costs_only_time(tree: Tree, damage: bytes | None) -> None:
    tree.crowd()
    tree.write("runs/a.yaml", RUN.replace("fix", "fxi"))
    tree.commit()
    expected = tree.codes()
    files = list(tree.cache.iterdir())
    assert len(files) == 2
    for file in files:
        data = file.read_bytes()
        file.write_bytes(data[:-7] + b"?" + data[-6:] if damage is None else damage)
    assert tree.codes() == expected


def test_a_cache_that_cannot_be_written(tree: Tree) -> None:
    tree.cache.write_text("not a folder")
    tree.commit()
    assert tree.codes() == []


def test_messages_are_kept_with_the_verdict(tree: Tree) -> None:
    tree.write("runs/a.yaml", RUN.replace("fix", "fxi"))
    tree.commit()
    first = tree.judge()
    assert [told[1] for told in first.diagnostics] == ["UnknownReference"]
    (kept,) = tree.cache.glob("tree-*")
    assert first == tree.judge()
    assert b"fxi" in kept.read_bytes()


def test_branches_share_what_is_known(tree: Tree) -> None:
    tree.crowd()
    tree.commit()
    tree.judge()
    tree.git("checkout", "-qb", "other")
    tree.write("runs/b.yaml", RUN.replace("name: a", "name: b"))
    tree.commit()
    tree.judge()
    tree.git("checkout", "-q", "-")
    (facts,) = tree.cache.glob("facts-*")
    before = facts.stat().st_mtime_ns
    for kept in tree.cache.glob("tree-*"):
        kept.unlink()
    assert tree.codes() == []
    assert facts.stat().st_mtime_ns == before


@pytest.mark.parametrize("is_crowded", [False, True])
def test_a_refused_document_follows_what_it_names(tree: Tree, is_crowded: bool) -> None:
    """Kept, judged by what a change reaches, or judged anew: the same is said of it."""
    if is_crowded:
        tree.crowd()
    tree.write("runs/a.yaml", RUN.replace("prompt: x", "prompt: 1"))
    tree.commit()
    wrong, dangling = (
        "WrongType .courier/runs/a.yaml:7:11",
        "UnknownReference .courier/runs/a.yaml:6:13",
    )
    assert tree.codes() == [wrong]
    tree.write("workflows/fix.yaml", WORKFLOW.replace("fix", "fly"))
    assert tree.codes() == [dangling, wrong]
    tree.write("workflows/fix.yaml", WORKFLOW.replace("type:", "typ: ["))
    assert tree.codes() == [wrong, "NotYaml .courier/workflows/fix.yaml:6:8"]
    tree.write("workflows/fix.yaml", WORKFLOW.replace("type", "tpye"))
    assert tree.codes() == [wrong, "UnknownField .courier/workflows/fix.yaml:6:3"]
    tree.commit()
    assert tree.codes() == [wrong, "UnknownField .courier/workflows/fix.yaml:6:3"]
    (tree.root / ".courier/workflows/fix.yaml").unlink()
    assert tree.codes() == [dangling, wrong]


def test_what_was_astray_when_all_was_judged(tree: Tree) -> None:
    """Files that were no commit's when all was remembered are looked at whatever git says now."""
    tree.crowd()
    tree.commit()
    tree.write("runs/b.yaml", RUN)
    tree.write("runs/c.yaml", RUN.replace("name: a", "name: c").replace("fix", "fxi"))
    tree.write("workflows/fix.yaml", WORKFLOW.replace("single", "sngle"))
    (tree.root / ".courier/contexts/7.md").unlink()
    expected = [
        "DuplicateName .courier/runs/b.yaml:4:9",
        "UnknownReference .courier/runs/c.yaml:6:13",
        "NotAllowedValue .courier/workflows/fix.yaml:6:9",
    ]
    assert tree.codes() == expected
    (tree.root / ".courier/runs/b.yaml").unlink()
    assert tree.codes() == expected[1:]
    tree.git("add", ".courier/runs/c.yaml")
    tree.git("commit", "-qm", "x")
    assert tree.codes() == expected[1:]
    tree.git("checkout", "-q", ".")
    assert tree.codes() == expected[1:2]
    assert sum(tree.judge().counts.values()) == 29


def test_a_tree_that_git_forgot_is_no_trouble(tree: Tree) -> None:
    tree.crowd()
    tree.commit()
    assert tree.codes() == []
    tree.write("runs/a.yaml", RUN.replace("fix", "fxi"))
    tree.git("add", "-A")
    tree.git("commit", "-q", "--amend", "-m", "x")
    tree.git("reflog", "expire", "--expire=now", "--all")
    tree.git("gc", "-q", "--prune=now")
    (facts,) = tree.cache.glob("facts-*")
    before = facts.stat().st_mtime_ns
    assert tree.codes() == ["UnknownReference .courier/runs/a.yaml:6:13"]
    assert facts.stat().st_mtime_ns != before


@pytest.mark.slow
def test_a_change_of_very_many_files(tree: Tree) -> None:
    tree.crowd()
    tree.commit()
    assert tree.codes() == []
    for number in range(320):
        tree.write(f"more/{number}.yaml", document("Context", f"more-{number}", "content: x"))
    assert tree.codes() == []
    tree.commit()
    tree.write("runs/a.yaml", RUN.replace("fix", "fxi"))
    assert tree.codes() == ["UnknownReference .courier/runs/a.yaml:6:13"]


def test_a_file_that_can_be_read_again_is_read(tree: Tree) -> None:
    tree.crowd()
    tree.commit()
    path = tree.root / ".courier/runs/a.yaml"
    path.unlink()
    tree.git("update-index", "--skip-worktree", ".courier/runs/a.yaml")
    assert tree.codes() == ["FileUnreadable .courier/runs/a.yaml:1:1"]
    path.write_text(RUN)
    assert tree.codes() == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_any_history_is_judged_as_if_nothing_were_kept(
    tmp_path: Path, git_identity: None, seed: int
) -> None:
    tree = Tree(tmp_path)
    tree.crowd()
    world = World(tree.root, seed)
    tree.commit()
    for number in range(20):
        for _ in range(world.chance.randrange(1, 4)):
            world.edit()
        match world.chance.randrange(5):
            case 0 | 1:
                tree.git("add", "-A")
                tree.git("commit", "-q", "--allow-empty", "-m", "x")
                tree.git("branch", f"b-{number}")
            case 2:
                tree.git("add", "-A")
            case 3:
                branches = [path.name for path in (tree.root / ".git/refs/heads").glob("b-*")]
                tree.git("checkout", "-qf", world.chance.choice([*sorted(branches), "HEAD"]))
        tree.codes()


def test_the_root_is_found_from_below(tree: Tree) -> None:
    deep = tree.root / "src" / "deep"
    deep.mkdir(parents=True)
    assert find_root(str(deep)) == str(tree.root)
    assert find_root(str(tree.root / ".courier")) == str(tree.root)
    assert find_root(str(tree.root.parent)) is None


def test_an_unreadable_file_is_a_problem(tree: Tree) -> None:
    tree.commit()
    (tree.root / ".courier/runs/a.yaml").unlink()
    tree.git("update-index", "--skip-worktree", ".courier/runs/a.yaml")
    assert tree.codes() == ["FileUnreadable .courier/runs/a.yaml:1:1"]


def test_a_file_edited_meanwhile_is_noticed(tree: Tree) -> None:
    tree.commit()
    looked = look(str(tree.root), os.environ)
    paths = ["project.yaml", "runs/a.yaml"]
    assert not has_moved(looked, paths, os.environ)
    tree.write("runs/a.yaml", RUN.replace("prompt: x", "prompt: y"))
    assert has_moved(looked, paths, os.environ)
    assert not has_moved(looked, ["project.yaml"], os.environ)
