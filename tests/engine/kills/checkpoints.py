"""A run whose sandbox dies after the first checkpoint.

courier is killed before and after every touch of the remote's refs as well.
"""

import asyncio
import os
import signal
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from courier.engine.journal.writer import Observer
from courier.ports.checkpoints import Checkpoints, Hidden, Line
from courier.runs.run.events import Checkpoint
from courier.runs.run.frozen import FrozenPlan
from tests.engine.kills.lives import Stage
from tests.engine.worlds import Scene, provider, scene, single_plan

COMMANDS = """
echo start >> ~/starts
if [ -e progress ]; then git log --oneline | wc -l > commits; cp ~/starts starts
else echo begun; echo 1 > progress; sleep 120; fi
"""


class Passing:
    """Checkpoints that pass everything on; for those that do not."""

    def __init__(self, inner: Checkpoints) -> None:
        self._inner = inner

    async def add(self, commit: str, *, line: Line, at: datetime) -> Checkpoint:
        return await self._inner.add(commit, line=line, at=at)

    async def newest(self, run: str, attempt: str) -> Checkpoint | None:
        return await self._inner.newest(run, attempt)

    async def of(self, run: str) -> Sequence[Checkpoint]:
        return await self._inner.of(run)

    async def base_of(self, checkpoint: Checkpoint) -> str:
        return await self._inner.base_of(checkpoint)

    async def hidden(self) -> Hidden:
        return await self._inner.hidden()

    async def drop(self, refs: Collection[str]) -> None:
        await self._inner.drop(refs)


class Deadly(Passing):
    """Checkpoints whose every touch kills this process once before it and once after it."""

    def __init__(self, inner: Checkpoints, seen: Path) -> None:
        super().__init__(inner)
        self._seen = seen

    async def add(self, commit: str, *, line: Line, at: datetime) -> Checkpoint:
        self._die("before add", line.attempt)
        kept = await self._inner.add(commit, line=line, at=at)
        self._die("after add", line.attempt)
        return kept

    async def newest(self, run: str, attempt: str) -> Checkpoint | None:
        self._die("before newest", attempt)
        found = await self._inner.newest(run, attempt)
        self._die(f"after newest {found is not None}", attempt)
        return found

    def _die(self, when: str, attempt: str) -> None:
        told = f"{when} {attempt}"
        if self._seen.exists() and told in self._seen.read_text().splitlines():
            return
        with self._seen.open("a") as file:
            file.write(f"{told}\n")
        os.kill(os.getpid(), signal.SIGKILL)


def plan_of(opened: Scene) -> FrozenPlan:
    return single_plan(opened, COMMANDS, checkpoint_seconds=1)


async def live(stage: Stage, observer: Observer) -> int:
    """Be courier until the run has ended; kill the sandbox once its work is saved."""
    opening = scene(
        stage.home,
        stage.origin,
        provider(stage.sandboxd),
        observer=observer,
        checkpoints=lambda kept: Deadly(kept, stage.folder / "touched-at"),
    )
    async with opening as opened:
        await opened.submit(plan_of(opened))
        reaping = asyncio.create_task(_reap(opened))
        await opened.engine.wait("fix")
        reaping.cancel()
    return 0


async def _reap(opened: Scene) -> None:
    """Kill the sandbox of the first attempt once its work is on the remote."""
    while not await opened.world.checkpoints.of("fix"):
        await asyncio.sleep(0.2)
    labels = {**opened.labels, "courier-attempt": "work-1.1"}
    while True:
        for found in await opened.world.sandboxes.find(labels):
            await opened.world.sandboxes.kill(found.id)
        await asyncio.sleep(0.2)
