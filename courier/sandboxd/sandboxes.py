"""The live sandboxes of one server: made, found, extended, paused, woken and killed."""

import asyncio
import contextlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from courier.sandboxd.cradle import DEAD_ANSWER, Berth, Cradle
from courier.sandboxd.exchange import HttpError
from courier.sandboxd.holders import await_death, on_death, strike
from courier.sandboxd.layout import Layout
from courier.sandboxd.line import Lines
from courier.sandboxd.records import Lifecycle, SandboxRecord, timestamp
from courier.sandboxd.templates import Snapshot, Source, Templates

log = logging.getLogger(__name__)
WAKE_SECONDS = 300
CLOSE_SECONDS = 2.0
MACHINE_MB = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asks of a new sandbox."""

    source: Source
    timeout: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    internet: bool = True
    network: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Live:
    """A sandbox that exists: its record, the way to its agent, and its alarm."""

    record: SandboxRecord
    lines: Lines
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    alarm: asyncio.TimerHandle | None = None
    watch: Callable[[], None] | None = None


class Sandboxes:
    """Every sandbox this server knows, by id."""

    def __init__(self, layout: Layout, cradle: Cradle) -> None:
        self._layout = layout
        self._cradle = cradle
        self._live: dict[str, Live] = {}
        self._background: set[asyncio.Task[None]] = set()

    def all(self) -> Sequence[SandboxRecord]:
        """Return every record, oldest first."""
        return sorted(
            (live.record for live in self._live.values()), key=lambda r: (r.started_at, r.id)
        )

    def get(self, sandbox_id: str) -> Live | None:
        """Return a sandbox by its id, with or without a client id behind a dash."""
        return self._live.get(sandbox_id.partition("-")[0])

    def require(self, sandbox_id: str) -> Live:
        """Return a sandbox by its id.

        Raises:
            HttpError: 404 if there is none.
        """
        live = self.get(sandbox_id)
        if live is None:
            raise HttpError(404, f"Sandbox {sandbox_id} was not found: it ended or never was.")
        return live

    async def create(self, wanted: Wanted) -> SandboxRecord:
        """Make a sandbox and return its record once its agent serves.

        Raises:
            HttpError: If it cannot be started.
        """
        means = self._cradle.means
        if not wanted.internet and not means.rung.cuts_network:
            said = f"The isolation '{means.rung.name}' cannot keep a sandbox off the network."
            raise HttpError(400, said)
        template = wanted.source.template
        named = {"E2B_TEMPLATE_ID": template.id}
        bound = means.bound.within(cpus=template.cpus, memory_mb=template.memory_mb)
        settings = {
            "variables": named | dict(template.variables) | dict(wanted.variables),
            "seconds": wanted.timeout,
            "freeze": wanted.lifecycle.on_timeout == "pause",
        }
        born = await self._cradle.take(
            settings, Berth(internet=wanted.internet, home=wanted.source.home, bound=bound)
        )
        now = time.time()
        record = SandboxRecord(
            id=born.id,
            token=secrets.token_hex(32),
            template=template.id,
            alias=wanted.source.alias,
            started_at=now,
            ends_at=now + wanted.timeout,
            metadata=wanted.metadata,
            variables=wanted.variables,
            lifecycle=wanted.lifecycle,
            internet=wanted.internet,
            network=wanted.network,
            isolation=means.rung.name,
            uid=born.uid,
            cpu_count=round(bound.cpus) or os.cpu_count() or 1,
            memory_mb=bound.memory_mb or MACHINE_MB,
            holder=born.holder,
        )
        record.save(self._layout.sandboxes / record.id)
        live = Live(record, born.lines)
        self._admit(live)
        self._arm(live)
        return record

    def _admit(self, live: Live) -> None:
        self._live[live.record.id] = live
        sandbox_id, holder = live.record.id, live.record.holder

        def died() -> None:
            log.warning("the agent of sandbox %s died", sandbox_id)
            self._run(self.kill(sandbox_id))

        live.watch = on_death(holder, died)

    def adopt(self, record: SandboxRecord) -> None:
        """Take over a sandbox whose agent survived the server that made it."""
        live = Live(record, self._cradle.lines_of(record.id))
        self._cradle.reserve(record.uid)
        self._admit(live)
        if record.state == "running":
            self._arm(live)

    async def set_end(self, live: Live, ends_at: float) -> None:
        """Let a running sandbox end at another time."""
        self._remember(live, ends_at=ends_at)
        if live.record.state == "running":
            self._arm(live)

    async def pause(self, live: Live, *, keep_memory: bool = True) -> None:
        """Freeze everything in it, or end its processes and keep its files; its timeout stops.

        Raises:
            HttpError: 409 if it is paused already, 503 if its agent does not answer.
        """
        async with live.changing:
            if live.record.state == "paused":
                raise HttpError(409, f"Sandbox {live.record.id} is already paused.")
            try:
                async with asyncio.timeout(10):
                    await live.lines.ask("agent/Deadline", {})
                    await live.lines.ask("agent/Freeze" if keep_memory else "agent/Clear", {})
            except DEAD_ANSWER as problem:
                raise HttpError(503, "The sandbox's agent does not answer.") from problem
            self._disarm(live)
            self._remember(live, state="paused")

    async def wake(self, live: Live, seconds: float, *, keep_memory: bool = True) -> bool:
        """Let a paused sandbox go on for that long; return whether it was paused."""
        async with live.changing:
            if live.record.state == "running":
                return False
            try:
                async with asyncio.timeout(10):
                    await live.lines.ask("agent/Thaw" if keep_memory else "agent/Clear", {})
            except DEAD_ANSWER as problem:
                raise HttpError(503, "The sandbox's agent does not answer.") from problem
            self._remember(live, state="running", ends_at=time.time() + seconds)
            self._arm(live)
            return True

    async def snapshot(self, live: Live, templates: Templates, name: str | None) -> Snapshot:
        """Keep a sandbox's home directory; it stands still meanwhile.

        Raises:
            HttpError: 503 if its agent does not answer.
        """
        home = self._layout.sandboxes / live.record.id / "home"
        was_running = live.record.state == "running"
        ends_at = live.record.ends_at
        if was_running:
            await self.pause(live)
        try:
            return await asyncio.to_thread(
                templates.keep, home, sandbox_id=live.record.id, name=name
            )
        finally:
            if was_running:
                await self.wake(live, ends_at - time.time())

    async def measure(self, live: Live) -> dict[str, Any]:
        """Return what a sandbox uses now, in the control plane's form."""
        found = {"cpuSeconds": 0.0, "memoryBytes": 0}
        with contextlib.suppress(*DEAD_ANSWER):
            async with asyncio.timeout(5):
                found = await live.lines.ask("agent/Metrics", {})
        now = time.time()
        age = max(now - live.record.started_at, 0.001)
        disk = os.statvfs(self._layout.root)
        return {
            "timestamp": timestamp(now),
            "timestampUnix": int(now),
            "cpuCount": live.record.cpu_count,
            "cpuUsedPct": round(100 * found["cpuSeconds"] / age, 2),
            "memUsed": found["memoryBytes"],
            "memTotal": live.record.memory_mb * 2**20,
            "memCache": 0,
            "diskUsed": (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
            "diskTotal": disk.f_blocks * disk.f_frsize,
        }

    async def kill(self, sandbox_id: str) -> bool:
        """End a sandbox with everything in it; return whether it existed."""
        live = self._live.pop(sandbox_id.partition("-")[0], None)
        if live is None:
            return False
        self._disarm(live)
        if live.watch is not None:
            live.watch()
        record = live.record
        (self._layout.sandboxes / record.id / "sandbox.json").unlink(missing_ok=True)
        if record.isolation != "bubblewrap":
            with contextlib.suppress(*DEAD_ANSWER):
                async with asyncio.timeout(5):
                    await live.lines.ask("agent/Shutdown", {})
        strike(record.holder)
        await await_death(record.holder)
        self._run(self._cradle.bury(record.id, record.uid, record.holder))
        return True

    async def close(self) -> None:
        """Let go of every sandbox without ending it; its agent goes on."""
        for live in self._live.values():
            self._disarm(live)
        if self._background:
            await asyncio.wait(self._background, timeout=CLOSE_SECONDS)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def _remember(self, live: Live, **changes: Any) -> None:
        live.record = replace(live.record, **changes)
        live.record.save(self._layout.sandboxes / live.record.id)

    def _arm(self, live: Live) -> None:
        self._disarm(live)
        seconds = max(live.record.ends_at - time.time(), 0)
        live.alarm = asyncio.get_running_loop().call_later(
            seconds, lambda: self._run(self._ring(live))
        )
        self._run(self._warn(live, seconds))

    def _disarm(self, live: Live) -> None:
        if live.alarm is not None:
            live.alarm.cancel()
            live.alarm = None

    async def _warn(self, live: Live, seconds: float) -> None:
        freeze = live.record.lifecycle.on_timeout == "pause"
        with contextlib.suppress(*DEAD_ANSWER):
            async with asyncio.timeout(10):
                await live.lines.ask("agent/Deadline", {"seconds": seconds, "freeze": freeze})

    async def _ring(self, live: Live) -> None:
        if self._live.get(live.record.id) is not live:
            return
        if live.record.lifecycle.on_timeout == "pause":
            with contextlib.suppress(HttpError):
                await self.pause(live, keep_memory=live.record.lifecycle.keep_memory)
                return
        await self.kill(live.record.id)

    def _run(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
