"""Workers replaced by newer ones, one by one, while their runs are in flight."""

import asyncio
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from courier.engine.postgres import Database, PostgresClient
from courier.engine.postgres.session import Session
from courier.system import SystemClock
from tests.engine.journal_flows import Marks
from tests.engine.postgres_child import feed, submit
from tests.engine.test_postgres_kills import read_aftermath
from tests.fakes.postgres import Server

ROOT = Path(__file__).parents[2]
RUNS = 120
OLD, NEW = "0.1.0", "0.2.0"


@dataclass
class Fleet:
    """Workers by the name they go by."""

    folder: Path
    database: Database
    workers: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def start(self, name: str, version: str) -> None:
        where = ["--url", self.database.url, "--schema", self.database.schema]
        command = [sys.executable, "-m", "tests.engine.postgres_child", str(self.folder), *where]
        options = ["--worker", name, "--version", version]
        self.workers[name] = subprocess.Popen([*command, *options], cwd=ROOT)

    def stop(self, name: str) -> int:
        process = self.workers.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(30)


def upgrade_tables(database: Database) -> None:
    """Do what a newer courier's first worker does: add what older ones need not know."""
    session = Session(database.url, name="newer", schema=database.schema)
    session.run("ALTER TABLE runs ADD COLUMN colour TEXT NOT NULL DEFAULT 'none'")
    session.run("UPDATE version SET number = number + 1")
    session.close()


async def versions(client: PostgresClient) -> list[str]:
    rows = await client.ask(
        lambda session: session.execute("SELECT version FROM workers ORDER BY version").fetchall()
    )
    return [str(version) for (version,) in rows or ()]


async def staffed(client: PostgresClient, wanted: list[str]) -> None:
    async with asyncio.timeout(30):
        while await versions(client) != wanted:
            await asyncio.sleep(0.05)


async def roll(fleet: Fleet, client: PostgresClient) -> None:
    """Replace every old worker by a new one."""
    for number in range(3):
        fleet.start(f"new-{number}", NEW)
        await staffed(client, [*[OLD] * (3 - number), *[NEW] * (number + 1)])
        assert await asyncio.to_thread(fleet.stop, f"old-{number}") == 0


@pytest.mark.slow
async def test_runs_begun_by_older_workers_end_once_with_newer_ones(
    tmp_path: Path, postgres: Server
) -> None:
    database, marks = postgres.database(), Marks(tmp_path / "marks.jsonl")
    fleet, client = Fleet(tmp_path, database), PostgresClient(database, clock=SystemClock())
    try:
        for number in range(3):
            fleet.start(f"old-{number}", OLD)
        await staffed(client, [OLD] * 3)
        submitting = asyncio.ensure_future(submit(client, marks, RUNS))
        await asyncio.sleep(0.3)
        upgrade_tables(database)
        rolling = asyncio.ensure_future(roll(fleet, client))
        async with asyncio.timeout(60):
            while not rolling.done() or not submitting.done() or await client.list(live=True):
                # What waits for letters is in flight all through the upgrade.
                if rolling.done():
                    await feed(client, marks)
                await asyncio.sleep(0.02)
        await asyncio.gather(rolling, submitting)
        assert await versions(client) == [NEW] * 3
        assert [await asyncio.to_thread(fleet.stop, name) for name in list(fleet.workers)] == [
            0
        ] * 3
    finally:
        await client.close()
        for process in fleet.workers.values():
            process.kill()
            process.wait()
    aftermath = read_aftermath(tmp_path, database)
    assert len(aftermath.runs) >= RUNS
    assert aftermath.problems == []
