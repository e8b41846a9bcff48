"""A worker in a network of its own whose link to the database is cut."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from courier.engine.postgres import Database, PostgresClient
from courier.system import SystemClock
from tests.engine.journal_flows import Marks
from tests.engine.postgres_child import feed, submit
from tests.engine.test_postgres_kills import read_aftermath
from tests.fakes.postgres import serving

ROOT = Path(__file__).parents[2]
HERE, THERE = "10.213.77.1", "10.213.77.2"
RUNS = 60
CUT_SECONDS = 40


@dataclass(frozen=True)
class Network:
    """A network namespace, and the host's end of the cable to it."""

    name: str
    cable: str

    def plug(self, *, state: str) -> None:
        ip("link", "set", self.cable, state)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def network() -> Iterator[Network]:
    """Lay a cable into a namespace of its own; skip where that is not allowed."""
    made = Network(f"courier-{os.getpid()}", f"cou{os.getpid() % 100_000}")
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2")
    try:
        ip("netns", "add", made.name)
    except subprocess.CalledProcessError as refused:
        pytest.skip(f"no network namespaces here: {refused.stderr.decode()}")
    try:
        inner = f"{made.cable}i"
        try:
            ip("link", "add", made.cable, "type", "veth", "peer", "name", inner)
        except subprocess.CalledProcessError as refused:
            pytest.skip(f"no cables here: {refused.stderr.decode()}")
        ip("link", "set", inner, "netns", made.name)
        ip("addr", "add", f"{HERE}/24", "dev", made.cable)
        ip("link", "set", made.cable, "up")
        ip("-n", made.name, "addr", "add", f"{THERE}/24", "dev", inner)
        ip("-n", made.name, "link", "set", inner, "up")
        yield made
    finally:
        subprocess.run(["ip", "netns", "delete", made.name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "delete", made.cable], capture_output=True, check=False)


@contextmanager
def worker(folder: Path, database: Database, name: str, *prefix: str) -> Iterator[None]:
    command = [*prefix, sys.executable, "-m", "tests.engine.postgres_child", str(folder)]
    options = ["--url", database.url, "--schema", database.schema, "--worker", name]
    process = subprocess.Popen([*command, *options], cwd=ROOT)
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


async def owners(client: PostgresClient) -> set[str]:
    rows = await client.ask(
        lambda session: session.execute(
            "SELECT DISTINCT w.host FROM runs r JOIN workers w ON w.id = r.owner"
            " WHERE r.ended_at IS NULL"
        ).fetchall()
    )
    return {str(host) for (host,) in rows or ()}


async def play(client: PostgresClient, marks: Marks, made: Network) -> None:
    """Cut the link in the middle, and see everything end before it is mended."""
    submitting = asyncio.ensure_future(submit(client, marks, RUNS))
    async with asyncio.timeout(20):
        while "there" not in await owners(client):
            await asyncio.sleep(0.02)
    made.plug(state="down")
    try:
        async with asyncio.timeout(CUT_SECONDS):
            while await feed(client, marks) or not submitting.done():
                await asyncio.sleep(0.02)
    finally:
        made.plug(state="up")
    await submitting
    # What woke up again has time to do harm.
    await asyncio.sleep(2)


@pytest.mark.slow
async def test_the_runs_of_a_worker_that_was_cut_off_end_elsewhere_once(tmp_path: Path) -> None:
    with network() as made, serving("listen_addresses=*", "fsync=off") as server:
        server.stop()
        server.admit("10.213.77.0/24")
        server.start()
        database = server.database()
        far = replace(database, url=database.url.replace("127.0.0.1", HERE))
        client = PostgresClient(database, clock=SystemClock())
        inside = ("ip", "netns", "exec", made.name)
        with worker(tmp_path, far, "there", *inside):
            await everybody(client, "there")
            with worker(tmp_path, database, "here"):
                await everybody(client, "here")
                await play(client, Marks(tmp_path / "marks.jsonl"), made)
        await client.close()
        aftermath = read_aftermath(tmp_path, database)
    assert len(aftermath.runs) >= RUNS
    assert aftermath.problems == []


async def everybody(client: PostgresClient, host: str) -> None:
    """Wait until a worker is known."""

    async def hosts() -> list[str]:
        rows = await client.ask(lambda s: s.execute("SELECT host FROM workers").fetchall())
        return [str(name) for (name,) in rows or ()]

    async with asyncio.timeout(30):
        while host not in await hosts():
            await asyncio.sleep(0.05)
