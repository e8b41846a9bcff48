"""The daemon: pass after pass, woken by changes and by time, until it is told to stop."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from courier.engine.inflight import Phase, RunState
from courier.engine.notices.mailing import FLOW as LETTER
from courier.engine.passes.reconciler import Result
from courier.engine.seam import RunClient
from courier.engine.serving.pulse import Pulse
from courier.engine.serving.status import Status, read_status, write_status
from courier.errors import CourierError, Unavailable
from courier.ports.clock import Clock

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 30.0
"""How soon a pass follows the last one when nothing wakes the daemon earlier."""

LONGEST_BACKOFF = 300.0
"""Seconds between passes while the outside stays out of reach."""

SPREAD = 0.1
"""How far intervals of different repositories lie apart, as a share of the interval."""

HEARTBEAT = timedelta(seconds=20)
"""How often idle passes are told, at most."""

Wakes = Callable[[asyncio.Event], AsyncIterator[None]]
"""Yields whenever something may have changed, until the event is set."""


class Reconciles(Protocol):
    """What a daemon does again and again: a `courier.engine.passes.reconciler.Reconciler`."""

    async def reconcile(self) -> Result:
        """Do one pass."""
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """Where a daemon keeps watch.

    Attributes:
        repository: Where the repository is, for git; also what its interval is spread by.
        status_file: Where `Status` is written.
        wakes: Hints that a pass is due; a lost one costs at most the interval.
        interval: Seconds between passes when nothing wakes it.
        is_own: Tells whether a remote ref is at a commit because it was pushed from here.
        hinted: Told every ref somebody hinted at, ``refs/pull`` for pull requests.
    """

    repository: str
    status_file: Path
    wakes: Wakes
    interval: float = INTERVAL_SECONDS
    is_own: Callable[[str, str], bool] = lambda _ref, _commit: False
    hinted: Callable[[str], None] = lambda _ref: None

    @property
    def pause(self) -> float:
        """Return the interval with this repository's own share of jitter, always the same."""
        share = sha256(self.repository.encode()).digest()[0] / 255
        return self.interval * (1 - SPREAD + 2 * SPREAD * share)


class Daemon:
    """Reconciles one repository until stopped; agents go on running when it stops.

    Args:
        reconciler: Does the passes.
        engine: Tells when runs end, which is when others may start.
        clock: Measures and waits.
        post: Where it keeps watch.

    Attributes:
        pulse: Its passes, counted and timed.
    """

    def __init__(
        self, reconciler: Reconciles, engine: RunClient, clock: Clock, *, post: Post
    ) -> None:
        self._reconciler = reconciler
        self._engine = engine
        self._clock = clock
        self._post = post
        self._woken = asyncio.Event()
        self._faults = 0
        self._asked: list[asyncio.Future[Status]] = []
        self._followed: dict[str, asyncio.Task[None]] = {}
        self._written: Status | None = None
        self.pulse = Pulse(post.pause, clock.monotonic())

    @property
    def interval(self) -> float:
        """Return the seconds between passes when nothing wakes it."""
        return self._post.pause

    def wake(self) -> None:
        """Hint that a pass is due; many hints before it begins are one."""
        self._woken.set()

    def hint(self, ref: str, commit: str) -> bool:
        """Take it that a remote ref is at a commit now; return whether that is worth a pass."""
        if self._post.is_own(ref, commit):
            return False
        self._post.hinted(ref)
        self.wake()
        return True

    @property
    def branch(self) -> str:
        """Return the tracked branch; empty before the first pass."""
        return self._written.branch if self._written else ""

    async def look(self) -> Status:
        """Have a pass begun from now on, and return how things are after it.

        Raises:
            Unavailable: If the daemon stops before that.
        """
        answer: asyncio.Future[Status] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self.wake()
        return await answer

    async def in_flight(self) -> Sequence[str]:
        """Return what has not ended, by the engine's names, the first submitted first."""
        return [state.run_id for state in reversed(await self._live())]

    async def _live(self) -> Sequence[RunState]:
        """Return what has not ended, letters apart: they change nothing of what is to be done."""
        return [one for one in await self._engine.list(live=True) if one.flow != LETTER]

    async def run(self, stop: asyncio.Event, *, pid: int) -> None:
        """Pass until the event is set; the pass under way is finished first."""
        status = self._begin(pid)
        waking = asyncio.create_task(self._wake(stop))
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._woken.clear()
                asked, self._asked = self._asked, []
                status, pause = await self._pass(status)
                if status.passes == 1:
                    _settle_memory()
                for answer in asked:
                    if not answer.done():
                        answer.set_result(status)
                await self._rest(stopping, pause)
        finally:
            tasks = (waking, stopping, *self._followed.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for answer in self._asked:
                if not answer.done():
                    answer.set_exception(Unavailable("The daemon is stopping."))
            self._write(status.model_copy(update={"stopped_at": self._clock.now()}))

    def _begin(self, pid: int) -> Status:
        """Return the status to begin with: what was so before the restart is so since then."""
        former = read_status(self._post.status_file, Status)
        fresh = Status(repository=self._post.repository, pid=pid, started_at=self._clock.now())
        if former is None:
            return fresh
        kept = {"conditions": former.conditions, "projects": former.projects}
        return fresh.model_copy(update=kept | {"applied_commit": former.applied_commit})

    async def _pass(self, status: Status) -> tuple[Status, float]:
        result, fault = Result(None), ""
        self.pulse.begin(self._clock.monotonic())
        try:
            result = await self._reconciler.reconcile()
            counts = await self._follow()
        except CourierError as error:
            fault, counts = str(error), {}
            log.warning("the pass was broken off: %s", error)
        except Exception as error:  # the controller loop: it records and goes on
            fault, counts = f"{type(error).__name__}: {error}", {}
            log.exception("the pass failed for a reason nobody foresaw")
        self._faults = self._faults + 1 if fault else 0
        self.pulse.end(self._clock.monotonic(), is_idle=result.was_idle, fault=fault)
        _tell(result)
        status = status.after(result, now=self._clock.now(), fault=fault)
        status = status.model_copy(update=counts)
        self._write(status)
        return status, self._pause(result)

    async def _follow(self) -> dict[str, object]:
        """Have the end of every run in flight wake the next pass; return how many there are."""
        live = await self._live()
        self._followed = {run: task for run, task in self._followed.items() if not task.done()}
        for state in live:
            if state.run_id not in self._followed:
                task = asyncio.create_task(self._await_end(state.run_id))
                self._followed[state.run_id] = task
        queued = sum(state.phase is Phase.QUEUED for state in live)
        self.pulse.in_flight, self.pulse.queued = len(live), queued
        return {"in_flight": len(live), "queued": queued}

    async def _await_end(self, run: str) -> None:
        with suppress(CourierError):
            await self._engine.wait(run)
        self.wake()

    def _pause(self, result: Result) -> float:
        if self._faults:
            return float(min(self._post.pause * 2 ** (self._faults - 1), LONGEST_BACKOFF))
        if result.requeue_after is None:
            return self._post.pause
        return min(self._post.pause, result.requeue_after)

    async def _rest(self, stopping: "asyncio.Task[bool]", pause: float) -> None:
        waits = {
            asyncio.create_task(self._woken.wait()),
            asyncio.create_task(self._clock.sleep(pause)),
        }
        await asyncio.wait({*waits, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    async def _wake(self, stop: asyncio.Event) -> None:
        async for _ in self._post.wakes(stop):
            self.wake()

    def _write(self, status: Status) -> None:
        """Write the status; one that tells only of idle passes now and then."""
        former, self._written = self._written, status
        if former is not None and _is_heartbeat(former, status):
            self._written = former
            return
        write_status(self._post.status_file, status)


def _is_heartbeat(former: Status, status: Status) -> bool:
    """Return whether a status tells only of idle passes, too soon after what was written."""
    if status.passes - former.passes != status.idle_passes - former.idle_passes:
        return False
    counts = {"passes", "idle_passes", "last_pass_at"}
    same = former.model_copy(update={name: getattr(status, name) for name in counts})
    if same != status or former.last_pass_at is None or status.last_pass_at is None:
        return False
    return status.last_pass_at - former.last_pass_at < HEARTBEAT


def _settle_memory() -> None:
    """Keep the collector from walking all documents and records over and over.

    They stay for as long as the daemon does; what was let go of since the last time is not kept.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _tell(result: Result) -> None:
    for done in () if result.was_idle else result.dispatched:
        if done.how != "underway":
            log.info("%s %s %s", done.how, done.run, done.message)
