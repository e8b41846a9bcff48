"""Signatures on commits: what leaves courier is made anew with a signature, all else as it was."""

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from courier.errors import Misconfigured
from courier.ports.repository import SigningKey
from courier.storage.commits import parents_of
from courier.storage.git import Git
from courier.storage.names import checked_commit
from courier.storage.plumbing import Plumbing, remove

_PERSON: Final = re.compile(rb"^(author|committer) (.*) <([^<>\n]*)> ([0-9]+ [+-][0-9]{4})$")


@dataclass(frozen=True, slots=True)
class _Commit:
    """One commit as it is written down."""

    tree: str
    parents: tuple[str, ...]
    people: dict[str, str]
    message: bytes
    is_signed: bool


class Signer:
    """Signs commits of a mirror."""

    def __init__(self, plumbing: Plumbing) -> None:
        self._plumbing = plumbing

    async def sign(self, commit: str, *, beyond: Sequence[str], key: SigningKey) -> str:
        """Return the commit with it and all before it, up to some others, signed.

        The same key gives the same commits again, for every sort of key whose signatures do not
        depend on chance, as those of Ed25519 and RSA.

        Raises:
            Misconfigured: If the key cannot be used.
        """
        known = [f"^{checked_commit(each)}" for each in beyond]
        listed = await self._plumbing.local.run(
            "rev-list", "--topo-order", "--reverse", checked_commit(commit), *known, "--"
        )
        # The key is a file only for as long as git runs, where nobody else can read it.
        folder = Path(await asyncio.to_thread(mkdtemp, prefix="key-", dir=self._plumbing.scratch))
        try:
            file = await asyncio.to_thread(_written, folder, key)
            git = self._plumbing.local.at(
                self._plumbing.folder, "gpg.format=ssh", f"user.signingKey={file}"
            )
            made: dict[str, str] = {}
            for each in listed.text.split():
                made[each] = await self._signed(git, each, made)
        finally:
            await asyncio.to_thread(remove, folder)
        return made.get(commit, commit)

    async def _signed(self, git: Git, commit: str, made: dict[str, str]) -> str:
        content = await self._plumbing.reader.content(commit, kind="commit")
        known = _parsed(content)
        parents = tuple(made.get(parent, parent) for parent in known.parents)
        if known.is_signed and parents == known.parents:
            return commit
        flags = [part for parent in parents for part in ("-p", parent)]
        answer = await git.run(
            *("commit-tree", "-S", *flags, known.tree),
            stdin=known.message,
            env=known.people,
            accept=(0, 1, 128),
        )
        if answer.code != 0:
            raise Misconfigured(
                "The commits cannot be signed.",
                detail=_last(answer.err),
                next_step="Give a private SSH key without a passphrase as `git.signing.keyRef`.",
            )
        return answer.text


def _written(folder: Path, key: SigningKey) -> Path:
    file = folder / "key"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as opened:
        opened.write(key.value.strip() + "\n")
    return file


def _parsed(content: bytes) -> _Commit:
    head, _, message = content.partition(b"\n\n")
    lines = head.split(b"\n")
    people: dict[str, str] = {}
    for line in lines:
        if (found := _PERSON.match(line)) is not None:
            role, name, email, at = (part.decode("utf-8", "replace") for part in found.groups())
            people |= {
                f"GIT_{role.upper()}_NAME": name,
                f"GIT_{role.upper()}_EMAIL": email,
                f"GIT_{role.upper()}_DATE": at,
            }
    return _Commit(
        tree=lines[0].removeprefix(b"tree ").decode("latin-1"),
        parents=tuple(parents_of(content)),
        people=people,
        message=message,
        is_signed=any(line.startswith(b"gpgsig") for line in lines),
    )


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-3:])[-500:]
