"""Survival: how many of the lines a change added are still there, by git's blame."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from courier.errors import CourierError
from courier.runs.records.statistics import Survived
from courier.storage.git import Git, Limits

_HEAD: Final = re.compile(rb"([0-9a-f]{40}) [0-9]+ [0-9]+(?: [0-9]+)?")
_FILES: Final = 200
_LIMITS: Final = Limits(seconds=30)


class GitSurvival:
    """Looks at what is checked out in one clone.

    Args:
        git: git in its working tree.
    """

    def __init__(self, git: Git) -> None:
        self._git = git

    async def of(
        self, *, base: str | None, work: str | None, merged: str | None
    ) -> Survived | None:
        """Return what became of a change; None where this clone cannot tell.

        Args:
            base: What the work began on.
            work: The tip of the work.
            merged: The commit it was merged with.
        """
        try:
            return await self._look(base or "", work or "", merged or "")
        except CourierError:
            return None

    async def _look(self, base: str, work: str, merged: str) -> Survived | None:
        first, last = (base, work) if await self._is_here(base, work) else (f"{merged}^1", merged)
        if not last or not await self._is_here(first, last):
            return None
        tip = merged if merged and await self._is_here(merged) else last
        if not await self._is_part(tip):
            return None
        commits = set((await self._ask("rev-list", last, f"^{first}")).split()) | {merged}
        added = await self._added(first, last)
        names = await self._names(tip)
        left = 0
        for path in list(added)[:_FILES]:
            left += await self._left(names.get(path, path), commits)
        total = sum(list(added.values())[:_FILES])
        return Survived(total, min(left, total)) if total else None

    async def _added(self, first: str, last: str) -> Mapping[str, int]:
        out = await self._ask("diff", "--numstat", "--no-renames", "-z", first, last)
        rows = [row.split("\t") for row in out.split("\0") if row]
        return {row[2]: int(row[0]) for row in rows if row[0].isdigit() and int(row[0])}

    async def _names(self, tip: str) -> Mapping[str, str]:
        """Return where files are now that were moved since."""
        out = await self._ask("diff", "--name-status", "-M", "-z", "--diff-filter=R", tip, "HEAD")
        words = out.split("\0")
        return {words[at + 1]: words[at + 2] for at in range(0, len(words) - 2, 3)}

    async def _left(self, path: str, commits: set[str]) -> int:
        answer = await self._git.run(
            "blame", "--porcelain", "-M", "HEAD", "--", path, accept=(0, 128), limits=_LIMITS
        )
        heads: Sequence[bytes] = answer.out.split(b"\n") if answer.code == 0 else ()
        found = (_HEAD.fullmatch(line) for line in heads)
        return sum(one is not None and one[1].decode() in commits for one in found)

    async def _is_here(self, *commits: str) -> bool:
        if not all(commits):
            return False
        for commit in commits:
            found = await self._git.run(
                "cat-file", "-e", f"{commit}^{{commit}}", accept=(0, 1, 128)
            )
            if found.code:
                return False
        return True

    async def _is_part(self, commit: str) -> bool:
        answer = await self._git.run(
            "merge-base", "--is-ancestor", commit, "HEAD", accept=(0, 1, 128)
        )
        return answer.code == 0

    async def _ask(self, *args: str) -> str:
        return (await self._git.run(*args)).out.decode("utf-8", "surrogateescape")
