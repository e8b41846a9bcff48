"""Writing to one remote ref of records: writers share commits, pushes hold a lease."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from courier.errors import CourierError, Unavailable
from courier.ports.repository import Identity
from courier.ports.state import Change
from courier.storage.failures import Moved
from courier.storage.objects import EMPTY_TREE, Tree, object_id, parsed_tree, write_objects
from courier.storage.plumbing import Plumbing
from courier.storage.refs import point
from courier.storage.remote import Remote
from courier.storage.rewriting import Rewrite, Shelves
from courier.storage.treechange import Objects, TreeChange
from courier.storage.treediff import Difference, TooMuch, tree_differences

_TRIES: Final = 200
_JITTER: Final = 0.05
_TREES_KEPT: Final = 512
_DIFFERENCES: Final = 20_000
_SKIP: Final = "[skip ci]"


@dataclass(frozen=True, slots=True)
class Place:
    """Where records are committed: the remote ref, and the local ref that tracks it."""

    remote: str
    local: str


@dataclass(frozen=True, slots=True)
class _Entry:
    changes: tuple[Change, ...]
    message: str
    done: asyncio.Future[None]


class Lane:
    """Replays changes on the tip of one remote ref and pushes them, many at a time."""

    def __init__(
        self, plumbing: Plumbing, remote: Remote, *, place: Place, identity: Identity
    ) -> None:
        self._plumbing = plumbing
        self._remote = remote
        self._place = place
        self._identity = identity
        self._tip: str | None = None
        self._is_known = False
        self._turn = asyncio.Lock()
        self._waiting: list[_Entry] = []
        self._flushing: asyncio.Task[None] | None = None
        self._trees: OrderedDict[str, Tree] = OrderedDict()
        self._root: tuple[str, str] | None = None
        self._unwritten: list[tuple[str, bytes]] = []
        self._begun = 0
        self._ended = 0

    async def write(self, changes: Sequence[Change], *, message: str) -> None:
        """Commit and push the changes, together with those of others who write now."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Entry(tuple(changes), message, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await done

    async def rewrite(self, rewrite: Rewrite) -> bool:
        """Put something else in place of the tip, whoever writes meanwhile; return whether it is.

        What others wrote before that is in it; what they write after it comes behind it.
        """
        async with self._turn:
            for _ in range(_TRIES):
                tip = await self._fetched_tip()
                made = None if tip is None else await rewrite(tip, self._shelves)
                if made == tip:
                    self._unwritten.clear()
                    return False
                try:
                    await self._replace(str(tip), made)
                except Moved:
                    await self._plumbing.clock.sleep(_JITTER)
                else:
                    return True
        raise Unavailable("The ref kept moving.", detail=self._place.remote)

    async def _replace(self, tip: str, made: str | None) -> None:
        if made is not None:
            await self._store()
            await self._push(made, tip, brings=False)
            return
        await self._remote.delete(self._place.remote, expected=tip)
        self._tip, self._ended = None, self._begun

    @property
    def _shelves(self) -> Shelves:
        return Shelves(self._commit_of, self._tree, self._write)

    async def _commit_of(self, commit: str) -> bytes:
        return await self._plumbing.reader.content(commit, kind="commit")

    async def tip(self) -> str | None:
        """Return the commit as last fetched or pushed; fetches if nothing is known yet."""
        async with self._turn:
            return await self._known_tip()

    async def refresh(self) -> str | None:
        """Fetch the ref; return its commit, or None if the remote has none.

        Callers at once share it; a push that began after the call tells as much.
        """
        asked = self._begun
        async with self._turn:
            if self._ended > asked:
                return self._tip
            return await self._fetched_tip()

    async def folder(self, path: str) -> Tree:
        """Return what is in a folder of the tip; empty if it is not there."""
        async with self._turn:
            root = await self._root_of(await self._known_tip())
            return await self._tree(await self._inside(root, path))

    async def differences(self, path: str, *, since: str) -> Sequence[Difference] | None:
        """Return what differs below a folder between an earlier tip and now; None if very much."""
        async with self._turn:
            before = await self._root_of(since)
            now = await self._root_of(await self._known_tip())
            old, new = await self._inside(before, path), await self._inside(now, path)
            try:
                return await tree_differences(old, new, read=self._tree, most=_DIFFERENCES)
            except TooMuch:
                return None

    async def _inside(self, root: str, path: str) -> str:
        tree = root
        for name in filter(None, path.split("/")):
            entry = (await self._tree(tree)).get(name.encode())
            if entry is None or not entry.is_tree:
                return EMPTY_TREE
            tree = entry.id
        return tree

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._flushing is not None:
            await asyncio.wait([self._flushing])

    async def _flush(self) -> None:
        while self._waiting:
            batch = [entry for entry in self._waiting if not entry.done.done()]
            self._waiting = []
            try:
                async with self._turn:
                    await self._commit(batch)
            except CourierError as failed:
                for entry in _unsettled(batch):
                    entry.done.set_exception(failed)
            finally:
                # Only a bug or a cancelled loop leaves somebody waiting here.
                for entry in _unsettled(batch):
                    entry.done.cancel()

    async def _commit(self, batch: list[_Entry]) -> None:
        tip = await self._known_tip()
        for tried in range(_TRIES):
            made = await self._built(tip, batch)
            if made == tip:
                break
            try:
                await self._push(made, tip, brings=tried > 0)
                break
            except Moved:
                # The same commit is never made twice, so two writers wait differently.
                await self._plumbing.clock.sleep(int(made[:4], 16) / 0xFFFF * _JITTER)
                tip = await self._fetched_tip()
        else:
            raise Unavailable("The state branch kept moving.", detail=self._place.remote)
        for entry in _unsettled(batch):
            entry.done.set_result(None)

    async def _push(self, made: str, tip: str | None, *, brings: bool) -> None:
        self._begun += 1
        began = self._begun
        await self._remote.push(made, ref=self._place.remote, expected=tip, brings=brings)
        self._tip, self._ended = made, began
        if not self._place.remote.startswith("refs/heads/"):
            await point(self._plumbing.local, self._place.local, made)

    async def _known_tip(self) -> str | None:
        if not self._is_known:
            self._tip = await self._remote.resolve(self._place.local)
            if self._tip is None:
                await self._fetched_tip()
            self._is_known = True
        return self._tip

    async def _fetched_tip(self) -> str | None:
        self._begun += 1
        began = self._begun
        self._tip = await self._remote.fetch_ref(self._place.remote, to=self._place.local)
        self._is_known, self._ended = True, began
        return self._tip

    async def _built(self, tip: str | None, batch: list[_Entry]) -> str:
        """Return the commit that holds the changes, or the tip if it holds them already."""
        root = await self._root_of(tip)
        change = TreeChange(Objects(self._tree, self._blob, self._write), root)
        told = []
        for entry in _unsettled(batch):
            try:
                await change.apply(entry.changes)
            except CourierError as refused:
                entry.done.set_exception(refused)
            else:
                told.append(entry.message)
        self._unwritten.clear()
        tree = await change.written()
        if tip is not None and tree == root:
            return tip
        made = self._write("commit", self._commit_content(tree, tip, told))
        await self._store()
        return made

    def _commit_content(self, tree: str, tip: str | None, told: list[str]) -> bytes:
        who = " ".join(
            "".join(char for char in text if char not in "<>\n\0").strip()
            for text in (self._identity.name,)
        )
        email = self._identity.email.translate({ord(char): None for char in "<>\n\0 "})
        when = f"{int(self._plumbing.clock.now().timestamp())} +0000"
        lines = [f"tree {tree}"]
        if tip is not None:
            lines.append(f"parent {tip}")
        lines += [f"author {who} <{email}> {when}", f"committer {who} <{email}> {when}"]
        return ("\n".join(lines) + "\n\n" + joined_message(told)).encode("utf-8", "replace")

    async def _root_of(self, tip: str | None) -> str:
        if tip is None:
            return EMPTY_TREE
        if self._root is None or self._root[0] != tip:
            content = await self._plumbing.reader.content(tip, kind="commit")
            self._root = tip, content[5:45].decode()
        return self._root[1]

    async def _tree(self, tree: str) -> Tree:
        if tree == EMPTY_TREE:
            return {}
        if tree not in self._trees:
            self._keep_tree(tree, await self._plumbing.reader.content(tree, kind="tree"))
        self._trees.move_to_end(tree)
        return self._trees[tree]

    async def _blob(self, blob: str) -> bytes:
        return await self._plumbing.reader.content(blob, kind="blob")

    def _write(self, kind: str, content: bytes) -> str:
        self._unwritten.append((kind, content))
        made = object_id(kind, content)
        if kind == "tree":
            self._keep_tree(made, content)
        return made

    async def _store(self) -> None:
        """Write what was made; away from the loop, since every object is waited for."""
        made, self._unwritten = self._unwritten, []
        await asyncio.to_thread(write_objects, self._plumbing.objects, made)

    def _keep_tree(self, tree: str, content: bytes) -> None:
        self._trees[tree] = parsed_tree(content)
        while len(self._trees) > _TREES_KEPT:
            self._trees.popitem(last=False)


def joined_message(messages: Sequence[str]) -> str:
    """Return one commit message for the changes of several writers; CI leaves it alone."""
    told = [message.strip() for message in messages]
    if len(told) == 1:
        return f"{told[0]}\n\n{_SKIP}\n"
    lines = "\n".join(f"- {message.splitlines()[0] if message else ''}" for message in told)
    return f"Record {len(told)} changes\n\n{lines}\n\n{_SKIP}\n"


def _unsettled(batch: Sequence[_Entry]) -> list[_Entry]:
    return [entry for entry in batch if not entry.done.done()]
