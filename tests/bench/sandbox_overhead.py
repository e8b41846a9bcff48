"""What courier adds to the bare SDK calls of one attempt: create, start, tail, kill.

Run with ``python -m tests.bench.sandbox_overhead``; prints a Markdown table. Both sides do the
same in turn on the same server, so that noise hits both.
"""

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

from e2b import AsyncSandbox

from courier.engine.attempts import process
from courier.ports.sandboxes import SandboxSpec
from courier.runs.briefs.brief import Launch
from courier.sandboxes.e2b import E2BSandboxes
from courier.system import SystemClock
from tests.fakes.embedded import Endpoint, serving

ROUNDS = 40
LINES = 200
AGENT = f"cat >/dev/null; seq 1 {LINES}"
LAUNCH = Launch(argv=("sh", "-c", AGENT), stdin="prompt\n" * 100)


async def bare(endpoint: Endpoint) -> float:
    """The calls anyone would make; loses everything if this process dies."""
    began = perf_counter()
    sandbox = await AsyncSandbox.create(
        timeout=60, api_key=endpoint.api_key, api_url=endpoint.url, sandbox_url=endpoint.url
    )
    await sandbox.files.write_files(
        [{"path": "/tmp/stdin", "data": LAUNCH.stdin}, {"path": "/tmp/out", "data": ""}]
    )
    agent = await sandbox.commands.run(
        f"sh -c '{AGENT}' </tmp/stdin >/tmp/out", background=True, timeout=0
    )
    text: list[str] = []
    tail = await sandbox.commands.run(
        f"tail -n +1 -f -s 0.1 --pid={agent.pid} /tmp/out",
        background=True,
        timeout=0,
        on_stdout=text.append,
    )
    await tail.wait()
    await agent.wait()
    await sandbox.kill()
    seconds = perf_counter() - began
    assert "".join(text).count("\n") == LINES
    return seconds


async def ours(provider: E2BSandboxes) -> float:
    """The same, durable: found again after a crash, started once, exit code on disk."""
    began = perf_counter()
    sandbox = await provider.create(SandboxSpec(timeout_seconds=60))
    pid = await process.start(sandbox, LAUNCH, key="bench", workspace=sandbox.home, env={})
    lines = [line async for line in process.follow(sandbox, "bench", pid=pid, skip_lines=0)]
    ended = await process.ended(sandbox, "bench")
    await provider.kill(sandbox.id)
    seconds = perf_counter() - began
    assert len(lines) == LINES
    assert ended is not None
    assert ended.exit_code == 0
    return seconds


async def measure(endpoint: Endpoint) -> tuple[list[float], list[float]]:
    """Return the seconds of every round, bare and ours."""
    provider = E2BSandboxes(
        api_key=endpoint.api_key,
        api_url=endpoint.url,
        sandbox_url=endpoint.url,
        clock=SystemClock(),
        environ=os.environ,
    )
    sides: tuple[Callable[[], Awaitable[float]], ...] = (
        lambda: bare(endpoint),
        lambda: ours(provider),
    )
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 2):
        for side, taken in zip(sides, seconds, strict=True):
            spent = await side()
            if number >= 2:
                taken.append(spent)
    return seconds


def main() -> None:
    """Measure every isolation and print the table."""
    head = "| isolation | bare SDK, ms | courier, ms | added, ms | ratio |"
    sys.stdout.write(f"{head}\n| --- | ---: | ---: | ---: | ---: |\n")
    for rung in ("bubblewrap", "plain"):
        flags = ("--isolation", rung, "--allow-plain")
        with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "s", *flags) as at:
            simple, durable = asyncio.run(measure(at))
        first, second = statistics.median(simple) * 1000, statistics.median(durable) * 1000
        pairs = zip(simple, durable, strict=True)
        added = statistics.median(ours - bare for bare, ours in pairs) * 1000
        sys.stdout.write(
            f"| {rung} | {first:.0f} | {second:.0f} | {added:+.0f} | {second / first:.2f} |\n"
        )


if __name__ == "__main__":
    main()
