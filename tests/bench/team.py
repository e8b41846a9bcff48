"""How fast the engine of a team is: many workers on one PostgreSQL, in processes of their own.

Run it with ``python -m tests.bench.team``; ``--write`` puts the figures into the section "Many
workers on PostgreSQL" of ``docs/benchmarks.md``.
"""

import argparse
import asyncio
import os
import platform
import signal
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from courier.engine.postgres import Database, PostgresClient, PostgresEngine, Worker
from courier.engine.seam import Context, Json, StepIO
from courier.system import SystemClock
from tests.bench.journal import REPORT
from tests.engine.journal_child import fork
from tests.fakes.postgres import serving

ROUNDS = 3
FLOWS, STEPS = 50, 40
STARTS = 200
BURST = 1_000
TITLE = "## Many workers on PostgreSQL"


Measure = Callable[[PostgresClient, list[int]], Awaitable[float]]
"""Measures with a client and the processes of the workers."""


async def nothing(io: StepIO) -> Json:
    return None


async def many_steps(context: Context) -> Json:
    for number in range(STEPS):
        await context.step(f"step-{number}", nothing)
    return None


async def timed(context: Context) -> Json:
    return time.time()


async def patient(context: Context) -> Json:
    async def hold(io: StepIO) -> Json:
        if io.tries == 1:
            await asyncio.Event().wait()
        return time.time()

    return await context.step("hold", hold)


async def work(database: Database, number: int) -> int:
    """Be a worker until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    engine = PostgresEngine(database, clock=SystemClock(), worker=Worker(host=str(number)))
    for function in (many_steps, timed, patient):
        engine.register(function.__name__, function)
    await engine.start()
    await stop.wait()
    await engine.stop()
    return 0


async def with_workers(database: Database, count: int, measure: Measure) -> float:
    pids = [fork(partial(work, database, number)) for number in range(count)]
    client = PostgresClient(database, clock=SystemClock())
    try:
        while len(await client.workers()) < count:
            await asyncio.sleep(0.02)
        return await measure(client, pids)
    finally:
        await client.close()
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


async def ended(client: PostgresClient, runs: int) -> None:
    while sum(state.phase.ended for state in await client.list()) < runs:
        await asyncio.sleep(0.01)


async def steps_per_second(client: PostgresClient, _pids: list[int]) -> float:
    began = time.perf_counter()
    for number in range(FLOWS):
        await client.submit(f"run-{number}", flow="many_steps", input=None)
    await ended(client, FLOWS)
    return FLOWS * STEPS / (time.perf_counter() - began)


async def runs_per_second(client: PostgresClient, _pids: list[int]) -> float:
    client.limit(None, concurrency=0)
    for number in range(BURST):
        await client.submit(f"run-{number}", flow="timed", input=None)
    began = time.perf_counter()
    client.limit(None, concurrency=None)
    await ended(client, BURST)
    return BURST / (time.perf_counter() - began)


async def start_delay(client: PostgresClient, _pids: list[int]) -> float:
    """Return the 95th percentile, in milliseconds, from a submission to the flow's first line."""
    delays = []
    for number in range(STARTS):
        asked = time.time()
        await client.submit(f"run-{number}", flow="timed", input=None)
        started = (await client.wait(f"run-{number}")).result
        assert isinstance(started, float)
        delays.append(started - asked)
    return statistics.quantiles(delays, n=20)[-1] * 1_000


async def takeover(client: PostgresClient, pids: list[int], *, how: signal.Signals) -> float:
    """Return the seconds from a worker's death, or freezing, to its run's next life."""
    await client.submit("run", flow="patient", input=None)
    while (state := await client.status("run")) is None or state.step != "hold":
        await asyncio.sleep(0.01)
    victim = pids[await owner_of(client)]
    began = time.time()
    os.kill(victim, how)
    result = (await client.wait("run")).result
    assert isinstance(result, float)
    if how is signal.SIGKILL:
        os.waitpid(victim, 0)
        pids.remove(victim)
    return result - began


async def owner_of(client: PostgresClient) -> int:
    """Return the number of the worker that has the one run."""
    rows = await client.ask(
        lambda session: session.execute(
            "SELECT w.host FROM runs r JOIN workers w ON w.id = r.owner"
        ).fetchall()
    )
    assert rows
    return int(rows[0][0])


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of all rounds."""

    steps: float
    steps_of_four: float
    runs: float
    delay: float
    killed: float
    frozen: float

    def to_markdown(self) -> str:
        rows = [
            ("steps per second, 50 runs at once, 1 worker", f"{self.steps:,.0f}"),
            ("the same, 4 workers", f"{self.steps_of_four:,.0f}"),
            ("queued runs begun and ended per second, 4 workers", f"{self.runs:,.0f}"),
            ("submission to the flow's first line, p95, 4 workers", f"{self.delay:.1f} ms"),
            ("a worker's death to its run's next life", f"{self.killed:.1f} s"),
            ("the same for a worker that only froze", f"{self.frozen:.1f} s"),
        ]
        table = "\n".join(f"| {what} | {figure} |" for what, figure in rows)
        return (
            f"{TITLE}\n\n"
            f"`python -m tests.bench.team --write`; medians of {ROUNDS} rounds, Python "
            f"{platform.python_version()}, PostgreSQL on the same machine, all of its cores "
            f"({os.cpu_count()}) shared by workers and database, every commit flushed to disk. "
            "A step is two durable facts (begun, ended), each awaited, each with its fence "
            "checked.\n\n"
            f"| what | figure |\n|---|---:|\n{table}\n"
        )


def measure() -> Figures:
    with serving("max_connections=100") as server:

        def once(
            count: int, what: Callable[[PostgresClient, list[int]], Awaitable[float]]
        ) -> float:
            return asyncio.run(with_workers(server.database(), count, what))

        rounds = [
            (
                once(1, steps_per_second),
                once(4, steps_per_second),
                once(4, runs_per_second),
                once(4, start_delay),
                once(2, partial(takeover, how=signal.SIGKILL)),
                once(2, partial(takeover, how=signal.SIGSTOP)),
            )
            for _ in range(ROUNDS)
        ]
    return Figures(*(statistics.median(column) for column in zip(*rounds, strict=True)))


def write(section: str) -> None:
    """Replace this program's section of the report, and no other."""
    text = REPORT.read_text()
    before, found, after = text.partition(TITLE + "\n")
    rest = after[after.index("\n## ") + 1 :] if "\n## " in after else ""
    kept = before if found else text.rstrip("\n") + "\n\n"
    REPORT.write_text(f"{kept}{section}" + (f"\n{rest}" if rest else ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    section = measure().to_markdown()
    sys.stdout.write(section)
    if asked.write:
        write(section)


if __name__ == "__main__":
    main()
