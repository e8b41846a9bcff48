"""Two days of a daemon's own loop, on a clock that is told to go: nothing grows."""

import asyncio
import gc
import logging
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from courier.engine.serving.daemon import Daemon, Post
from tests.engine.calendar_worlds import BASE, Simulation, task

MOST_A_RUN = 4_000
"""Bytes that stay of a run that ended, this test's own memory of it included."""


async def never(stop: asyncio.Event) -> AsyncIterator[None]:
    await stop.wait()
    return
    yield


def fate(_run: str) -> tuple[timedelta, str]:
    return timedelta(minutes=4), "completed"


def used(days: Simulation) -> tuple[int, int, int]:
    """Return bytes, open files and tasks; what stands in for a state branch is on no disk."""
    gc.collect()
    files = len([*Path("/proc/self/fd").iterdir()])
    return tracemalloc.get_traced_memory()[0] - days.state.held, files, len(asyncio.all_tasks())


@pytest.mark.slow
@pytest.mark.exhaustive
async def test_two_days_leave_nothing_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # What is logged is kept by the test, and would count.
    caplog.set_level(logging.ERROR, logger="courier")
    days = Simulation.at("2026-11-20T23:59:30Z", fate, tmp_path)
    tasks = [task(f"task-{number}", f'{{cron: "{number} * * * *"}}') for number in range(0, 60, 30)]
    days.repository.commit({".courier/all.yaml": BASE + "".join(tasks)})
    post = Post("/nowhere", tmp_path / "daemon.json", never)
    daemon = Daemon(days.reconciler, days.engine, days.clock, post=post)
    stop = asyncio.Event()
    serving = asyncio.create_task(daemon.run(stop, pid=1))
    tracemalloc.start()
    try:
        figures = []
        for _ in range(4):
            for _ in range(12 * 60 * 4):
                await days.clock.advance(15)
                await days.clock.is_waited_for()
                await days.engine.end_what_is_over()
            figures.append(used(days))
    finally:
        tracemalloc.stop()
        stop.set()
        await serving
        days.index.close()
    assert len(days.engine.began) == 48 * 2
    (_, first_files, first_tasks), (day, _, _), _, (two, files, waits) = figures
    assert two - day < MOST_A_RUN * 48, figures
    assert (files, waits) == (first_files, first_tasks)
