"""Whether daemons and workers are alive and ready, with reasons, for what watches processes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from courier.engine.serving.daemon import Daemon
from courier.engine.serving.pulse import Pulse
from courier.errors import CourierError
from courier.ports.clock import Clock

STUCK_SECONDS = 900.0
"""How long a pass may take; git gives up long before."""

LATE_PAUSES = 3
"""How many pauses may pass without a good pass before a daemon is not ready."""

LONGEST_PASS = 60.0
"""Seconds that are granted to passes besides."""

ENGINE_SECONDS = 5.0
"""How long an engine may take to answer."""

Daemons = Callable[[], Mapping[str, Daemon | None]]
"""Returns repository to its daemon, None while it cannot be opened."""

Sandboxes = Callable[[], Awaitable[str]]
"""Returns what is wrong with what gives sandboxes; empty if nothing is known to be."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong.

    Attributes:
        check: What was looked at: ``loop``, ``engine``, ``pass``, ``repository`` or ``sandboxes``.
        repository: Whose; empty for the whole process.
        message: What is wrong with it.
    """

    check: str
    repository: str
    message: str


class Look(Protocol):
    """What probes ask."""

    async def alive(self) -> list[Reason]:
        """Return why the process should be started anew; nothing while it gets on."""
        ...

    async def ready(self) -> list[Reason]:
        """Return why work may not be done now; nothing when all of it will be."""
        ...


@runtime_checkable
class Working(Protocol):
    """The engine of a worker, as far as its health goes."""

    @property
    def name(self) -> str:
        """What others call it."""
        ...

    @property
    def at_work(self) -> int:
        """How many runs are its own now."""
        ...

    async def workers(self) -> Sequence[str]:
        """Return the workers that are heard of."""
        ...


Workplaces = Mapping[str, Working]
"""Repository to the engine of a worker."""


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """How it is with a worker.

    Args:
        workplaces: Gives its engines.
        sandboxes: Looks at what gives sandboxes.
        redact: Takes secrets out of what is told.
    """

    workplaces: Workplaces
    sandboxes: Sandboxes
    redact: Callable[[str], str] = str

    async def alive(self) -> list[Reason]:
        """Return nothing: whoever answers gets on, and without a database a worker waits."""
        return []

    async def ready(self) -> list[Reason]:
        """Return why work may not be done now; nothing when all of it will be."""
        found = [] if self.workplaces else [Reason("repository", "", "None is open yet.")]
        for name, engine in self.workplaces.items():
            if wrong := await _heard_of(engine):
                found.append(Reason("engine", name, self.redact(wrong)))
        if wrong := await self.sandboxes():
            found.append(Reason("sandboxes", "", self.redact(wrong)))
        return found


async def _heard_of(engine: Working) -> str:
    try:
        async with asyncio.timeout(ENGINE_SECONDS):
            is_known = engine.name in await engine.workers()
    except TimeoutError:
        return f"The database does not answer within {ENGINE_SECONDS:.0f} s."
    except CourierError as fault:
        return str(fault)
    return "" if is_known else "The others have not heard of this worker lately."


@dataclass(frozen=True, slots=True)
class Health:
    """How it is with the daemons of one process.

    Args:
        daemons: Gives them.
        sandboxes: Looks at what gives sandboxes.
        clock: Measures.
        redact: Takes secrets out of what is told.
    """

    daemons: Daemons
    sandboxes: Sandboxes
    clock: Clock
    redact: Callable[[str], str] = str

    async def alive(self) -> list[Reason]:
        """Return why the process should be started anew; nothing while it gets on."""
        now, found = self.clock.monotonic(), []
        for name, pulse in self._pulses():
            if pulse.began is not None and now - pulse.began > STUCK_SECONDS:
                took = f"The pass under way began {now - pulse.began:.0f} s ago."
                found.append(Reason("loop", name, took))
        return found

    async def ready(self) -> list[Reason]:
        """Return why work may not be done now; nothing when all of it will be."""
        found = await self.alive()
        for name, daemon in self.daemons().items():
            if daemon is None:
                told = "It cannot be opened now; see `courier status --all`."
                found.append(Reason("repository", name, told))
                continue
            found += [Reason("engine", name, why) for why in await self._engine(daemon)]
            found += [Reason("pass", name, why) for why in self._late(daemon.pulse)]
        if wrong := await self.sandboxes():
            found.append(Reason("sandboxes", "", wrong))
        return [Reason(one.check, one.repository, self.redact(one.message)) for one in found]

    def _pulses(self) -> list[tuple[str, Pulse]]:
        return [(name, one.pulse) for name, one in self.daemons().items() if one is not None]

    async def _engine(self, daemon: Daemon) -> list[str]:
        try:
            async with asyncio.timeout(ENGINE_SECONDS):
                await daemon.in_flight()
        except TimeoutError:
            return [f"The engine does not answer within {ENGINE_SECONDS:.0f} s."]
        except CourierError as fault:
            return [str(fault)]
        return []

    def _late(self, pulse: Pulse) -> list[str]:
        now, fault = self.clock.monotonic(), f" {pulse.fault}" if pulse.fault else ""
        if pulse.good is None:
            return [f"There was no good pass yet.{fault}"]
        if now - pulse.good <= pulse.pause * LATE_PAUSES + LONGEST_PASS:
            return []
        return [f"The last good pass ended {now - pulse.good:.0f} s ago.{fault}"]
