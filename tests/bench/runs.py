"""Whole runs, many at once: agents in sandboxes, the gate, pull requests on the local forge.

`python -m tests.bench.runs [RUNS]` prints a table. Beside it stands the least that any runner
would have to do for the same result, done without one: `bare`.
"""

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from courier.engine.attempts import process, workspace
from courier.ports.repository import Identity
from courier.ports.sandboxes import SandboxSpec
from courier.runs.briefs.brief import Launch
from tests.engine.worlds import Scene, git, make_origin, provider, scene, single_plan
from tests.fakes.embedded import Endpoint, serving

COMMANDS = 'echo "$COURIER_RUN" > value'
WHO = Identity("courier", "courier@example.com")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spent:
    """CPU seconds: of this process, of the git commands it ran, of the server and its sandboxes."""

    courier: float
    git: float
    server: float
    wall: float

    def __sub__(self, before: "Spent") -> "Spent":
        return Spent(
            self.courier - before.courier,
            self.git - before.git,
            self.server - before.server,
            self.wall - before.wall,
        )


def spent(server: int) -> Spent:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return Spent(
        own.ru_utime + own.ru_stime,
        children.ru_utime + children.ru_stime,
        sum(int(fields[at]) for at in (11, 12, 13, 14)) / TICKS,
        time.monotonic(),
    )


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


async def many(here: Scene, server: int, *, runs: int, prefix: str) -> tuple[Spent, float]:
    """Do so many runs at once; return what they cost and the memory they added at the most."""
    plans = [single_plan(here, COMMANDS, run=f"{prefix}-{number}") for number in range(runs)]
    before, low = spent(server), resident_mb()
    high = low

    async def watch() -> None:
        nonlocal high
        while True:
            high = max(high, resident_mb())
            await asyncio.sleep(0.02)

    watching = asyncio.ensure_future(watch())
    ended = await asyncio.gather(*(here.run(plan) for plan in plans))
    watching.cancel()
    told = Counter(str(state.result) for state in ended)
    assert told == {"{'phase': 'completed', 'reason': 'Completed'}": runs}, told
    return spent(server) - before, high - low


async def steps_of(here: Scene, run: str) -> dict[str, float]:
    """Return how long each durable step of a run took, in milliseconds."""
    return {
        step.name.split("/")[-1]: (step.ended_at - step.started_at).total_seconds() * 1000
        for step in await here.engine.steps(run)
        if step.ended_at is not None and step.kind == "step"
    }


def bare(folder: Path, origin: Path, *, runs: int) -> float:
    """Return the seconds for as many branches: clone, change, commit, push; nothing else."""
    start = time.monotonic()
    running: list[subprocess.Popen[bytes]] = []
    script = (
        'git clone -q --depth 1 "file://$2" "$1" && cd "$1" && git switch -qc "$3" &&'
        ' echo "$3" > value && git -c user.name=x -c user.email=x@y commit -qam x &&'
        ' git push -q origin "$3"'
    )
    for number in range(runs):
        words = ["sh", "-c", script, "sh", str(folder / str(number)), str(origin), f"bare-{number}"]
        running.append(subprocess.Popen(words, stderr=subprocess.DEVNULL))
        while len(running) >= 8:
            running.pop(0).wait()
    for left in running:
        left.wait()
    return time.monotonic() - start


async def inside(here: Scene) -> int:
    """Return how many processes one attempt takes in its sandbox, besides its agent's command."""
    sandboxes, base = here.world.sandboxes, here.base
    archive = await here.world.repository.export(base)
    sandbox = await sandboxes.create(SandboxSpec())

    async def newest() -> int:
        return int((await sandbox.run(["sh", "-c", "echo $$"])).stdout)

    first = await newest()
    probe = await newest() - first
    repo = await workspace.prepare(sandbox, key="k", archive=archive, identity=WHO)
    launch = Launch(argv=("sh", "-c", "echo new >value"))
    pid = await process.start(sandbox, launch, key="p", workspace=repo, env={})
    assert [line async for line in process.follow(sandbox, "p", pid=pid, skip_lines=0)] == []
    await process.ended(sandbox, "p")
    work = {"base": base, "ref": "refs/courier/out", "message": "Work"}
    assert await workspace.collect(sandbox, **work, identity=WHO) is not None
    taken = await newest() - first - 2 * probe
    await sandboxes.kill(sandbox.id)
    return taken


async def outside(here: Scene, server: int, folder: Path, *, runs: int) -> float:
    """Return how many git commands a run takes outside its sandbox, counted on the way to git."""
    real, counted = shutil.which("git"), folder / "counted"
    wrapper = folder / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho >>{counted}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{wrapper.parent}:{path}"
    try:
        async with scene(folder / "counting", here.origin, here.world.sandboxes) as again:
            await many(again, server, runs=1, prefix="first")
            counted.write_text("")
            await many(again, server, runs=runs, prefix="counted")
    finally:
        os.environ["PATH"] = path
    return len(counted.read_text()) / runs


async def measure(folder: Path, sandboxd: Endpoint, server: int, *, runs: int) -> None:
    origin = make_origin(folder, {"value": "none\n", "keep.txt": "keep\n"})
    async with scene(folder / "home", origin, provider(sandboxd)) as here:
        await many(here, server, runs=3, prefix="warm")
        alone, _ = await many(here, server, runs=1, prefix="alone")
        steps = await steps_of(here, "alone-0")
        cost, memory = await many(here, server, runs=runs, prefix="many")
        within = await inside(here)
        commands = await outside(here, server, folder, runs=min(runs, 40))
    rows = {
        "one run alone, s": f"{alone.wall:.2f}",
        f"{runs} runs at once, runs per second": f"{runs / cost.wall:.1f}",
        "git commands a run outside its sandbox": f"{commands:.1f}",
        "processes of courier's a run in its sandbox": f"{within}",
        "CPU ms a run: courier's process": f"{cost.courier / runs * 1000:.0f}",
        "CPU ms a run: git outside sandboxes": f"{cost.git / runs * 1000:.0f}",
        "CPU ms a run: server, sandboxes and what runs in them": f"{cost.server / runs * 1000:.0f}",
        "memory a run in courier's process, MB": f"{memory / runs:.2f}",
        "clone, commit and push alone, a second": f"{runs / bare(folder, origin, runs=runs):.1f}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }
    for name, value in rows.items():
        sys.stdout.write(f"| {name} | {value} |\n")
    told = ", ".join(f"{name} {took:.0f}" for name, took in steps.items())
    sys.stdout.write(f"\nSteps of the run alone, ms: {told}\n")
    assert len(git(origin, "branch", "--list", "courier/many-*").split()) == runs


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "sandboxd", "--allow-plain") as sandboxd,
    ):
        server = int((sandboxd.state_dir / "server.lock").read_text())
        asyncio.run(measure(Path(folder) / "bench", sandboxd, server, runs=runs))


if __name__ == "__main__":
    main()
