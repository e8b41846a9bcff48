"""Whoever tells people, around a state branch, an engine and real receivers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from courier.engine.journal import JournalEngine
from courier.engine.journal.writer import Observer
from courier.engine.notices.herald import Herald
from courier.engine.notices.mailing import FLOW, Mailing
from courier.engine.passes.preview import read_files
from courier.engine.seam import Context, Json, RunClient, RunState
from courier.engine.serving.engines import keep_to
from courier.engine.world import World
from courier.notify.http import Route
from courier.notify.notifiers import Notifiers
from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.manifest import Schemas
from courier.ports.clock import Clock
from courier.ports.forges import Forge
from courier.ports.state import StateBranch, WriteFile
from courier.runs.records.writeback import to_json
from courier.shipped import schema_text
from courier.storage.index import Index
from courier.system import EnvironmentSecrets

PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  notifications:
"""


def catalog(*sinks: str) -> Catalog:
    """Return documents with these sinks, each a YAML mapping."""
    text = PROJECT + "".join(f"    - {one}\n" for one in sinks)
    read = read_files({".courier/project.yaml": text.encode()}, Schemas(schema_text))
    assert not read.diagnostics, read.diagnostics
    return read.catalog


def record(run: str = "fix", **changes: Any) -> dict[str, Any]:
    """Return the record of a run that completed, as far as notices read it."""
    told: dict[str, Any] = {
        "recordVersion": 1,
        "run": run,
        "project": "demo",
        "workflow": "fix",
        "source": "manual",
        "title": "Fix the value",
        "phase": "completed",
        "reason": "Completed",
        "message": "",
        "startedAt": "2026-01-02T03:04:05+00:00",
        "endedAt": "2026-01-02T03:14:05+00:00",
        "pullRequest": None,
        "usage": {"costUsd": "0.5"},
    }
    return {**told, **changes}


def pull(status: str = "created", number: int = 1) -> dict[str, Any]:
    moment = "2026-01-02T03:14:00+00:00"
    return {
        "number": number,
        "run": "fix",
        "status": status,
        "title": "Fix the value",
        "branch": "courier/fix",
        "base": "main",
        "createdAt": moment,
        "updatedAt": moment,
    }


@dataclass
class Office:
    """A herald that can be begun anew, and what it tells of."""

    world: World
    engine: JournalEngine
    memory: Path
    herald: Herald

    def restart(self) -> None:
        """Forget what only a process knows."""
        self.herald = herald_of(self.world, self.engine, self.memory)

    async def put(self, *records: Mapping[str, Any]) -> None:
        changes = [
            WriteFile(f"runs/2026/01/02/{one['run']}/run.json", to_json(one)) for one in records
        ]
        await self.world.state.write(changes, message="Records")

    async def letters(self) -> list[RunState]:
        return [one for one in await self.engine.list() if one.flow == FLOW]

    async def settled(self) -> list[RunState]:
        """Return the letters once none is being sent."""
        async with asyncio.timeout(20):
            while any(one.phase in ("queued", "running") for one in await self.letters()):
                await asyncio.sleep(0.01)
        return await self.letters()

    async def stands_at(self, step: str) -> None:
        """Return once a letter has come to a step."""
        async with asyncio.timeout(20):
            while all(one.step != step for one in await self.letters()):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)

    async def ended(self) -> dict[str, Any]:
        """Return what became of each letter, by its sink, once all have ended."""
        async with asyncio.timeout(20):
            found = await self.letters()
            while not all(one.phase.ended for one in found):
                await asyncio.sleep(0.01)
                found = await self.letters()
        return {one.run_id.split(".")[1]: one.result for one in found}


def herald_of(world: World, engine: RunClient, memory: Path) -> Herald:
    return Herald(world, engine, repository="https://git.example/app", memory=memory)


@asynccontextmanager
async def office(
    folder: Path,
    state: StateBranch,
    clock: Clock,
    environment: Mapping[str, str],
    observer: Observer | None = None,
    *,
    forges: Mapping[str, Forge] = MappingProxyType({}),
) -> AsyncIterator[Office]:
    """Open an office; the same folder again is the same courier restarted."""
    secrets = EnvironmentSecrets(environment)
    nothing: Any = None
    index = Index(state, folder / "index", clock)
    world = World(
        home="office",
        clock=clock,
        sandboxes=nothing,
        repository=nothing,
        state=state,
        index=index,
        checkpoints=nothing,
        forges={},
        secrets=secrets,
        transcripts=nothing,
        drivers={},
        describe=nothing,
        models=nothing,
        notifier=Notifiers(secrets, clock, Route(), forges=forges),
    )
    engine = JournalEngine(folder / "journal", clock=clock, observer=observer)

    async def mail(context: Context) -> Json:
        return await Mailing(world, context).go()

    engine.register(FLOW, mail)
    keep_to(engine)([])
    await engine.start()
    memory = folder / "notices.json"
    try:
        yield Office(world, engine, memory, herald_of(world, engine, memory))
    finally:
        await engine.stop()
        index.close()
