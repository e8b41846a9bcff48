"""Commits that change files without any working tree."""

import asyncio
from collections.abc import Mapping

from courier.ports.repository import Identity
from courier.ports.state import DeleteFile, WriteFile
from courier.storage.commits import Signed, commit_tree
from courier.storage.names import checked_commit
from courier.storage.objects import EMPTY_TREE, Tree, object_id, parsed_tree, write_objects
from courier.storage.plumbing import Plumbing
from courier.storage.treechange import Objects, TreeChange


async def with_files(
    plumbing: Plumbing,
    commit: str,
    files: Mapping[str, bytes | None],
    *,
    message: str,
    author: Identity,
) -> str:
    """Return a commit right after another one, in which some files hold something else.

    What is None is not there any more.

    Deterministic: its date is that of the commit before it.
    """
    reader, made = plumbing.reader, list[tuple[str, bytes]]()

    async def read_tree(tree: str) -> Tree:
        if tree == EMPTY_TREE:
            return {}
        return parsed_tree(await reader.content(tree, kind="tree"))

    async def read_blob(blob: str) -> bytes:
        return await reader.content(blob, kind="blob")

    def write(kind: str, content: bytes) -> str:
        made.append((kind, content))
        return object_id(kind, content)

    shown = await plumbing.local.run(
        "show", "--no-patch", "--format=%T %ct", checked_commit(commit), "--"
    )
    root, seconds = shown.text.split(" ")
    change = TreeChange(Objects(read_tree, read_blob, write), root)
    await change.apply(
        [
            DeleteFile(path) if content is None else WriteFile(path, content)
            for path, content in files.items()
        ]
    )
    tree = await change.written()
    await asyncio.to_thread(write_objects, plumbing.objects, made)
    signed = Signed(author=author, committer=author, at=f"{seconds} +0000")
    return await commit_tree(
        plumbing.local, tree, parents=(commit,), message=message, signed=signed
    )
