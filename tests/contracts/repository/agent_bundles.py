"""Bundles as an agent, honest or hostile, could hand them out: built object by object."""

import subprocess
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path

from courier.storage.objects import Entry, object_id, tree_content
from tests.contracts.scratch import GIT_ENV

REF = "refs/courier/out"
AGENT = "agent <agent@courier>"
Value = str | bytes | tuple[str, str] | None
Changes = Mapping[str, Value] | Mapping[bytes, Value] | Mapping[str | bytes, Value]
Item = tuple[str, bytes, str]
"""One entry of a tree: mode, name, id."""


@dataclass
class Agent:
    """An agent's repository: objects are written without any of git's checks."""

    folder: Path
    base: str
    base_tree: str
    older: str
    files: dict[bytes, tuple[str, str]] = field(default_factory=dict)

    def write(self, kind: str, content: bytes) -> str:
        made = object_id(kind, content)
        path = self.folder / "objects" / made[:2] / made[2:]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content, 1))
        return made

    def blob(self, content: bytes | str) -> str:
        return self.write("blob", content.encode() if isinstance(content, str) else content)

    def raw_tree(self, items: Sequence[Item]) -> str:
        """Write a tree exactly as listed: order, duplicates and all."""
        return self.write(
            "tree", b"".join(f"{m} ".encode() + n + b"\0" + bytes.fromhex(i) for m, n, i in items)
        )

    def root_with(self, *items: Item) -> str:
        """Write the base's root with further entries, in git's order."""
        entries = {name: Entry(mode, made) for mode, name, made in (*self.root_items(), *items)}
        return self.write("tree", tree_content(entries))

    def root_items(self) -> list[Item]:
        listed = self.git("ls-tree", "-z", self.base_tree).split(b"\0")[:-1]
        rows = (line.partition(b"\t") for line in listed)
        return [
            (facts.split()[0].decode().lstrip("0"), name, facts.split()[2].decode())
            for facts, _, name in rows
        ]

    def tree(self, changes: Changes) -> str:
        """Write a well-formed tree: the base's files with changes; a tuple is (mode, id)."""
        files = dict(self.files)
        for name, value in changes.items():
            path = name.encode() if isinstance(name, str) else name
            if value is None:
                del files[path]
            else:
                files[path] = value if isinstance(value, tuple) else ("100644", self.blob(value))
        return self._nested(files)

    def _nested(self, files: Mapping[bytes, tuple[str, str]]) -> str:
        entries: dict[bytes, Entry] = {}
        folders: dict[bytes, dict[bytes, tuple[str, str]]] = {}
        for path, value in files.items():
            first, slash, rest = path.partition(b"/")
            if slash:
                folders.setdefault(first, {})[rest] = value
            else:
                entries[first] = Entry(*value)
        for name, inside in folders.items():
            entries[name] = Entry("40000", self._nested(inside))
        return self.write("tree", tree_content(entries))

    def commit(
        self,
        tree: str,
        *,
        parents: Sequence[str] | None = None,
        message: str = "Work\n",
        author: str = AGENT,
        committer: str = AGENT,
    ) -> str:
        lines = [
            f"tree {tree}",
            *(f"parent {p}" for p in (parents if parents is not None else [self.base])),
        ]
        lines += [f"author {author} 1767322800 +0000", f"committer {committer} 1767322800 +0000"]
        return self.write("commit", ("\n".join(lines) + "\n\n" + message).encode())

    def commits(self, *trees: str) -> str:
        """Write commits one on top of the other; return the last."""
        tip = self.base
        for tree in trees:
            tip = self.commit(tree, parents=[tip])
        return tip

    def pack(self, *revisions: str) -> bytes:
        return self.git(
            "pack-objects",
            "--revs",
            "--thin",
            "--stdout",
            "-q",
            stdin="".join(f"{line}\n" for line in revisions).encode(),
        )

    def pack_of(self, *objects: str) -> bytes:
        """Return a pack of exactly these objects."""
        return self.git("pack-objects", "--stdout", "-q", stdin="\n".join(objects).encode() + b"\n")

    def bundle(self, head: str, *, base: str | None = None, ref: str = REF) -> bytes:
        start = base or self.base
        return header([start], {ref: head}) + self.pack(head, f"^{start}")

    def git(self, *args: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(
            ["git", *args],
            cwd=self.folder,
            input=stdin,
            env=GIT_ENV,
            check=True,
            capture_output=True,
        ).stdout


def header(
    needs: Sequence[str], refs: Mapping[str, str], *, first: str = "# v2 git bundle"
) -> bytes:
    lines = [first, *(f"-{need} base" for need in needs)]
    lines += [f"{made} {ref}" for ref, made in refs.items()]
    return ("\n".join(lines) + "\n\n").encode()


def forged_pack(*entries: tuple[int, int, bytes]) -> bytes:
    """Return a pack of (kind, size it claims, compressed bytes) with a right checksum."""
    body = b"PACK\0\0\0\2" + len(entries).to_bytes(4, "big")
    for kind, size, data in entries:
        body += entry_header(kind, size) + data
    return body + sha1(body).digest()


def entry_header(kind: int, size: int) -> bytes:
    byte, size = (kind << 4) | (size & 0x0F), size >> 4
    out = bytearray()
    while size:
        out.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    out.append(byte)
    return bytes(out)
