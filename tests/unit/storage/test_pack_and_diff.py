"""Packs and tree differences read here are what git says they are, on random repositories."""

import os
import random
import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from courier.errors import Unavailable
from courier.storage.gate.work import parsed_changes
from courier.storage.objects import Tree, parsed_tree
from courier.storage.pack import Pack, applied
from courier.storage.treediff import TooMuch, tree_differences

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "a"), ("EMAIL", "a@b"), ("DATE", "1700000000 +0000"))
}
NAMES = ["a", "a.b", "a-b", "ab", "b", "ü", "with space", "z"]


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=stdin,
        env={**os.environ, **WHO},
        check=True,
        capture_output=True,
    )
    return done.stdout


def scramble(folder: Path, dice: random.Random) -> None:
    """Write, change, remove and swap files, folders and links."""
    for _ in range(12):
        path = folder.joinpath(*(dice.choice(NAMES) for _ in range(dice.randint(1, 3))))
        if any(above.is_file() or above.is_symlink() for above in path.parents):
            continue
        if path.is_dir() and not path.is_symlink():
            subprocess.run(["rm", "-rf", str(path)], check=True)
        path.unlink(missing_ok=True)
        if dice.random() < 0.3:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if dice.random() < 0.15:
            path.symlink_to("somewhere")
        else:
            lines = [f"line {dice.randint(0, 9)} {number}\n" for number in range(200)]
            path.write_text("".join(lines))
            path.chmod(0o755 if dice.random() < 0.2 else 0o644)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history")
    dice = random.Random(4711)
    git(folder, "init", "-q")
    for number in range(25):
        scramble(folder, dice)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "--allow-empty", "-m", f"{number}")
    git(folder, "repack", "-adqf", "--depth=20")
    return folder


def contents(folder: Path) -> Mapping[str, tuple[str, bytes]]:
    listed = git(folder, "rev-list", "--objects", "--all").decode().splitlines()
    found = {}
    for name in dict.fromkeys(line.split(" ")[0] for line in listed):
        kind = git(folder, "cat-file", "-t", name).decode().strip()
        found[name] = kind, git(folder, "cat-file", kind, name)
    return found


@pytest.mark.slow
def test_every_object_of_a_pack_is_read_as_git_reads_it(history: Path) -> None:
    pack = Pack.of(history / ".git" / "objects")
    for name, expected in contents(history).items():
        found = pack.get(name)
        assert found is not None
        assert (found.kind, found.content, found.size) == (*expected, len(expected[1]))
    assert pack.get("0" * 40) is None


def test_a_pack_that_lies_is_found_out(history: Path) -> None:
    pack = Pack.of(history / ".git" / "objects")
    first, second = list(pack._offsets)[:2]
    lying = Pack(pack._data, {first: pack._offsets[second]})
    with pytest.raises(Unavailable, match="not what its id says"):
        lying.get(first)
    with pytest.raises(Unavailable, match="delta"):
        applied(b"abc", b"\x03\x05\x90\x03")


def test_no_pack_holds_nothing(tmp_path: Path) -> None:
    pack = Pack.of(tmp_path)
    assert (len(pack), pack.get("0" * 40)) == (0, None)


async def test_differences_are_those_of_git(history: Path) -> None:
    pack = Pack.of(history / ".git" / "objects")

    async def read(tree: str) -> Tree:
        found = pack.get(tree)
        assert found is not None
        return parsed_tree(found.content)

    commits = git(history, "rev-list", "--reverse", "HEAD").decode().split()
    trees = [git(history, "rev-parse", f"{each}^{{tree}}").decode().strip() for each in commits]
    for old, new in [*pairwise(trees), (trees[-1], trees[0])]:
        flags = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev")
        told = parsed_changes(git(history, "diff-tree", *flags, old, new))
        found = await tree_differences(old, new, read=read, most=10_000)
        assert [tuple(each) for each in found] == [
            (each.path, each.old_mode, each.new_mode, each.old_id, each.new_id) for each in told
        ]


async def test_too_much_is_told_before_it_is_counted() -> None:
    async def read(tree: str) -> Tree:
        # Beside nothing, a folder of eight folders, each the same again, for ever.
        again = parsed_tree(b"40000 x\0" + bytes(20))[b"x"]
        return {} if tree == "1" * 40 else {bytes([97 + at]): again for at in range(8)}

    with pytest.raises(TooMuch):
        await tree_differences("1" * 40, "2" * 40, read=read, most=100)
