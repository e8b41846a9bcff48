"""What a pass costs where little or nothing moved, and how soon a commit is dispatched.

10,000 documents and 100,000 runs on record, on real git, a real journal and a real daemon:
``python -m tests.bench.reconcile [HISTORY [RUNS]]``. CPU time of this process and its git commands;
the first look at the same world is what the others are compared with.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from courier.engine.journal import JournalEngine
from courier.engine.passes.reconciler import Reconciler
from courier.engine.running.runner import FLOW
from courier.engine.seam import Context, Json, StepIO
from courier.engine.serving.daemon import Daemon
from courier.planning.freezing.freeze import spec_digest
from courier.ports.state import WriteFile
from courier.settings import Settings
from courier.wiring import Wiring, home_of
from tests.bench.plan import RUNS, documents, run_text
from tests.engine.worlds import IDENTITY, git

HISTORY = 100_000
ROUNDS = 7
COMMITS = 40
IDLE_SECONDS = 20.0


@dataclass(frozen=True)
class Place:
    """One repository with its daemon's parts."""

    checkout: Path
    wiring: Wiring
    engine: JournalEngine
    reconciler: Reconciler


async def main() -> None:
    """Print the figures as Markdown tables."""
    say = print
    history, runs = (*map(int, sys.argv[1:]), *(HISTORY, RUNS)[len(sys.argv) - 1 :])
    with TemporaryDirectory(prefix="courier-bench-") as folder:
        checkout = prepare(Path(folder), history, runs)
        async with opened(Path(folder), checkout) as place:
            rows = await passes(place, history, runs)
            say(
                f"| a pass over {runs + 1_000:,} documents | ms CPU | git included | of the first |"
            )
            say("| --- | ---: | ---: | ---: |")
            for what, own, both in rows:
                say(f"| {what} | {own * 1e3:.1f} | {both * 1e3:.1f} | {both / rows[0][2]:.4f} |")
            latencies, idle = await daemon_figures(place)
            centiles = quantiles(latencies, n=20)
            say("\n| daemon | figure | goal |\n| --- | ---: | ---: |")
            say(f"| commit → dispatched, p50 | {median(latencies) * 1e3:.0f} ms | ≤ 100 ms |")
            say(f"| commit → dispatched, p95 | {centiles[18] * 1e3:.0f} ms | ≤ 300 ms |")
            say(
                f"| a bare `git fetch` of such a commit, p50 | {await bare(place) * 1e3:.0f} ms | |"
            )
            say(f"| idle, share of a core | {idle * 100:.2f} % | ≤ 0.5 % |")


def prepare(folder: Path, history: int, runs: int) -> Path:
    """Return a checkout whose origin has all documents and every record."""
    origin, checkout = folder / "origin.git", folder / "checkout"
    git(folder, "init", "-q", "--bare", "-b", "main", str(origin))
    feed = subprocess.Popen(
        ["git", "fast-import", "--quiet"],
        cwd=origin,
        stdin=subprocess.PIPE,
        env={**os.environ, **IDENTITY},
    )
    assert feed.stdin is not None
    for ref, files in (("main", documents(runs)), ("courier/state", records(history, runs))):
        head = f"commit refs/heads/{ref}\ncommitter T <t@example.com> 1767322800 +0000\ndata 1\nx\n"
        feed.stdin.write(head.encode())
        for path, content in files:
            line = f"M 100644 inline {path}\ndata {len(content)}\n"
            feed.stdin.write(line.encode() + content + b"\n")
    feed.stdin.close()
    assert feed.wait() == 0
    git(folder, "clone", "-q", str(origin), str(checkout))
    return checkout


def records(history: int, runs: int) -> Iterator[tuple[str, bytes]]:
    """Yield path and text of every record: all runs of the catalog are done, and many more."""
    specs = {}
    for path, content in documents(runs):
        if path.startswith(".courier/runs/"):
            number = int(Path(path).stem[1:])
            specs[f"r{number}"] = spec_digest(
                {"workflow": f"w{number % 19}", "prompt": f"Fix part {number}.", "budget": 2.5}
            )
            assert content == run_text(number, f"Fix part {number}.")
    for number in range(history - len(specs)):
        specs[f"old-{number}"] = ""
    for at, (name, digest) in enumerate(specs.items()):
        day = f"{2020 + at // 36_500}/{at // 3000 % 12 + 1:02d}/{at // 100 % 28 + 1:02d}"
        yield f"runs/{day}/{name}/run.json", record(name, digest)


def record(name: str, digest: str) -> bytes:
    """Return a record about as long as real ones are."""
    told = {
        "recordVersion": 1,
        "run": name,
        "phase": "completed",
        "project": "demo",
        "workflow": "w0",
        "specDigest": digest or None,
        "startedAt": "2026-01-02T03:04:05Z",
        "endedAt": "2026-01-02T03:14:05Z",
        "summary": "word " * 300,
    }
    return json.dumps(told, indent=2).encode()


@asynccontextmanager
async def opened(folder: Path, checkout: Path) -> AsyncIterator[Place]:
    """Open courier on the origin, with runs that end as soon as they start."""
    settings = Settings(home=folder / "state", sandboxes="embedded")
    home = home_of(settings, str(folder / "origin.git"))
    wiring = Wiring(settings, home, dict(os.environ))

    async def flow(context: Context) -> Json:
        name = context.run_id
        told = WriteFile(f"runs/2026/11/22/{name}/run.json", record(name, ""))

        async def write(_: StepIO) -> Json:
            await wiring.state.write([told], message=f"Record {name}")
            return None

        return await context.step("record", write)

    async with wiring.opened():
        engine = JournalEngine(home.folder / "journal", clock=wiring.clock)
        engine.register(FLOW, flow)
        await engine.start()
        try:
            yield Place(checkout, wiring, engine, wiring.reconciler(engine))
        finally:
            await engine.stop()


async def passes(place: Place, history: int, runs: int) -> list[tuple[str, float, float]]:
    """Return what passes cost: own CPU seconds, and those of git commands besides."""
    first = await cost(place.reconciler.reconcile)
    settled = await place.reconciler.reconcile()
    assert settled.plan is not None
    assert (settled.plan.settled, settled.plan.actions) == (runs, ())
    rows = [(f"the first, {history:,} records to read", *first)]
    idle = [await cost(place.reconciler.reconcile) for _ in range(ROUNDS)]
    assert (await place.reconciler.reconcile()).was_idle
    rows.append(("nothing moved", *middle(idle)))
    other = []
    for number in range(ROUNDS):
        await place.wiring.state.write(
            [WriteFile(f"runs/2026/11/21/more-{number}/run.json", record(f"more-{number}", ""))],
            message="More",
        )
        other.append(await cost(place.reconciler.reconcile))
    rows.append(("one more record", *middle(other)))
    pushed = []
    for number in range(ROUNDS):
        commit(place, "README.md", f"{number}\n")
        pushed.append(await cost(place.reconciler.reconcile))
    rows.append(("a commit beside the documents", *middle(pushed)))
    return rows


async def daemon_figures(place: Place) -> tuple[list[float], float]:
    """Return seconds from a pushed commit to the run it asks for, and the share of a core idle."""
    stop = asyncio.Event()
    daemon: Daemon = place.wiring.daemon(place.engine)
    serving = asyncio.create_task(daemon.run(stop, pid=os.getpid()))
    await daemon.look()
    latencies = []
    for number in range(COMMITS):
        name = f"new-{number}"
        text = run_text(0, "More.").replace(b"name: r0\n", f"name: {name}\n".encode())
        await asyncio.to_thread(commit, place, f".courier/runs/{name}.yaml", text.decode())
        pushed = time.monotonic()
        while (found := await place.engine.status(name)) is None:
            assert time.monotonic() - pushed < 60
            await asyncio.sleep(0.002)
        # The clock of the journal starts where the push had ended, or a little before.
        latencies.append(max(0.0, time.monotonic() - pushed))
        assert found.run_id == name
        await asyncio.sleep(0.3)
    await daemon.look()
    await daemon.look()
    before, began = spent(), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    idle = (sum(spent()) - sum(before)) / (time.monotonic() - began)
    # A pass a half-minute is what else there is.
    own, both = await cost(daemon.look)
    assert own <= both
    stop.set()
    await serving
    return latencies, idle + both / daemon.interval


async def bare(place: Place) -> float:
    """Return the median seconds git alone takes to fetch one commit."""
    other = place.checkout.parent / "other.git"
    git(place.checkout.parent, "clone", "-q", "--bare", "origin.git", str(other))
    took = []
    for number in range(ROUNDS):
        await asyncio.to_thread(commit, place, "README.md", f"again {number}\n")
        began = time.monotonic()
        await asyncio.to_thread(git, other, "fetch", "-q", "origin", "+refs/heads/*:refs/heads/*")
        took.append(time.monotonic() - began)
    return median(took)


def commit(place: Place, path: str, content: str) -> None:
    """Commit one file and push it."""
    file = place.checkout / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    git(place.checkout, "add", path)
    git(place.checkout, "commit", "-q", "-m", "Change")
    git(place.checkout, "push", "-q", "origin", "HEAD:main")


def spent() -> tuple[float, float]:
    """Return CPU seconds of this process and of its children that ended."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime


async def cost(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the CPU seconds of a piece of work: own, and git commands included."""
    before = spent()
    await work()
    after = spent()
    own, children = after[0] - before[0], after[1] - before[1]
    return own, own + children


def middle(costs: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the medians."""
    return median(one[0] for one in costs), median(one[1] for one in costs)


if __name__ == "__main__":
    asyncio.run(main())
