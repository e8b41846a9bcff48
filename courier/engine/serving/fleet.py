"""The fleet: the daemons of many repositories in one process, none of which can stop another."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from courier.engine.journal import FolderHeld
from courier.engine.passes.reconciler import Result
from courier.engine.serving.daemon import INTERVAL_SECONDS, LONGEST_BACKOFF, Daemon
from courier.engine.serving.status import Status, read_status, write_status
from courier.errors import CourierError
from courier.ports.clock import Clock

log = logging.getLogger(__name__)

SUCCESSION_SECONDS = 1.0
"""How often is looked whether another process that works on a repository has left."""

FIRST_BACKOFF = 2.0
"""Seconds until a repository that cannot be opened is tried again; doubled each time."""


@dataclass(frozen=True, slots=True)
class Target:
    """A repository that shall be looked after.

    Attributes:
        repository: Where it is, for git.
        interval: Seconds between passes when nothing wakes its daemon.
        secret: The name of the variable with the secret its webhooks are signed with.
    """

    repository: str
    interval: float = INTERVAL_SECONDS
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Ship:
    """How one repository is looked after.

    Attributes:
        opened: Opens everything and gives the daemon; called again after a fault.
        status_file: Where is told why it cannot be opened.
    """

    opened: Callable[[], AbstractAsyncContextManager[Daemon]]
    status_file: Path


@dataclass(slots=True)
class _Crew:
    target: Target
    stop: asyncio.Event
    task: "asyncio.Task[None] | None" = None
    daemon: Daemon | None = None


class Fleet:
    """Looks after the repositories it is told to, each in a task of its own.

    Args:
        launch: Says how a repository is looked after.
        clock: Measures and waits.
        pid: This process.
    """

    def __init__(self, launch: Callable[[Target], Ship], clock: Clock, *, pid: int) -> None:
        self._launch = launch
        self._clock = clock
        self._pid = pid
        self._crews: dict[str, _Crew] = {}

    @property
    def daemons(self) -> Mapping[str, Daemon | None]:
        """Return repository to its daemon, None while it cannot be opened."""
        return {name: crew.daemon for name, crew in self._crews.items()}

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return what is looked after."""
        return tuple(crew.target for crew in self._crews.values())

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return self._clock.now()

    async def keep_to(self, targets: Sequence[Target]) -> None:
        """Look after exactly these from now on; agents of those left out go on in sandboxes.

        One whose settings changed is begun anew.
        """
        wanted = {target.repository: target for target in targets}
        left = [crew for name, crew in self._crews.items() if wanted.get(name) != crew.target]
        await self._dismiss(left)
        for name, target in wanted.items():
            if name not in self._crews:
                log.info("%s is looked after", name)
                self._crews[name] = self._enlist(target)

    async def in_flight(self) -> Sequence[str]:
        """Return what has not ended in any repository, by the engines' names."""
        daemons = [crew.daemon for crew in self._crews.values() if crew.daemon]
        return [run for each in daemons for run in await each.in_flight()]

    async def stop(self) -> None:
        """Leave everything as it is, for the next daemon."""
        await self._dismiss(list(self._crews.values()))

    async def _dismiss(self, crews: Sequence[_Crew]) -> None:
        for crew in crews:
            crew.stop.set()
        await asyncio.gather(*(crew.task for crew in crews if crew.task))
        for crew in crews:
            log.info("%s is not looked after any more", crew.target.repository)
            del self._crews[crew.target.repository]

    def _enlist(self, target: Target) -> _Crew:
        crew = _Crew(target, asyncio.Event())
        crew.task = asyncio.create_task(self._sail(crew, self._launch(target)))
        return crew

    async def _sail(self, crew: _Crew, ship: Ship) -> None:
        pause = FIRST_BACKOFF
        while not crew.stop.is_set():
            try:
                await self._voyage(crew, ship)
                pause = FIRST_BACKOFF
                continue
            except FolderHeld as held:
                self._explain(ship, crew, held)
                wait = SUCCESSION_SECONDS
            except CourierError as fault:
                self._explain(ship, crew, fault)
                wait, pause = pause, min(pause * 2, LONGEST_BACKOFF)
            except Exception as fault:  # one repository must not stop the others
                log.exception("%s failed for a reason nobody foresaw", crew.target.repository)
                self._explain(ship, crew, fault)
                wait, pause = pause, min(pause * 2, LONGEST_BACKOFF)
            await self._wait(crew.stop, wait)

    async def _voyage(self, crew: _Crew, ship: Ship) -> None:
        async with ship.opened() as daemon:
            crew.daemon = daemon
            try:
                await daemon.run(crew.stop, pid=self._pid)
            finally:
                crew.daemon = None

    async def _wait(self, stop: asyncio.Event, seconds: float) -> None:
        tasks = {
            asyncio.create_task(stop.wait()),
            asyncio.create_task(self._clock.sleep(seconds)),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _explain(self, ship: Ship, crew: _Crew, fault: Exception) -> None:
        told = str(fault) if isinstance(fault, CourierError) else repr(fault)
        log.warning("%s: %s", crew.target.repository, told)
        now = self._clock.now()
        former = read_status(ship.status_file, Status)
        base = former or Status(repository=crew.target.repository, pid=self._pid, started_at=now)
        base = base.model_copy(update={"pid": self._pid, "stopped_at": None})
        try:
            write_status(ship.status_file, base.after(Result(None), now=now, fault=told))
        except OSError as broken:
            log.warning("%s: its status cannot be written: %s", crew.target.repository, broken)
