"""The harbour: one daemon process on one state folder, with its fleet, its bell and its status."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from courier.engine.journal import FolderHeld, FolderLock, holder
from courier.engine.serving.doorbell import answering
from courier.engine.serving.fleet import Fleet, Target
from courier.engine.serving.status import Household, read_status, write_status
from courier.errors import Misconfigured, NotFound, Unavailable

log = logging.getLogger(__name__)

LOCK = "daemon.lock"
STATUS = "daemon.json"


class Harbour:
    """What makes a fleet the daemon of a state folder.

    Args:
        folder: The state folder.
        fleet: Its repositories.
        status: What to tell of it besides them.
    """

    def __init__(self, folder: Path, fleet: Fleet, status: Household) -> None:
        self._folder = folder
        self._fleet = fleet
        self._status = status

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Be the folder's daemon until the end.

        Raises:
            Misconfigured: If another one is; says which process and where.
        """
        lock = FolderLock(self._folder, name=LOCK)
        try:
            lock.take()
        except FolderHeld as held:
            raise _occupied(self._folder) from held
        try:
            self._write()
            async with answering(self._folder, self._answer):
                yield
        finally:
            await self._fleet.stop()
            self._write(stopped=True)
            lock.release()

    async def keep_to(self, targets: Sequence[Target]) -> None:
        """Look after exactly these repositories from now on."""
        await self._fleet.keep_to(targets)
        self.explain(())

    def explain(self, problems: Sequence[str]) -> None:
        """Tell what is wrong with the list of repositories, or that nothing is."""
        names = tuple(target.repository for target in self._fleet.targets)
        self._status = self._status.model_copy(
            update={"problems": tuple(problems), "repositories": names}
        )
        self._write()

    def _write(self, *, stopped: bool = False) -> None:
        told = self._status
        if stopped:
            told = told.model_copy(update={"stopped_at": self._fleet.now()})
        write_status(self._folder / STATUS, told)

    async def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        if question["ask"] != "reconcile":
            raise ValueError(f"nobody can ask {question['ask']!r}")
        name = str(question["repository"])
        if name not in self._fleet.daemons:
            raise NotFound(
                "The daemon does not look after this repository.",
                detail=name,
                next_step="Add it to the daemon's list of repositories.",
            )
        daemon = self._fleet.daemons[name]
        if daemon is None:
            raise Unavailable(f"The daemon cannot open {name} now; see `courier status`.")
        if not question.get("wait", True):
            daemon.wake()
            return {"asked": True}
        return (await daemon.look()).model_dump(mode="json", by_alias=True)


def household(folder: Path) -> Household | None:
    """Return what the daemon of a state folder last told of itself; None if there never was one."""
    return read_status(folder / STATUS, Household)


def occupant(folder: Path) -> int | None:
    """Return the process of the daemon that runs on a state folder, or None."""
    return holder(folder, name=LOCK)


def _occupied(folder: Path) -> Misconfigured:
    told = household(folder)
    served = f" It looks after {', '.join(told.repositories)}." if told else ""
    return Misconfigured(
        "Another daemon runs on this state folder.",
        detail=f"Process {occupant(folder) or 'unknown'}, folder {folder}.{served}",
        next_step="Add the repository to its list (`courier daemon --config`), or set another "
        "COURIER_HOME.",
    )
