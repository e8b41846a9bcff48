"""Where sandboxes are made: a directory, a holder, an agent that answers.

A few are made ahead of demand, without variables or metadata, so that a plain `create` need not
wait for processes to start; those handed out are indistinguishable from others.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
from collections import deque
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path

from courier.sandboxd.agent.envelopes import Fault, Message
from courier.sandboxd.cells import Cell, Rung, Tools
from courier.sandboxd.exchange import HttpError
from courier.sandboxd.holders import (
    await_death,
    identify,
    kill_stragglers,
    listen,
    mark_of,
    spawn,
    strike,
)
from courier.sandboxd.homes import furnish, pick_uid, remove_tree
from courier.sandboxd.layout import Layout
from courier.sandboxd.limits import Bound, Groups, pin
from courier.sandboxd.line import AgentGone, Line, Lines
from courier.sandboxd.records import Holder
from courier.sandboxd.surroundings import Surroundings

START_SECONDS = 30.0
REFILL_SECONDS = 0.05
HOMES = 2
GROUP_TRIES, GROUP_SECONDS = 50, 0.02
ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
ID_LENGTH = 20
log = logging.getLogger(__name__)
DEAD_ANSWER = (AgentGone, Fault, TimeoutError)


@dataclass(frozen=True, slots=True)
class Means:
    """What every sandbox of a server is made with; ``spares`` are kept ready."""

    rung: Rung
    tools: Tools
    surroundings: Surroundings
    groups: Groups
    bound: Bound
    spares: int = 0

    @property
    def path(self) -> str:
        """The value of ``PATH`` of a login shell."""
        tools = self.tools
        return tools.path if self.rung.namespaced else tools.path_with(tools.links_folder)


@dataclass(frozen=True, slots=True)
class Newborn:
    """A sandbox that answers but belongs to nobody yet; it ends when its leash is let go."""

    id: str
    uid: int | None
    holder: Holder
    lines: Lines
    leash: Line


@dataclass(frozen=True, slots=True)
class Berth:
    """How one sandbox is to lie: on the network or not, from which home, within which limits.

    Attributes:
        home: A home directory to copy; none for a fresh one.
        bound: Its limits; none for those of the server.
    """

    internet: bool = True
    home: Path | None = None
    bound: Bound | None = None


class Cradle:
    """Makes sandboxes, and removes what is left of dead ones."""

    def __init__(self, layout: Layout, means: Means) -> None:
        self.means = means
        self.mark = mark_of(layout.root)
        self._layout = layout
        self._uids: set[int | None] = set()
        self._sockets_fd = os.open(layout.sockets, os.O_RDONLY | os.O_DIRECTORY)
        self._spares: dict[Path | None, deque[Newborn]] = {None: deque()}
        self._refilling: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, settings: Message, berth: Berth) -> Newborn:
        """Return a sandbox with its settings: ``variables``, and ``seconds`` until its end.

        Raises:
            HttpError: If it cannot be started.
        """
        born = await self._ready_spare(berth.home) if berth.internet else None
        if born is None:
            born = await self._make(internet=berth.internet, source=berth.home)
        self._limit(born, berth.bound or self.means.bound)
        own = {"E2B_SANDBOX": "true", "E2B_SANDBOX_ID": born.id}
        around = self.means.surroundings.variables
        settings = settings | {"variables": {**around, **own, **settings["variables"]}}
        try:
            await born.lines.ask("agent/Configure", settings)
        except DEAD_ANSWER as problem:
            await self.bury(born.id, born.uid, born.holder)
            raise HttpError(500, f"The sandbox died while starting: {problem!r}") from problem
        finally:
            await born.leash.close()
        self._expect(berth.home)
        self.refill()
        return born

    def refill(self) -> None:
        """Make spares again soon, unless that is being done."""
        if self._refilling is None or self._refilling.done():
            self._refilling = asyncio.ensure_future(self._refill())

    def lines_of(self, sandbox_id: str) -> Lines:
        """Return the way to a sandbox's agent."""
        return Lines(self._sockets_fd, sandbox_id)

    def reserve(self, uid: int | None) -> None:
        """Take note of a user that belongs to a sandbox made earlier."""
        self._uids.add(uid)

    async def bury(self, sandbox_id: str, uid: int | None, holder: Holder) -> None:
        """Kill what is left of a sandbox and remove its directory."""
        strike(holder)
        await await_death(holder)
        self._repeat_log(sandbox_id)
        if not self.means.rung.namespaced:
            await asyncio.to_thread(kill_stragglers, sandbox_id, uid)
        self._uids.discard(uid)
        (self._layout.sockets / sandbox_id).unlink(missing_ok=True)
        await asyncio.to_thread(remove_tree, self._layout.sandboxes / sandbox_id)
        for _ in range(GROUP_TRIES):
            if self.means.groups.remove(sandbox_id):
                return
            await asyncio.sleep(GROUP_SECONDS)

    async def close(self) -> None:
        """Remove the spares; sandboxes that were handed out live on."""
        if self._refilling is not None:
            self._refilling.cancel()
            await asyncio.gather(self._refilling, return_exceptions=True)
        spares, self._spares = self._spares, {}
        for each in spares.values():
            await self._bury_all(each)
        self.means.groups.remove_roots()
        os.close(self._sockets_fd)

    def _repeat_log(self, sandbox_id: str) -> None:
        """Keep what an agent complained of before its directory goes."""
        with contextlib.suppress(OSError):
            said = (self._layout.sandboxes / sandbox_id / "holder.log").read_text(errors="replace")
            if said.strip():
                log.warning("the agent of sandbox %s said: %s", sandbox_id, said.strip()[-4000:])

    def _limit(self, born: Newborn, bound: Bound) -> None:
        if bound == self.means.bound:
            return
        self.means.groups.limit(born.id, bound)
        if "cpu" not in self.means.groups.controllers:
            pin(born.holder.agent_pid, bound.cpus)

    def _expect(self, home: Path | None) -> None:
        """Keep a spare of that home too; of homes that were not asked for lately, no more."""
        ready = self._spares.pop(home, deque())
        self._spares[home] = ready
        homes = [each for each in self._spares if each is not None]
        for old in homes[:-HOMES]:
            self._background(self._bury_all(self._spares.pop(old)))

    async def _bury_all(self, spares: Iterable[Newborn]) -> None:
        await asyncio.gather(*(self.bury(each.id, each.uid, each.holder) for each in spares))

    def _background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ready_spare(self, home: Path | None) -> Newborn | None:
        ready = self._spares.get(home, deque())
        while ready:
            spare = ready.popleft()
            with contextlib.suppress(*DEAD_ANSWER):
                await spare.lines.ask("agent/Configure", {})
                return spare
            await self.bury(spare.id, spare.uid, spare.holder)
        return None

    async def _refill(self) -> None:
        await asyncio.sleep(REFILL_SECONDS)
        for home in list(self._spares):
            # A copy of a home takes room on the disk: one is enough to start at once.
            wanted = self.means.spares if home is None else min(self.means.spares, 1)
            while len(self._spares.get(home, range(wanted))) < wanted:
                try:
                    spare = await self._make(internet=True, source=home)
                except (HttpError, OSError, shutil.Error):
                    break
                if home in self._spares:
                    self._spares[home].append(spare)
                else:
                    await self._bury_all([spare])

    async def _make(self, *, internet: bool, source: Path | None) -> Newborn:
        sandbox_id = "".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH))
        uid = pick_uid(self._uids) if self.means.rung.own_user else None
        self._uids.add(uid)
        directory = self._layout.sandboxes / sandbox_id
        holder = Holder()
        try:
            path = self.means.path
            await asyncio.to_thread(furnish, directory, uid, path, source)
            with listen(self._sockets_fd, sandbox_id) as listener:
                cell = Cell(
                    id=sandbox_id,
                    directory=directory,
                    listen=listener.fileno(),
                    uid=uid,
                    internet=internet,
                    processes=self.means.bound.processes,
                )
                process, info = await self._spawn(cell)
            lines = self.lines_of(sandbox_id)
            try:
                leash = await _greet(lines, process, directory / "holder.log")
            finally:
                namespaced = self.means.rung.namespaced
                holder = identify(process.pid, info, namespaced=namespaced)
                os.close(info)
        except BaseException:
            await asyncio.shield(self.bury(sandbox_id, uid, holder))
            raise
        return Newborn(sandbox_id, uid, holder, lines, leash)

    async def _spawn(self, cell: Cell) -> tuple[asyncio.subprocess.Process, int]:
        joining = self.means.groups.make(cell.id, self.means.bound)
        try:
            return await spawn(
                self.means.rung, cell, self.means.tools, mark=self.mark, joining=joining
            )
        except OSError as problem:
            raise HttpError(500, f"The sandbox could not be started: {problem}") from problem


async def _greet(lines: Lines, process: asyncio.subprocess.Process, log: Path) -> Line:
    greeting = asyncio.ensure_future(_tie(lines))
    ended = asyncio.ensure_future(process.wait())
    try:
        async with asyncio.timeout(START_SECONDS):
            await asyncio.wait((greeting, ended), return_when=asyncio.FIRST_COMPLETED)
        if not greeting.done() or greeting.exception() is not None:
            said = log.read_text(errors="replace").strip()[-2000:]
            raise HttpError(500, f"The sandbox could not be started: {said}")
        return greeting.result()
    except TimeoutError as slow:
        raise HttpError(503, "The sandbox did not start in time.") from slow
    finally:
        greeting.cancel()
        ended.cancel()
        await asyncio.gather(greeting, ended, return_exceptions=True)


async def _tie(lines: Lines) -> Line:
    leash = await lines.open("agent/Leash", {})
    await leash.message()
    return leash
