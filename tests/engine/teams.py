"""A team of workers in processes of their own, whose runs a test looks at from outside."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from courier.engine.postgres import Database, PostgresClient, schema_of
from courier.engine.running.runner import FLOW
from courier.runs.run.frozen import FrozenPlan
from courier.system import SystemClock
from tests.fakes.embedded import Endpoint

ROOT = Path(__file__).parents[2]


@dataclass
class Worker:
    """One worker; its state folder is nobody else's."""

    home: Path
    process: "subprocess.Popen[str]"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def dismiss(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@dataclass
class Team:
    """Workers of one repository on one database, and a client of theirs."""

    folder: Path
    origin: Path
    sandboxd: Endpoint
    url: str
    name: str
    workers: list[Worker] = field(default_factory=list)

    @cached_property
    def client(self) -> PostgresClient:
        return PostgresClient(Database(self.url, schema_of(self.name)), clock=SystemClock())

    def hire(self, *, prefix: Sequence[str] = (), home: str | None = None) -> Worker:
        """Start a worker and wait until it is ready.

        Args:
            prefix: A command that runs it, e.g. in a network of its own.
            home: The name of its state folder.
        """
        place = self.folder / (home or f"worker-{len(self.workers)}")
        command = [
            *(sys.executable, "-m", "tests.engine.team_child", str(place), str(self.origin)),
            *("--url", self.sandboxd.url, "--key", self.sandboxd.api_key),
            *("--database", self.url, "--name", self.name),
        ]
        with (self.folder / f"{place.name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*prefix, *command], stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT
            )
        assert process.stdout is not None
        with process.stdout as told:
            assert told.readline() == "ready\n", (self.folder / f"{place.name}.log").read_text()
        worker = Worker(place, process)
        self.workers.append(worker)
        return worker

    async def submit(self, plan: FrozenPlan) -> None:
        frozen = json.loads(plan.model_dump_json(by_alias=True))
        await self.client.submit(plan.run, flow=FLOW, input=frozen)


@asynccontextmanager
async def team(folder: Path, origin: Path, sandboxd: Endpoint, url: str) -> AsyncIterator[Team]:
    """Have a team; whoever is left of it at the end is killed."""
    made = Team(folder, origin, sandboxd, url, f"{folder.name}-{os.getpid()}")
    try:
        yield made
    finally:
        await made.client.close()
        for worker in made.workers:
            if worker.process.poll() is None:
                worker.thaw()
                worker.kill()
