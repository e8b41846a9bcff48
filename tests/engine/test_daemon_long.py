"""Two simulated days of one daemon: nothing grows."""

import asyncio
import contextvars
import gc
import os
import threading
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from courier.engine.desired.desired import DesiredState
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler
from courier.engine.serving.daemon import Daemon, Post
from courier.planning.documents.manifest import Schemas
from courier.shipped import schema_text
from tests.engine.test_daemon import PROJECT, WORKFLOW, run_document
from tests.engine.worlds import git, make_origin, provider, scene
from tests.fakes.clock import FakeClock
from tests.fakes.embedded import Endpoint

HOURS = 48
INTERVAL = 300.0
PASSES_AN_HOUR = 12
WARM = 6
PASSING = (weakref.ref, asyncio.TimerHandle, contextvars.Context)
"""What time-outs of the event loop keep until their real, not their simulated, moment."""
SUSPENDED = PROJECT.replace("{title: Demo}", "{title: Demo, suspend: true}")


class Held(NamedTuple):
    """What a process holds on to."""

    objects: int
    files: int
    threads: int
    tasks: int
    litter: int


def held(state: Path) -> Held:
    gc.collect()
    return Held(
        objects=sum(not isinstance(one, PASSING) for one in gc.get_objects()),
        files=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
        tasks=len(asyncio.all_tasks()),
        litter=len(list((state / "scratch").iterdir())) + len(list(state.glob("*.new"))),
    )


async def never(stop: asyncio.Event) -> AsyncIterator[None]:
    await stop.wait()
    return
    yield


@pytest.mark.slow
@pytest.mark.exhaustive
async def test_two_days_leave_nothing_behind(tmp_path: Path, sandboxd: Endpoint) -> None:
    files = {".courier/project.yaml": SUSPENDED, ".courier/fix.yaml": WORKFLOW}
    origin, checkout = make_origin(tmp_path, files), tmp_path / "checkout"
    git(tmp_path, "clone", "-q", str(origin), str(checkout))
    clock, stop, state = FakeClock(), asyncio.Event(), tmp_path / "state"
    async with scene(state, origin, provider(sandboxd)) as here:
        observation = Observation(here.world, here.engine, remote=str(origin))
        reconciler = Reconciler(
            here.world,
            DesiredState(here.world, Schemas(schema_text)),
            observation,
            Dispatcher(here.world, here.engine, observation),
        )
        post = Post(str(origin), tmp_path / "daemon.json", never, INTERVAL)
        daemon = Daemon(reconciler, here.engine, clock, post=post)
        serving = asyncio.create_task(daemon.run(stop, pid=os.getpid()))
        status = await daemon.look()
        known: dict[int, Held] = {}
        for hour in range(HOURS):
            change(checkout, hour)
            before = status.passes
            for _ in range(PASSES_AN_HOUR):
                status = await daemon.look()
                await clock.advance(daemon.interval + 1)
            assert status.passes - before >= PASSES_AN_HOUR
            assert status.idle_passes > status.passes * 0.8 or hour < WARM
            if hour in (WARM, HOURS - 1):
                known[hour] = held(state)
        stop.set()
        await asyncio.wait_for(serving, 30)
    first, last = known[WARM], known[HOURS - 1]
    # A pass may be under way at either moment; what leaks at every commit would be forty.
    grown = Held(*(after - before for before, after in zip(first, last, strict=True)))
    assert grown.objects < 30, (first, last)
    assert max(grown[1:]) <= 3, (first, last)


def change(checkout: Path, hour: int) -> None:
    """Ask for another run, which is held, and no longer for the one before."""
    name = checkout / ".courier" / "run.yaml"
    name.write_text(run_document(f"run-{hour:02d}"))
    git(checkout, "add", "-A")
    git(checkout, "commit", "-q", "-m", "Change")
    git(checkout, "push", "-q", "origin", "main")
