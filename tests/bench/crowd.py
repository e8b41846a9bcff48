"""A crowd of runs in one engine: how soon one more starts, and what memory they take.

1,000 runs whose agents are simulated are under way, each a chain of steps and naps as real runs
have them, and some more are submitted one by one; so many others ended before and are in the
journal. ``python -m tests.bench.crowd [ENDED ...]``.
"""

import asyncio
import sys
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from courier.engine.journal import JournalEngine
from courier.engine.seam import Context, Json, StepIO
from courier.system import SystemClock
from tests.bench.history import cpu, resident

CROWD = 1_000
STEPS = 40
NAP = timedelta(seconds=1)
MORE = 300
SIZES = (1_000, 10_000, 100_000)
PAYLOAD = "word " * 400
"""What a step of a simulated agent answers: 2 KB."""


def main() -> None:
    """Print the figures as a Markdown table."""
    say = print
    say(
        "| ended runs in the journal | dispatch p50, ms | p95, ms | memory a live run, KB | "
        "process, MB | steps a second | share of a core |"
    )
    say("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for ended in tuple(map(int, sys.argv[1:])) or SIZES:
        with TemporaryDirectory(prefix="courier-bench-") as folder:
            say(asyncio.run(row(Path(folder), ended)), flush=True)


class Crowd:
    """Flows that count what they do.

    Attributes:
        delays: Seconds from each timed submission to its flow's first line.
        steps: Steps that were done.
    """

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.steps = 0

    async def short(self, context: Context) -> Json:
        """Do one step."""
        return await context.step("only", self._answer)

    async def long(self, context: Context) -> Json:
        """Do a step, rest for about as long as `NAP`, and again."""
        dice = Random(context.run_id)
        for number in range(STEPS):
            await context.step(f"step-{number}", self._answer)
            at = await context.now(f"at-{number}")
            await context.sleep(f"nap-{number}", at + NAP * (0.5 + dice.random()))
        return None

    async def timed(self, context: Context) -> Json:
        """Tell how long it took until here."""
        assert isinstance(context.input, float)
        self.delays.append(time.perf_counter() - context.input)
        return None

    async def _answer(self, _: StepIO) -> Json:
        self.steps += 1
        return PAYLOAD


async def row(folder: Path, ended: int) -> str:
    """Return the figures with so many runs in the journal's past."""
    engine, crowd = JournalEngine(folder, clock=SystemClock()), Crowd()
    engine.register("short", crowd.short)
    engine.register("long", crowd.long)
    engine.register("timed", crowd.timed)
    await engine.start()
    await past(engine, ended)
    before = resident()
    for number in range(CROWD):
        await engine.submit(f"live-{number}", flow="long", input=PAYLOAD)
    await asyncio.sleep(2)
    memory, began, used, counted = resident() - before, time.monotonic(), cpu(), crowd.steps
    for number in range(MORE):
        await engine.submit(f"timed-{number}", flow="timed", input=time.perf_counter())
        await asyncio.sleep(0.02)
    seconds = time.monotonic() - began
    rate, share = (crowd.steps - counted) / seconds, (cpu() - used) / seconds
    whole = resident()
    await engine.stop()
    middle, p95 = median(crowd.delays) * 1e3, quantiles(crowd.delays, n=20)[18] * 1e3
    return (
        f"| {ended:,} | {middle:.1f} | {p95:.1f} | {memory / CROWD / 1e3:.1f} | "
        f"{whole / 1e6:.0f} | {rate:,.0f} | {share * 100:.0f} % |"
    )


async def past(engine: JournalEngine, count: int) -> None:
    """Have so many runs ended."""
    for start in range(0, count, 500):
        names = [f"past-{number}" for number in range(start, min(start + 500, count))]
        for name in names:
            await engine.submit(name, flow="short", input=None)
        await asyncio.gather(*(engine.wait(name) for name in names))


if __name__ == "__main__":
    main()
