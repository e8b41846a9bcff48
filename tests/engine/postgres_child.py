"""Lives and deaths of workers on one PostgreSQL: killed, stopped for a while, cut off.

Run by hand: ``python -m tests.engine.postgres_child FOLDER --url URL --schema NAME``; the
invariants are checked by `postgres_invariants`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from courier.engine.postgres import Database, PostgresClient, PostgresEngine, Worker
from courier.engine.seam import RunClient
from courier.errors import Conflict, CourierError, NotFound, Unavailable
from courier.system import SystemClock
from tests.engine.journal_child import fork
from tests.engine.journal_flows import Marks, flows_of

WORKERS = 3
CAPACITY = 8
MORE = 12
FLOWS = ("work", "doomed", "parent")
LONGEST_SECONDS = 240
STOPPED_SECONDS = 12.5
"""Longer than the others wait before they give a worker up for dead."""


async def work(folder: Path, database: Database, name: str, version: str = "") -> int:
    """Be a worker until killed, or told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    worker = Worker(host=name, version=version, capacity=CAPACITY)
    engine = PostgresEngine(database, clock=SystemClock(), worker=worker)
    flows_of(engine, folder)
    while True:
        try:
            await engine.start()
            break
        except Unavailable:
            await asyncio.sleep(0.1)
    await stop.wait()
    await engine.stop()
    return 0


async def insist(asking: Callable[[], object]) -> None:
    """Ask again until the database answers."""
    while True:
        try:
            await asking()  # type: ignore[misc]  # every question here is a coroutine function
            return
        except Unavailable:
            await asyncio.sleep(0.1)


async def submit(client: RunClient, marks: Marks, runs: int, *, first: int = 0) -> None:
    for number in range(first, first + runs):
        flow = FLOWS[number % len(FLOWS)]
        run = f"{flow}-{number}"
        marks.leave("asked", run, flow)
        queue = f"q{number % 4}"
        await insist(
            partial(client.submit, run, flow=flow, input=None, queue=queue, priority=number % 3)
        )
        marks.leave("acknowledged", run, flow)


async def feed(client: RunClient, marks: Marks) -> int:
    """Give every live run what it still waits for; return how many live."""
    try:
        live = await client.list(live=True)
        for state in live:
            # It may have ended, or been asked, meanwhile.
            with contextlib.suppress(Conflict, NotFound):
                if state.flow == "doomed" and state.cancellation is None:
                    await client.cancel(state.run_id, by="fuzz", reason="doomed")
                if state.step == "mail":
                    await client.send(state.run_id, "mail", marks.token())
    except Unavailable:
        return 1
    return len(live)


@dataclass
class Team:
    """Workers of this machine, and what is done to them."""

    folder: Path
    database: Database
    dice: random.Random
    born: int = 0
    workers: list[int] = field(default_factory=list)
    stopped: dict[int, float] = field(default_factory=dict)
    kills: int = 0
    stops: int = 0

    def fill(self) -> None:
        while len(self.workers) < WORKERS:
            self.born += 1
            name = f"worker-{self.born}"
            self.workers.append(fork(partial(work, self.folder, self.database, name)))

    def torment(self) -> None:
        """Kill one, or stop one for longer than its lease."""
        able = [pid for pid in self.workers if pid not in self.stopped]
        victim = self.dice.choice(able)
        if self.dice.random() < 0.15 and len(able) > 1:
            os.kill(victim, signal.SIGSTOP)
            self.stopped[victim] = time.monotonic()
            self.stops += 1
        else:
            self._kill(victim)

    def wake(self, *, all_of_them: bool = False) -> None:
        now = time.monotonic()
        for pid, since in list(self.stopped.items()):
            if all_of_them or now - since > STOPPED_SECONDS:
                os.kill(pid, signal.SIGCONT)
                del self.stopped[pid]

    def check(self) -> None:
        for pid in self.workers:
            gone, status = os.waitpid(pid, os.WNOHANG)
            if gone:
                raise RuntimeError(f"A worker failed by itself: {status}")

    def dismiss(self) -> None:
        self.wake(all_of_them=True)
        for pid in self.workers:
            os.kill(pid, signal.SIGTERM)
        for pid in self.workers:
            os.waitpid(pid, 0)

    def _kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.workers.remove(pid)
        self.kills += 1


async def fuzz(team: Team, *, runs: int, kills: int) -> dict[str, int]:
    client = PostgresClient(team.database, clock=SystemClock())
    marks = Marks(team.folder / "marks.jsonl")
    team.fill()
    asked = runs
    submitting = asyncio.ensure_future(submit(client, marks, runs))
    began = time.monotonic()
    due = began + 1.0
    while await feed(client, marks) or not submitting.done() or team.kills < kills:
        if submitting.done() and team.kills < kills:
            # A fast machine is done before enough has happened to it.
            submitting = asyncio.ensure_future(submit(client, marks, MORE, first=asked))
            asked += MORE
        if time.monotonic() - began > LONGEST_SECONDS:
            raise RuntimeError("Something is stuck.")
        team.check()
        team.wake()
        if time.monotonic() > due and team.kills < kills:
            team.torment()
            team.fill()
            due = time.monotonic() + team.dice.uniform(0.05, 0.8)
        await asyncio.sleep(0.02)
    await submitting
    await client.close()
    team.dismiss()
    seconds = round(time.monotonic() - began)
    return {"kills": team.kills, "stops": team.stops, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--runs", type=int, default=240)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", help="only be a worker of that name, until SIGTERM")
    parser.add_argument("--version", default="", help="which courier the worker says it is")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.worker:
        database = Database(asked.url, asked.schema)
        asyncio.run(work(asked.folder, database, asked.worker, asked.version))
        return
    team = Team(asked.folder, Database(asked.url, asked.schema), random.Random(asked.seed))
    try:
        done = asyncio.run(fuzz(team, runs=asked.runs, kills=asked.kills))
    except (CourierError, RuntimeError):
        for pid in team.workers:
            os.kill(pid, signal.SIGKILL)
        raise
    sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main()
