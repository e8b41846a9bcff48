"""How fast the embedded engine is, beside a plain SQLite loop measured in the same run.

Run it with ``python -m tests.bench.journal``; ``--write`` puts the figures into the section
"Embedded engine" of ``docs/benchmarks.md``.
"""

import argparse
import asyncio
import gc
import json
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from courier.engine.journal import JournalEngine
from courier.engine.journal.schema import Durability
from courier.engine.seam import Context, Json, StepIO
from courier.system import SystemClock

ROUNDS = 5
FLOWS = 50
STEPS = 40
SLEEPERS = 1_000
STARTS = 400
TITLE = "## Embedded engine"
REPORT = Path(__file__).parents[2] / "docs" / "benchmarks.md"


async def nothing(io: StepIO) -> Json:
    return None


async def many_steps(context: Context) -> Json:
    for number in range(STEPS):
        await context.step(f"step-{number}", nothing)
    return None


async def sleeper(context: Context) -> Json:
    await context.sleep("nap", datetime.now(UTC) + timedelta(days=1))
    return None


async def timed(context: Context) -> Json:
    assert isinstance(context.input, float)
    DELAYS.append(time.perf_counter() - context.input)
    return None


DELAYS: list[float] = []
"""Seconds from each submission to its flow's first line."""


async def with_engine(
    measure: Callable[[JournalEngine], Awaitable[float]],
    durability: Durability = Durability.PROCESS,
) -> float:
    with tempfile.TemporaryDirectory() as folder:
        engine = JournalEngine(Path(folder), clock=SystemClock(), durability=durability)
        for function in (many_steps, sleeper, timed):
            engine.register(function.__name__, function)
        await engine.start()
        try:
            return await measure(engine)
        finally:
            await engine.stop()


async def steps_per_second(engine: JournalEngine) -> float:
    began = time.perf_counter()
    await submit_all(engine, "many_steps", FLOWS)
    await asyncio.gather(*(engine.wait(f"run-{number}") for number in range(FLOWS)))
    return FLOWS * STEPS / (time.perf_counter() - began)


async def step_microseconds(engine: JournalEngine) -> float:
    began = time.process_time()
    await steps_per_second(engine)
    return (time.process_time() - began) / (FLOWS * STEPS) * 1e6


async def runs_per_second(engine: JournalEngine) -> float:
    began = time.perf_counter()
    await submit_all(engine, "sleeper", SLEEPERS)
    return SLEEPERS / (time.perf_counter() - began)


async def start_delay(engine: JournalEngine) -> float:
    """Return the 95th percentile, in milliseconds, from a submission to the flow's first line."""
    DELAYS.clear()
    for number in range(STARTS):
        await engine.submit(f"run-{number}", flow="timed", input=time.perf_counter())
        await engine.wait(f"run-{number}")
    return statistics.quantiles(DELAYS, n=20)[-1] * 1_000


async def sleepers_megabytes(engine: JournalEngine) -> float:
    await submit_all(engine, "many_steps", 1)
    await engine.wait("run-0")
    before = resident_bytes()
    for number in range(SLEEPERS):
        await engine.submit(f"sleeper-{number}", flow="sleeper", input={"plan": "x" * 100})
    while sum(state.step == "nap" for state in await engine.list(live=True)) < SLEEPERS:
        await asyncio.sleep(0.01)
    gc.collect()
    return (resident_bytes() - before) / 1e6


async def submit_all(engine: JournalEngine, flow: str, runs: int) -> None:
    await asyncio.gather(
        *(engine.submit(f"run-{number}", flow=flow, input=None) for number in range(runs))
    )


def resident_bytes() -> int:
    fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1_024


def plain_steps_per_second() -> float:
    """The same two facts a step puts on record, one commit each, with nothing around them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(sqlite3.connect(Path(folder) / "plain.sqlite", isolation_level=None)) as file,
    ):
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        file.execute(
            "CREATE TABLE steps (run TEXT, name TEXT, result TEXT, PRIMARY KEY (run, name))"
        )
        began = time.perf_counter()
        for number in range(FLOWS * STEPS):
            file.execute("INSERT INTO steps VALUES ('run', ?, NULL)", (number,))
            file.execute(
                "UPDATE steps SET result = 'null' WHERE run = 'run' AND name = ?", (number,)
            )
        return FLOWS * STEPS / (time.perf_counter() - began)


def measure_apart(name: str) -> float:
    """Measure memory in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.journal", "--only", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of all rounds."""

    steps: float
    processor: float
    steps_on_disk: float
    plain: float
    submissions: float
    delay: float
    memory: float

    def to_markdown(self) -> str:
        rows = [
            ("steps per second, 50 runs at once", f"{self.steps:,.0f}", "≥ 5,000"),
            ("times the speed of the plain loop", f"{self.steps / self.plain:.2f}", "—"),
            ("processor time per step, both threads", f"{self.processor:.0f} µs", "—"),
            ("steps per second, safe from power cuts", f"{self.steps_on_disk:,.0f}", "—"),
            ("submissions per second", f"{self.submissions:,.0f}", "—"),
            ("submission to the flow's first line, p95", f"{self.delay:.2f} ms", "≤ 5 ms"),
            ("1,000 sleeping runs", f"+{self.memory:.1f} MB", "≤ +20 MB"),
        ]
        table = "\n".join(f"| {what} | {figure} | {goal} |" for what, figure, goal in rows)
        return (
            f"{TITLE}\n\n"
            f"`python -m tests.bench.journal --write`; medians of {ROUNDS} interleaved rounds, "
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}. A step is two "
            "durable facts (begun, ended), each awaited; the plain loop commits the same two "
            "facts one by one with no engine around them.\n\n"
            f"| what | figure | goal |\n|---|---:|---:|\n{table}\n"
        )


def measure() -> Figures:
    rounds: list[tuple[float, ...]] = [
        (
            asyncio.run(with_engine(steps_per_second)),
            asyncio.run(with_engine(step_microseconds)),
            asyncio.run(with_engine(steps_per_second, Durability.POWER)),
            plain_steps_per_second(),
            asyncio.run(with_engine(runs_per_second)),
            asyncio.run(with_engine(start_delay)),
            measure_apart("memory"),
        )
        for _ in range(ROUNDS)
    ]
    return Figures(*(statistics.median(column) for column in zip(*rounds, strict=True)))


def write(section: str) -> None:
    """Replace this program's section of the report, and no other."""
    text = REPORT.read_text() if REPORT.exists() else "# Benchmarks\n"
    before, found, after = text.partition(TITLE + "\n")
    rest = after[after.index("\n## ") + 1 :] if "\n## " in after else ""
    kept = before if found else text.rstrip("\n") + "\n\n"
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(f"{kept}{section}" + (f"\n{rest}" if rest else ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", choices=["memory"])
    asked = parser.parse_args()
    if asked.only:
        sys.stdout.write(json.dumps(asyncio.run(with_engine(sleepers_megabytes))))
        return
    section = measure().to_markdown()
    sys.stdout.write(section)
    if asked.write:
        write(section)


if __name__ == "__main__":
    main()
