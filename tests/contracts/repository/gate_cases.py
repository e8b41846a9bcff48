"""What agents may hand out, and what the gate shall say: one function per bundle."""

import os
import zlib
from collections.abc import Callable

from tests.contracts.repository.agent_bundles import (
    AGENT,
    REF,
    Agent,
    forged_pack,
    header,
)

Make = Callable[[Agent], bytes]
SECRET = "correct-horse-battery"
KEY = "sk-ant-api03-" + "x7" * 20
LIMIT = 2_000_000


def _one(name: str | bytes, value: str | bytes = "x\n") -> Make:
    return lambda a: a.bundle(a.commit(a.tree({name: value})))


def _raw(mode: str, name: bytes) -> Make:
    """One odd entry in the root."""

    def make(a: Agent) -> bytes:
        made = a.blob("x\n") if mode != "40000" else a.raw_tree([("100644", b"x", a.blob("x\n"))])
        return a.bundle(a.commit(a.root_with((mode, name, made))))

    return make


def _unwalkable(mode: str, name: bytes) -> Make:
    """One entry in the root that git itself would not walk over when packing."""

    def make(a: Agent) -> bytes:
        inside = a.blob("x\n")
        made = inside if mode == "100644" else a.raw_tree([("100644", b"x", inside)])
        root = a.raw_tree([*a.root_items(), (mode, name, made)])
        head = a.commit(root)
        return header([a.base], {REF: head}) + a.pack_of(head, root, *{made, inside})

    return make


def _hooks(a: Agent) -> bytes:
    hook = a.raw_tree([("100755", b"post-checkout", a.blob("#!/bin/sh\ntouch /tmp/owned\n"))])
    hooks = a.raw_tree([("40000", b"hooks", hook)])
    return a.bundle(a.commit(a.root_with(("40000", b".git", hooks))))


def _link(name: str, target: str) -> Make:
    return lambda a: a.bundle(a.commit(a.tree({name: ("120000", a.blob(target))})))


def _duplicate(a: Agent) -> bytes:
    items = a.root_items()
    return a.bundle(a.commit(a.raw_tree([*items, ("100644", items[-1][1], a.blob("other"))])))


def _gitlink(a: Agent) -> bytes:
    return a.bundle(a.commit(a.tree({"nested": ("160000", a.base)})))


def _then_removed(name: str, content: bytes | str) -> Make:
    return lambda a: a.bundle(a.commits(a.tree({name: content}), a.base_tree))


def _message(text: str) -> Make:
    return lambda a: a.bundle(a.commit(a.tree({"b": "x"}), message=text))


def _bomb(a: Agent) -> bytes:
    """One object of a gibibyte of zeros; only its beginning, since nobody should read on."""
    start = zlib.compressobj(9).compress(bytes(1 << 22))
    return header([a.base], {REF: a.base}) + forged_pack((3, 1 << 30, start))


def _lying_bomb(a: Agent) -> bytes:
    return header([a.base], {REF: a.base}) + forged_pack((3, 100, zlib.compress(bytes(1 << 24))))


def _delta_bomb(a: Agent) -> bytes:
    """A delta of few bytes that says it makes a gibibyte."""
    delta = b"\x06" + b"\x80\x80\x80\x80\x04" + b"\x91\x00\x06"
    data = bytes.fromhex(a.files[b"README.md"][1]) + zlib.compress(delta)
    return header([a.base], {REF: a.base}) + forged_pack((7, len(delta), data))


def _many_bombs(a: Agent) -> bytes:
    zeros = (3, 9_000_000, zlib.compress(bytes(9_000_000), 9))
    return header([a.base], {REF: a.base}) + forged_pack(*[zeros] * 20)


def _several_refs(a: Agent) -> bytes:
    head = a.commit(a.tree({"b": "x"}))
    return header([a.base], {REF: head, "refs/heads/main": head}) + a.pack(head, f"^{a.base}")


def _unknown_prerequisite(a: Agent) -> bytes:
    unknown = a.commit(a.tree({"unknown": "x"}))
    head = a.commit(a.tree({"b": "x"}), parents=[unknown])
    return a.bundle(head, base=unknown)


def _not_descending(a: Agent) -> bytes:
    head = a.commit(a.tree({"b": "x"}), parents=[a.older])
    return a.bundle(head, base=a.older)


def _new_root(a: Agent) -> bytes:
    head = a.commit(a.tree({"b": "x"}), parents=[])
    return header([a.base], {REF: head}) + a.pack(head)


def _grafted_root(a: Agent) -> bytes:
    root = a.commit(a.tree({"b": "x"}), parents=[])
    return a.bundle(a.commit(a.base_tree, parents=[a.base, root]))


def _merge(a: Agent) -> bytes:
    one, two = a.commit(a.tree({"b": "1"})), a.commit(a.tree({"c": "2"}))
    return a.bundle(a.commit(a.tree({"b": "1", "c": "2"}), parents=[one, two]))


def _flipped(a: Agent) -> bytes:
    data = bytearray(_one("b", os.urandom(300))(a))
    data[-60] ^= 0x55
    return bytes(data)


def _wrong_checksum(a: Agent) -> bytes:
    data = bytearray(_one("b")(a))
    data[-1] ^= 1
    return bytes(data)


def _headed(first: str, *extra: str) -> Make:
    def make(a: Agent) -> bytes:
        head = a.commit(a.tree({"b": "x"}))
        return header([a.base], {REF: head}, first="\n".join((first, *extra))) + a.pack(
            head, f"^{a.base}"
        )

    return make


def _sha256(a: Agent) -> bytes:
    lines = ["# v3 git bundle", "@object-format=sha256", f"{'a' * 64} {REF}"]
    return ("\n".join(lines) + "\n\n").encode() + a.pack(a.commit(a.tree({"b": "x"})))


def _head_is_blob(a: Agent) -> bytes:
    blob = a.blob("not a commit")
    return header([a.base], {REF: blob}) + a.pack_of(blob)


def _head_is_absent(a: Agent) -> bytes:
    return header([a.base], {REF: "c" * 40}) + a.pack_of(a.blob("x"))


def _missing_blob(a: Agent) -> bytes:
    tree = a.tree({"gone": ("100644", "d" * 40)})
    return header([a.base], {REF: (head := a.commit(tree))}) + a.pack_of(head, tree)


def _many_commits(a: Agent) -> bytes:
    tip = a.base
    for number in range(501):
        tip = a.commit(a.base_tree, parents=[tip], message=f"{number}\n")
    return a.bundle(tip)


def _signed(author: str = AGENT, committer: str = AGENT) -> Make:
    return lambda a: a.bundle(a.commit(a.tree({"b": "x"}), author=author, committer=committer))


def _protected_by_stranger(a: Agent) -> bytes:
    tree = a.tree({".github/workflows/ci.yml": "on: push\n"})
    return a.bundle(a.commit(tree, author="Mallory <mallory@example.org>"))


def _renamed(a: Agent) -> bytes:
    return a.bundle(a.commit(a.tree({"README.md": None, "docs/README.md": a.files[b"README.md"]})))


def _respelt(a: Agent) -> bytes:
    return a.bundle(a.commit(a.tree({"README.md": None, "Readme.md": a.files[b"README.md"]})))


def _file_becomes_folder(a: Agent) -> bytes:
    return a.bundle(a.commit(a.tree({"README.md": None, "README.md/part": "x"})))


def _key_was_there(a: Agent) -> bytes:
    return a.bundle(a.commit(a.tree({"fixture.txt": f"more\n{KEY}\nmore\n"})))


def _folder_link_chain(a: Agent) -> bytes:
    links = {
        "deep/er/here": ("120000", a.blob(".")),
        "out": ("120000", a.blob("deep/er/here/../../..")),
    }
    return a.bundle(a.commit(a.tree(links)))


GITMODULES = '[submodule "{name}"]\n\tpath = sub\n\turl = {url}\n'

REFUSED: dict[str, tuple[str, Make]] = {
    "hooks in a .git folder": ("BrokenPack", _hooks),
    ".GIT": ("BrokenPack", _raw("40000", b".GIT")),
    "git~1": ("BrokenPack", _raw("40000", b"git~1")),
    ".git with an ignorable character": ("BrokenPack", _raw("40000", ".g\u200cit".encode())),
    "..": ("BrokenPack", _raw("40000", b"..")),
    ".": ("BrokenPack", _raw("40000", b".")),
    "a slash inside a name": ("BrokenPack", _raw("100644", b"a/../../evil")),
    "an empty name": ("BrokenPack", _unwalkable("100644", b"")),
    "duplicate entries": ("BrokenPack", _duplicate),
    "entries out of order": (
        "BrokenPack",
        lambda a: a.bundle(a.commit(a.raw_tree(a.root_items()[::-1]))),
    ),
    "a zero-padded mode": ("BrokenPack", _unwalkable("040000", b"zz")),
    ".gitmodules with an option for a url": (
        "BrokenPack",
        _one(".gitmodules", GITMODULES.format(name="s", url="-upload-pack=evil")),
    ),
    ".gitmodules with a name that climbs": (
        "BrokenPack",
        _one(".gitmodules", GITMODULES.format(name="../../x", url="https://x/y")),
    ),
    ".gitmodules as a link": ("BrokenPack", _link(".gitmodules", "README.md")),
    "a gitlink": ("Submodule", _gitlink),
    "a link outside": ("LinkOutside", _link("l", "../etc/passwd")),
    "a link outside from a folder": ("LinkOutside", _link("a/b/l", "../../../x")),
    "an absolute link": ("LinkOutside", _link("l", "/etc/passwd")),
    "a link into .git": ("LinkOutside", _link("l", ".git/config")),
    "links that climb through links": ("LinkOutside", _folder_link_chain),
    "a big file": ("TooLarge", _one("big", os.urandom(LIMIT + 1))),
    "a big file removed again": ("TooLarge", _then_removed("big", bytes(LIMIT + 1))),
    "a gibibyte of zeros": ("TooLarge", _bomb),
    "a small object that is large": ("BrokenPack", _lying_bomb),
    "a delta that makes a gibibyte": ("TooLarge", _delta_bomb),
    "many large objects": ("TooLarge", _many_bombs),
    "another ref": (
        "WrongRef",
        lambda a: a.bundle(a.commit(a.tree({"b": "x"})), ref="refs/heads/main"),
    ),
    "several refs": ("WrongRef", _several_refs),
    "no ref": ("WrongRef", lambda a: header([a.base], {}) + a.pack_of(a.blob("x"))),
    "an unknown prerequisite": ("UnknownPrerequisite", _unknown_prerequisite),
    "work on another base": ("NotDescending", _not_descending),
    "a new root": ("NotDescending", _new_root),
    "a new root grafted on": ("NewRoot", _grafted_root),
    "a merge": ("Merge", _merge),
    "too many commits": ("TooManyCommits", _many_commits),
    "too many files": (
        "TooManyFiles",
        lambda a: a.bundle(a.commit(a.tree({f"many/{n}": "x" for n in range(501)}))),
    ),
    "names that differ in case": ("NameCollision", _one("Readme.md")),
    "folders that differ in case": ("NameCollision", _one("SRC/new.py")),
    "names that differ in composition": (
        "NameCollision",
        lambda a: a.bundle(a.commit(a.tree({"\u00e9": "1", "e\u0301": "2"}))),
    ),
    "a newline in a name": ("BadPath", _one("a\nb")),
    "an escape sequence in a name": ("BadPath", _one("a\x1b[2Jb")),
    "reversed text in a name": ("BadPath", _one("a\u202efdp.exe")),
    "a backslash in a name": ("BadPath", _one("a\\b")),
    "a name that is not UTF-8": ("BadPath", _one(b"\xff\xfe")),
    "a name too long to check out": ("BadPath", _one("n" * 300)),
    ".git with an alternate stream": ("BrokenPack", _one("x/.git::$INDEX_ALLOCATION")),
    "a secret": ("Secret", _one(".env", f"TOKEN={SECRET}\n")),
    "a secret removed again": ("Secret", _then_removed(".env", f"TOKEN={SECRET}\n")),
    "a secret in a message": ("Secret", _message(f"Use {SECRET}\n")),
    "a secret in a name": ("Secret", _one(f"x-{SECRET}")),
    "a secret in a binary file": ("Secret", _one("b.bin", b"\0\xff" + SECRET.encode() + b"\0")),
    "what looks like a key": ("Secret", _one("config.py", f'KEY = "{KEY}"\n')),
    "a private key": (
        "Secret",
        _one("id", "-----BEGIN OPENSSH PRIVATE KEY-----\n" + ("b3BlbnNz" * 8 + "\n") * 4),
    ),
    "a pointer to a large file": (
        "LargeFilePointer",
        _one(
            "b.bin", f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 9\n"
        ),
    ),
    "a foreign author": ("ForeignAuthor", _signed(author="Mallory <mallory@example.org>")),
    "a foreign committer": ("ForeignAuthor", _signed(committer="Mallory <mallory@example.org>")),
    "a forged merge trailer": ("ForgedTrailer", _message("x\n\nCourier-Proposal: 3\n")),
    "a protected path by a stranger": ("ForeignAuthor", _protected_by_stranger),
    "a flipped bit": ("BrokenPack", _flipped),
    "a wrong checksum": ("BrokenPack", _wrong_checksum),
    "a truncated pack": ("BrokenPack", lambda a: _one("b")(a)[:-30]),
    "something after the pack": ("BrokenPack", lambda a: _one("b")(a) + b"more"),
    "no pack at all": ("BrokenPack", lambda a: header([a.base], {REF: a.base})),
    "a pack that says it holds a billion objects": (
        "TooLarge",
        lambda a: header([a.base], {REF: a.base}) + b"PACK\0\0\0\2\x40\0\0\0" + bytes(40),
    ),
    "an object of absurd size": (
        "TooLarge",
        lambda a: header([a.base], {REF: a.base}) + forged_pack((3, 1 << 60, b"")),
    ),
    "an object of no kind": (
        "BrokenPack",
        lambda a: header([a.base], {REF: a.base}) + forged_pack((5, 1, zlib.compress(b"x"))),
    ),
    "a header of version 1": ("UnsupportedBundle", _headed("# v1 git bundle")),
    "a header that is none": ("UnsupportedBundle", lambda _: b"hello\n\n" + bytes(50)),
    "a header without end": ("BrokenBundle", lambda _: b"# v2 git bundle\n" + b"-" * 70_000),
    "an empty bundle": ("BrokenBundle", lambda _: b""),
    "a malformed header": ("BrokenBundle", lambda _: b"# v2 git bundle\n-xyz\n\n" + bytes(50)),
    "SHA-256": ("UnsupportedBundle", _sha256),
    "a filtered bundle": ("UnsupportedBundle", _headed("# v3 git bundle", "@filter=blob:none")),
    "a head that is no commit": ("BrokenBundle", _head_is_blob),
    "a head that is not there": ("BrokenBundle", _head_is_absent),
    "a tree with a blob that is not there": ("BrokenPack", _missing_blob),
}

APPROVAL: dict[str, Make] = {
    "a workflow": _one(".github/workflows/ci.yml", "on: push\n"),
    "a workflow removed again": _then_removed(".github/workflows/ci.yml", "on: push\n"),
    "a workflow spelt otherwise": _one(".GitHub/Workflows/ci.yml", "on: push\n"),
    "a local action": _one(".github/actions/x/action.yml"),
    "courier's own folder": _one(".courier/project.yaml", "title: mine\n"),
    "courier's own file deleted": lambda a: a.bundle(
        a.commit(a.tree({".courier/project.yaml": None}))
    ),
    "code owners in any folder": _one("docs/CodeOwners"),
    "attributes in any folder": _one("src/.gitattributes", "* filter=evil\n"),
    "submodules by an external transport": _one(
        ".gitmodules", GITMODULES.format(name="s", url="ext::sh -c evil")
    ),
    "another service's pipeline": _one(".gitlab-ci.yml", "x: y\n"),
    "a path the project protects": _one("infra/prod/main.tf"),
}

PASSED: dict[str, Make] = {
    "one file": _one("b.txt"),
    "an empty commit": lambda a: a.bundle(a.commit(a.base_tree)),
    "no commit at all": lambda a: header([a.base], {REF: a.base}) + forged_pack(),
    "a deleted file": lambda a: a.bundle(a.commit(a.tree({"src/a.py": None}))),
    "a renamed file": _renamed,
    "a name's case corrected": _respelt,
    "a file that becomes a folder": _file_becomes_folder,
    "an executable": lambda a: a.bundle(
        a.commit(a.tree({"run": ("100755", a.blob("#!/bin/sh\n"))}))
    ),
    "a mode git reads as executable": _raw("100777", b"zz"),
    "names in many scripts": lambda a: a.bundle(
        a.commit(
            a.tree({"docs/héllo wörld.md": "é", "文件/ファイル.txt": "x", "emoji 🎉.txt": "y"})
        )
    ),
    "a binary file": _one("b.bin", os.urandom(5000)),
    "deep folders": _one("/".join("abcdefghij" * 5) + "/x"),
    "as large as allowed": _one("big", os.urandom(LIMIT - 10)),
    "a link inside": _link("l", "src/a.py"),
    "a link to the folder above": _link("src/deep/l", "../../README.md"),
    "names that only look alike": lambda a: a.bundle(
        a.commit(a.tree({"git": "1", "foo.git": "2", "..foo": "3", ".github/ISSUE.md": "4"}))
    ),
    "several commits": lambda a: a.bundle(
        a.commits(*(a.tree({"b": f"{n}\n" * n}) for n in range(1, 20)))
    ),
    "a header of version 3": _headed("# v3 git bundle", "@object-format=sha1"),
    "a key that was there before": _key_was_there,
    "a merge trailer of another kind": _message("x\n\nCourier-Run: r\nCourier-Step: s\n"),
    "a delta against the base": lambda a: a.bundle(
        a.commit(a.tree({"lines.txt": "".join(f"line {n}\n" for n in range(2001))}))
    ),
}
