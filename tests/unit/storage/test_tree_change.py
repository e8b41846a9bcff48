"""Changes replayed on trees, held to a dictionary and to git itself."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.errors import Misused
from courier.ports.state import AppendLine, Change, DeleteFile, SwapFile, WriteFile
from courier.storage.objects import (
    EMPTY_TREE,
    Entry,
    Tree,
    object_id,
    parsed_tree,
    tree_content,
    write_objects,
)
from courier.storage.treechange import Objects, TreeChange

PATHS = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/f", "d.x", "d0", "z/y/x/w"])
BYTES = st.binary(max_size=3)


def _line(path: str, key: str) -> AppendLine:
    return AppendLine(path, json.dumps({"key": key}).encode(), key)


CHANGES = st.one_of(
    st.builds(WriteFile, PATHS, BYTES),
    st.builds(DeleteFile, PATHS, st.none() | BYTES),
    st.builds(SwapFile, PATHS, BYTES, st.none() | BYTES),
    st.builds(_line, PATHS, st.sampled_from(["k", "l"])),
)


class Store:
    """Objects in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, bytes]] = {EMPTY_TREE: ("tree", b"")}
        self.objects = Objects(self.tree, self.blob, self.write)

    async def tree(self, made: str) -> Tree:
        return parsed_tree(self.kept[made][1])

    async def blob(self, made: str) -> bytes:
        return self.kept[made][1]

    def write(self, kind: str, content: bytes) -> str:
        made = object_id(kind, content)
        self.kept[made] = (kind, content)
        return made

    def files(self, root: str, prefix: str = "") -> dict[str, bytes]:
        found = {}
        for name, entry in parsed_tree(self.kept[root][1]).items():
            path = prefix + name.decode()
            if entry.is_tree:
                inside = self.files(entry.id, path + "/")
                assert inside, "no empty folders"
                found.update(inside)
            else:
                found[path] = self.kept[entry.id][1]
        return found


def expected(files: dict[str, bytes], change: Change) -> None:
    """Make the change on a dictionary."""
    before = files.get(change.path)
    match change:
        case WriteFile(content=content):
            files[change.path] = content
        case DeleteFile(was=was):
            if was in (None, before):
                files.pop(change.path, None)
        case SwapFile(content=content, was=was):
            if before == was:
                files[change.path] = content
        case AppendLine(line=line):
            if line not in (before or b"").split(b"\n"):
                end = b"" if not before or before.endswith(b"\n") else b"\n"
                files[change.path] = (before or b"") + end + line + b"\n"


def apply(store: Store, root: str, *batches: list[Change]) -> str:
    async def run() -> str:
        change = TreeChange(store.objects, root)
        for batch in batches:
            await change.apply(batch)
        return await change.written()

    return asyncio.run(run())


@given(st.lists(st.lists(CHANGES, max_size=5), max_size=5))
@settings(max_examples=50, deadline=None)
def test_it_agrees_with_a_dictionary_in_one_go_or_one_by_one(batches: list[list[Change]]) -> None:
    files: dict[str, bytes] = {}
    for batch in batches:
        for change in batch:
            expected(files, change)
    store = Store()
    at_once = apply(store, EMPTY_TREE, *batches)
    one_by_one = EMPTY_TREE
    for batch in batches:
        one_by_one = apply(store, one_by_one, batch)
        assert apply(store, one_by_one, []) == one_by_one
    assert store.files(at_once) == files
    assert at_once == one_by_one


def test_git_reads_what_was_written(tmp_path: Path) -> None:
    def git(*args: str) -> str:
        return subprocess.run(
            ["git", *args], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q", "--bare")
    store = Store()
    made: list[tuple[str, bytes]] = []

    def write(kind: str, content: bytes) -> str:
        made.append((kind, content))
        return object_id(kind, content)

    store.objects = Objects(store.tree, store.blob, write)
    changes: list[Change] = [
        WriteFile(path, path.encode()) for path in ("d/a", "d.x", "d0", "dé", "a", "d-/x")
    ]
    root = apply(store, EMPTY_TREE, changes)
    write_objects(tmp_path / "objects", [*made, *made])
    assert git("fsck", "--strict", root) == ""
    listed = git("ls-tree", "-r", "-z", "--name-only", root).split("\0")[:-1]
    assert sorted(listed) == sorted(change.path for change in changes)


def test_a_batch_is_made_whole_or_not_at_all() -> None:
    async def run() -> dict[str, bytes]:
        store = Store()
        change = TreeChange(store.objects, EMPTY_TREE)
        await change.apply([WriteFile("a", b"1")])
        for bad in ("a/b", "../x"):
            with pytest.raises(Misused):
                await change.apply(
                    [WriteFile("a", b"2"), WriteFile("c/d", b"2"), WriteFile(bad, b"")]
                )
        await change.apply([WriteFile("c", b"3")])
        return store.files(await change.written())

    assert asyncio.run(run()) == {"a": b"1", "c": b"3"}


@given(
    st.dictionaries(
        st.binary(min_size=1, max_size=4).filter(lambda n: not {0, 47} & set(n)),
        st.sampled_from(["100644", "100755", "120000", "40000"]),
        max_size=6,
    )
)
def test_trees_survive_the_way_there_and_back(names: dict[bytes, str]) -> None:
    entries = {name: Entry(mode, "ab" * 20) for name, mode in names.items()}
    assert parsed_tree(tree_content(entries)) == entries
