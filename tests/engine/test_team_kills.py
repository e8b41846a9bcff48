"""Three workers, several whole runs, and kills at random: the same work, one of everything."""

import asyncio
import os
import random
import time
from pathlib import Path

import pytest

from courier.engine.postgres import PostgresClient
from tests.engine.kills.invariants import problems_of
from tests.engine.kills.runs import CHECK, DESIGN
from tests.engine.teams import Team, Worker, team
from tests.engine.worlds import by_itself, git, make_origin, plan_of, provider, shell_steps
from tests.fakes.embedded import Endpoint
from tests.fakes.postgres import Server

KILLS = int(os.environ.get("TEAM_KILLS", "8"))
SEED = int(os.environ.get("TEAM_SEED", "1"))
RUNS = [f"fix-{number}" for number in range(int(os.environ.get("TEAM_RUNS", "5")))]


@pytest.mark.slow
async def test_workers_killed_at_random_deliver_every_run_once(
    tmp_path: Path, sandboxd: Endpoint, postgres: Server
) -> None:
    origin = make_origin(tmp_path, {"value": "none\n", "keep.txt": "keep\n"})
    base, dice = git(origin, "rev-parse", "main"), random.Random(SEED)
    async with team(tmp_path, origin, sandboxd, postgres.url) as crew:
        for _ in range(3):
            crew.hire()
        for run in RUNS:
            plan = plan_of(base, run, shell_steps("shell", DESIGN, CHECK))
            await crew.submit(by_itself(origin, plan))
        kills = await torment(crew, dice)
        async with asyncio.timeout(120):
            for run in RUNS:
                await crew.client.wait(run)
        alive = [one for one in crew.workers if one.process.poll() is None]
        assert [worker.dismiss() for worker in alive] == [0] * len(alive)
        assert kills > 2
        assert await left_over(sandboxd, crew.name) == 0
        assert problems_of(tmp_path, RUNS, home=alive[-1].home) == []


async def torment(crew: Team, dice: random.Random) -> int:
    """Kill workers, and freeze one for longer than its lease, while runs are on their way."""
    frozen: list[tuple[Worker, float]] = []
    kills = 0
    while kills < KILLS and await live(crew.client):
        await asyncio.sleep(dice.uniform(0.3, 1.5))
        able = [one for one in crew.workers if one.process.poll() is None]
        able = [one for one in able if one not in [each for each, _ in frozen]]
        victim = dice.choice(able)
        if not frozen and kills > 1:
            victim.freeze()
            frozen.append((victim, time.monotonic()))
        else:
            victim.kill()
            kills += 1
        # On another disk each time, like a new machine.
        await asyncio.to_thread(crew.hire)
    for worker, since in frozen:
        await asyncio.sleep(max(0.0, since + 12 - time.monotonic()))
        worker.thaw()
    return kills


async def live(client: PostgresClient) -> bool:
    return bool(await client.list(live=True))


async def left_over(sandboxd: Endpoint, home: str) -> int:
    sandboxes = provider(sandboxd)
    try:
        return len(await sandboxes.find({"courier-home": home}))
    finally:
        await sandboxes.close()
