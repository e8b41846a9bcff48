"""Who last changed a line: the `Annotations` port, by git's blame."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from courier.errors import NotFound, Unavailable
from courier.ports.annotations import Commit, Line
from courier.storage.git import Git, Limits

_HEAD: Final = re.compile(rb"([0-9a-f]{40}) ([0-9]+) ([0-9]+)(?: [0-9]+)?")
_NOT_YET: Final = "0" * 40
_FORM: Final = "%H%x00%an <%ae>%x00%aI%x00%s%x00%(trailers:only,unfold)%x00%x01"
_TRAILER: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*): (.*)")
_PATIENCE: Final = Limits(seconds=60)
_FEW_LINES: Final = "has only"


class GitAnnotations:
    """The history of one clone.

    Args:
        git: git in its working tree, or in a bare repository.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    async def lines(
        self, path: str, first: int, last: int, *, commit: str | None = None
    ) -> Sequence[Line]:
        """Return who last changed some lines; moved and copied ones are followed."""
        until = last
        while True:
            try:
                return await self._blame(path, first, until, commit)
            except _Shorter as short:
                if short.length < first:
                    raise NotFound(
                        "The file has not so many lines.",
                        detail=f"{path} has {short.length}, not {first}.",
                    ) from None
                until = short.length

    async def _blame(self, path: str, first: int, last: int, commit: str | None) -> Sequence[Line]:
        asked = ("blame", "--porcelain", "-M", "-C", "-L", f"{first},{last}")
        as_of = [] if commit is None else [commit]
        answer = await self._git.run(*asked, *as_of, "--", path, accept=(0, 128), limits=_PATIENCE)
        if answer.code:
            raise _refusal(path, answer.err)
        return list(_read(answer.out, path))

    async def commits(self, ids: Collection[str]) -> Mapping[str, Commit]:
        """Return what commits say, those that are there."""
        if not ids:
            return {}
        asked = ("\n".join(sorted(set(ids))) + "\n").encode()
        answer = await self._git.run(
            "log", "--no-walk=unsorted", "--ignore-missing", "--stdin", f"--format={_FORM}",
            stdin=asked,
        )  # fmt: skip
        found = (part.lstrip("\n") for part in answer.out.decode("utf-8", "replace").split("\x01"))
        read = [_commit(part) for part in found if part]
        return {one.id: one for one in read}

    async def brought_by(self, commit: str) -> str | None:
        """Return the merge that brought a commit to what is checked out; None if none did."""
        beyond = f"{commit}..HEAD"
        try:
            after = await self._git.run("rev-list", "--ancestry-path", "--merges", beyond)
            trunk = await self._git.run("rev-list", "--first-parent", "--merges", beyond)
        except Unavailable:
            return None
        merges = set(after.text.split())
        first = next((one for one in reversed(trunk.text.split()) if one in merges), None)
        # What was on the trunk before that merge was not brought by it.
        if first is None or await self.contains(commit, tip=f"{first}^1"):
            return None
        return first

    async def author(self, path: str, *, commit: str) -> str | None:
        """Return who last changed a file, as of a commit."""
        answer = await self._git.run(
            "log", "-1", "--format=%an <%ae>", commit, "--", path, accept=(0, 128)
        )
        return answer.text or None

    async def contains(self, commit: str, *, tip: str) -> bool:
        """Return whether a commit is a tip, or came before it."""
        answer = await self._git.run("merge-base", "--is-ancestor", commit, tip, accept=(0, 1, 128))
        return answer.code == 0

    async def same(self, path: str, one: str, other: str) -> bool:
        """Return whether a file is the same in two commits."""
        found = []
        for commit in (one, other):
            answer = await self._git.run(
                "rev-parse", "--verify", "--quiet", f"{commit}:{path}", accept=(0, 1, 128)
            )
            found.append(answer.text if answer.code == 0 else "")
        return bool(found[0]) and found[0] == found[1]


class _Shorter(Exception):
    """The file ends before the last line that was asked for."""

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length


def _refusal(path: str, err: str) -> Exception:
    counted = re.search(r"has only ([0-9]+) line", err)
    if counted is not None:
        return _Shorter(int(counted[1]))
    if "no such path" in err or "no such file" in err.lower() or "cannot stat" in err.lower():
        return NotFound(
            "git knows no such file.",
            detail=path,
            next_step="Name it from where you are; new files have no history until committed.",
        )
    return Unavailable("git cannot tell who changed the lines.", detail=err.strip()[-500:])


def _read(out: bytes, path: str) -> Iterator[Line]:
    """Yield the lines of porcelain output, which says of a commit only once what it is."""
    names: dict[str, str] = {}
    head: tuple[str, int, int] | None = None
    for raw in out.split(b"\n"):
        if head is None:
            found = _HEAD.fullmatch(raw)
            head = (found[1].decode(), int(found[2]), int(found[3])) if found else None
        elif raw.startswith(b"filename "):
            names[head[0]] = raw[9:].decode("utf-8", "surrogateescape")
        elif raw.startswith(b"\t"):
            commit, at, number = head
            text = raw[1:].decode("utf-8", "replace")
            known = None if commit == _NOT_YET else commit
            yield Line(number, text, known, names.get(commit, path), at)
            head = None


def _commit(part: str) -> Commit:
    id_, author, at, subject, trailers, *_ = part.split("\0")
    told = (_TRAILER.fullmatch(line) for line in trailers.splitlines())
    return Commit(
        id=id_,
        author=author,
        at=datetime.fromisoformat(at),
        subject=subject,
        trailers={found[1]: found[2].strip() for found in told if found is not None},
    )
