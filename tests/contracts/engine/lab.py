"""A place to try engines in, and flows and steps to try them with."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from courier.engine.seam import Action, Context, Engine, Flow, Json, RunState, StepIO

EngineFactory = Callable[[], Engine]
"""Makes a new engine, not started, on the same data every time."""


class Lab:
    """One engine at a time, on data that outlives it."""

    def __init__(self, factory: EngineFactory) -> None:
        self._factory = factory
        self._flows: dict[str, Flow] = {}
        self._limits: dict[str | None, int | None] = {}
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        assert self._engine is not None
        return self._engine

    async def start(
        self, *, limits: Mapping[str | None, int | None] | None = None, **flows: Flow
    ) -> Engine:
        """Start an engine with these flows besides the earlier ones."""
        self._flows |= flows
        self._limits |= limits or {}
        self._engine = self._factory()
        for name, function in self._flows.items():
            self._engine.register(name, function)
        for queue, concurrency in self._limits.items():
            self._engine.limit(queue, concurrency=concurrency)
        await self._engine.start()
        return self._engine

    async def stop(self) -> None:
        if self._engine is not None:
            await self._engine.stop()
            self._engine = None

    async def restart(self, **flows: Flow) -> Engine:
        """Stop the engine in the middle of everything and start another on the same data."""
        await self.stop()
        self._flows |= flows
        return await self.start()

    async def run(self, function: Flow, *, run_id: str = "run", input: Json = None) -> RunState:
        """Start an engine, run one flow to its end and return what became of it."""
        engine = await self.start(flow=function)
        await engine.submit(run_id, flow="flow", input=input)
        return await self.end(run_id)

    async def end(self, run_id: str = "run") -> RunState:
        return await asyncio.wait_for(self.engine.wait(run_id), 10)

    async def until(self, run_id: str = "run", **wanted: object) -> RunState:
        """Wait until a run's state has these attributes."""

        async def look() -> RunState:
            while True:
                state = await self.engine.status(run_id)
                if state and all(getattr(state, name) == what for name, what in wanted.items()):
                    return state
                await asyncio.sleep(0.005)

        return await asyncio.wait_for(look(), 10)


class Effects:
    """What steps did to the world, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def until(self, name: str) -> None:
        """Wait until a mark is there."""
        async with asyncio.timeout(10):
            while name not in self.seen:
                await asyncio.sleep(0.002)

    def note(self, name: str) -> Action:
        """Return an action that leaves its mark and gives back its name."""

        async def action(io: StepIO) -> Json:
            self.seen.append(name)
            return name

        return action

    def hang(self, name: str) -> Action:
        """Return an action that leaves its mark and never ends by itself."""

        async def action(io: StepIO) -> Json:
            self.seen.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                self.seen.append(f"{name} let go")
            return None

        return action


def soon(seconds: float = 0.05) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def idle(context: Context) -> Json:
    """A flow that asks for nothing."""
    return None
