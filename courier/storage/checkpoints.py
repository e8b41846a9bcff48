"""Checkpoints on hidden refs of the remote: the `Checkpoints` port on real git.

An attempt has one ref, ``refs/courier/checkpoints/<run>/<attempt>``, that moves forward over one
commit a checkpoint; the first one follows the commit the attempt started from.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from courier.errors import Conflict, NotFound
from courier.ports.checkpoints import Hidden, Line
from courier.ports.repository import Identity
from courier.runs.run.events import Checkpoint
from courier.storage import history
from courier.storage.commits import Signed, commit_tree, git_date
from courier.storage.mirror import COURIER
from courier.storage.names import checked_commit, checked_ref
from courier.storage.plumbing import Plumbing
from courier.storage.refs import drop, point
from courier.storage.remote import Remote

SAVED: Final = "refs/courier/checkpoints"
WAITING: Final = "refs/courier/waiting"
WORKED: Final = ("refs/courier/runs", "refs/courier/saved")
"""What several workers hand each other; of no use once a run is over."""

_HERE: Final = "refs/courier/fetched/checkpoints"
_BASE: Final = "Courier-Base: "
_AT_ONCE: Final = 50
_RACES: Final = 3


class CheckpointRefs:
    """The checkpoints of one repository's runs.

    Args:
        plumbing: The mirror's.
        remote: The mirror's.
        identity: Who commits, besides the author a run names.
    """

    def __init__(self, plumbing: Plumbing, remote: Remote, identity: Identity = COURIER) -> None:
        self._plumbing = plumbing
        self._remote = remote
        self._identity = identity

    async def add(self, commit: str, *, line: Line, at: datetime) -> Checkpoint:
        """Put the tree of a commit behind the last checkpoint of an attempt, on the remote.

        Raises:
            Conflict: If somebody else saves for the same attempt just now.
        """
        tree = await history.tree(self._plumbing, commit)
        ref, here = _ref(SAVED, line.run, line.attempt), _ref(_HERE, line.run, line.attempt)
        last = await self._last(line.attempt, here)
        for _ in range(_RACES):
            if last is not None and await history.tree(self._plumbing, last.commit) == tree:
                return last
            next_ = await self._behind(last, tree, line, at)
            try:
                expected = last.commit if last else None
                await self._remote.push(next_.commit, ref=ref, expected=expected)
            except Conflict:
                # An earlier life of ours got further than it could write down.
                last = await self.newest(line.run, line.attempt)
            else:
                await point(self._plumbing.local, here, next_.commit)
                return next_
        raise Conflict("Somebody else saves checkpoints of this attempt.", detail=ref)

    async def newest(self, run: str, attempt: str) -> Checkpoint | None:
        """Return the last checkpoint of an attempt, brought here; None if there is none."""
        here = _ref(_HERE, run, attempt)
        await self._remote.fetch_ref(_ref(SAVED, run, attempt), to=here)
        return await self._last(attempt, here)

    async def of(self, run: str) -> Sequence[Checkpoint]:
        """Return all checkpoints of a run, brought here, in the order they were made."""
        here = f"{_HERE}/{run}"
        await self._remote.fetch_all(f"{SAVED}/{run}", to=here)
        listed = await self._plumbing.local.run("for-each-ref", "--format=%(refname)", f"{here}/")
        found: list[Checkpoint] = []
        for ref in listed.text.splitlines():
            found += await self._line(ref.removeprefix(f"{here}/"), ref)
        return sorted(found, key=lambda one: (one.at, one.attempt, one.number))

    async def base_of(self, checkpoint: Checkpoint) -> str:
        """Return the commit its attempt started from.

        Raises:
            NotFound: If the checkpoint is not here.
        """
        return await self._base(checkpoint.commit)

    async def hidden(self) -> Hidden:
        """Return what is kept on the remote, by name, fetching none of it."""
        saved: dict[str, list[str]] = {}
        waiting: dict[str, list[str]] = {}
        for ref in await self._remote.refs(SAVED, WAITING, *WORKED):
            kind = waiting if ref.startswith(f"{WAITING}/") else saved
            kind.setdefault(ref.split("/")[3], []).append(ref)
        return Hidden(saved, waiting)

    async def drop(self, refs: Collection[str]) -> None:
        """Delete such refs on the remote, and what the mirror keeps for them."""
        ours = tuple(f"{prefix}/" for prefix in (SAVED, WAITING, *WORKED))
        gone = sorted(ref for ref in refs if ref.startswith(ours))
        for start in range(0, len(gone), _AT_ONCE):
            await self._remote.delete_hidden(gone[start : start + _AT_ONCE])
        for start in range(0, len(gone), _AT_ONCE):
            batch = gone[start : start + _AT_ONCE]
            await drop(self._plumbing.local, *(mine for ref in batch for mine in _kept_for(ref)))

    async def _behind(
        self, last: Checkpoint | None, tree: str, line: Line, at: datetime
    ) -> Checkpoint:
        number = last.number + 1 if last is not None else 1
        message = (
            f"Checkpoint {number} of {line.attempt} of run {line.run}\n\n"
            f"Courier-Checkpoint: {number}\n{_BASE}{line.base}\n"
        )
        commit = await commit_tree(
            self._plumbing.local,
            tree,
            parents=(last.commit if last is not None else checked_commit(line.base),),
            message=message,
            signed=Signed(author=line.author, committer=self._identity, at=git_date(at)),
        )
        whole = at.astimezone(UTC).replace(microsecond=0)
        return Checkpoint(attempt=line.attempt, number=number, commit=commit, at=whole)

    async def _last(self, attempt: str, here: str) -> Checkpoint | None:
        found = await self._line(attempt, here)
        return found[-1] if found else None

    async def _line(self, attempt: str, here: str) -> list[Checkpoint]:
        """Return the checkpoints of an attempt as its ref is here, oldest first."""
        tip = await self._remote.resolve(here)
        if tip is None:
            return []
        answer = await self._plumbing.local.run(
            "log", "--reverse", "--format=%H %ct", tip, f"^{await self._base(tip)}", "--"
        )
        rows = [line.split(" ") for line in answer.text.splitlines()]
        return [
            Checkpoint(
                attempt=attempt,
                number=number,
                commit=commit,
                at=datetime.fromtimestamp(int(seconds), UTC),
            )
            for number, (commit, seconds) in enumerate(rows, start=1)
        ]

    async def _base(self, commit: str) -> str:
        found = (await self._plumbing.reader.read([checked_commit(commit)]))[0]
        lines = found.content.decode(errors="replace").splitlines() if found is not None else []
        for line in reversed(lines):
            if line.startswith(_BASE):
                return checked_commit(line.removeprefix(_BASE))
        raise NotFound("There is no such checkpoint here.", detail=commit)


def _kept_for(ref: str) -> set[str]:
    """Return the mirror's refs that stand for one of the remote."""
    fetched = f"refs/courier/fetched/{ref.removeprefix('refs/courier/')}"
    admitted = ref.replace(f"{SAVED}/", f"{WORKED[1]}/", 1)
    return {fetched, admitted, ref}


def _ref(folder: str, run: str, attempt: str) -> str:
    return checked_ref(f"{folder}/{run}/{attempt}")
