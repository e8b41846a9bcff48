"""The daemon: pass after pass, woken by changes and by time, until it is told to stop."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

from courier.engine.reconciler import INTERVAL_SECONDS, Reconciler, Result
from courier.errors import CourierError
from courier.planning.conditions import Condition, Look, conditions
from courier.ports.clock import Clock
from courier.resources.model import Model

log = logging.getLogger(__name__)

LONGEST_BACKOFF = 300.0
"""Seconds between passes while the outside stays out of reach."""

Wakes = Callable[[asyncio.Event], AsyncIterator[None]]
"""Yields whenever something may have changed, until the event is set."""


class Status(Model):
    """What a daemon tells about itself, in a file beside its journal."""

    pid: int
    started_at: datetime
    last_pass_at: datetime | None = None
    passes: int = 0
    conditions: tuple[Condition, ...] = ()


class Daemon:
    """Reconciles one repository until stopped; agents go on running when it stops.

    Args:
        reconciler: Does the passes.
        clock: Measures and waits.
        wakes: Hints that a pass is due; a lost one costs at most the interval.
        status_file: Where `Status` is written after each pass.
    """

    def __init__(
        self,
        reconciler: Reconciler,
        clock: Clock,
        *,
        wakes: Wakes,
        status_file: Path,
    ) -> None:
        self._reconciler = reconciler
        self._clock = clock
        self._wakes = wakes
        self._status_file = status_file
        self._woken = asyncio.Event()
        self._faults = 0

    async def run(self, stop: asyncio.Event, *, pid: int) -> None:
        """Pass until the event is set; the pass under way is finished first."""
        status = Status(pid=pid, started_at=self._clock.now())
        waking = asyncio.create_task(self._wake(stop))
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._woken.clear()
                status, pause = await self._pass(status)
                await self._rest(stopping, pause)
        finally:
            waking.cancel()
            stopping.cancel()
            await asyncio.gather(waking, stopping, return_exceptions=True)
            self._status_file.unlink(missing_ok=True)

    async def _pass(self, status: Status) -> tuple[Status, float]:
        result, fault = Result(None), ""
        try:
            result = await self._reconciler.reconcile()
        except CourierError as error:
            fault = str(error)
            log.warning("the pass was broken off: %s", error)
        except Exception as error:  # the controller loop: it records and goes on
            fault = f"{type(error).__name__}: {error}"
            log.exception("the pass failed for a reason nobody foresaw")
        self._faults = self._faults + 1 if fault else 0
        status = self._after(status, result, fault)
        self._write(status)
        return status, self._pause(result)

    def _after(self, status: Status, result: Result, fault: str) -> Status:
        for done in result.dispatched:
            if done.how != "underway":
                log.info("%s %s %s", done.how, done.run, done.message)
        now = self._clock.now()
        commit = result.plan.commit if result.plan else ""
        look = Look(now, commit, result.plan, result.diagnostics, fault)
        told = conditions(look, earlier=status.conditions)
        return status.model_copy(
            update={"last_pass_at": now, "passes": status.passes + 1, "conditions": told}
        )

    def _pause(self, result: Result) -> float:
        if not self._faults:
            return result.requeue_after
        return float(min(INTERVAL_SECONDS * 2 ** (self._faults - 1), LONGEST_BACKOFF))

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
        async for _ in self._wakes(stop):
            self._woken.set()

    def _write(self, status: Status) -> None:
        fresh = self._status_file.with_suffix(".new")
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(status.model_dump(mode="json", by_alias=True), indent=2))
        fresh.replace(self._status_file)
