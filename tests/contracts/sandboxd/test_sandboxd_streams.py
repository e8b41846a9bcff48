"""A thousand live streams through one server process, and what they cost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.sandboxd.conftest import Provider

CLIENT = """
import asyncio, json, os, sys, time
from pathlib import Path
os.environ["E2B_MAX_CONNECTIONS"] = "20000"  # read when the SDK is imported
from e2b import AsyncSandbox

given = json.loads(sys.argv[1])
TICK = "while read -t 1 x || [ $? -gt 128 ]; do echo tick; done"


def cpu_seconds():
    fields = Path(f"/proc/{given['pid']}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main():
    options = given["options"]
    made = await asyncio.gather(
        *(AsyncSandbox.create(timeout=600, **options) for _ in range(given["sandboxes"]))
    )
    heard = {}
    handles = []

    async def start(sandbox, n):
        key = (sandbox.sandbox_id, n)
        heard[key] = 0

        def hear(_):
            heard[key] += 1

        handles.append(
            await sandbox.commands.run(
                TICK, background=True, stdin=True, timeout=0, on_stdout=hear, request_timeout=120
            )
        )

    for n in range(given["each"]):
        await asyncio.gather(*(start(sandbox, n) for sandbox in made))
    started = len(handles)
    before, cpu, at = dict(heard), cpu_seconds(), time.monotonic()
    delays = []
    for sandbox in made[:10]:
        asked = time.monotonic()
        await sandbox.commands.run("true")
        delays.append(time.monotonic() - asked)
    await asyncio.sleep(max(0, given["seconds"] - (time.monotonic() - at)))
    spent = time.monotonic() - at
    used = cpu_seconds() - cpu
    alive = sum(heard[key] > before[key] for key in heard)
    status = Path(f"/proc/{given['pid']}/status").read_text()
    rss = int(status.partition("VmRSS:")[2].split()[0])
    print(json.dumps({
        "streams": started, "alive": alive, "events_per_second":
        (sum(heard.values()) - sum(before.values())) / spent, "cores": used / spent,
        "rss_mib": rss / 1024, "slowest_command": max(delays),
    }))
    await asyncio.gather(*(handle.disconnect() for handle in handles))
    await asyncio.gather(*(sandbox.kill() for sandbox in made))


asyncio.run(main())
"""


@pytest.mark.bench
def test_a_thousand_live_streams(best: Provider, tmp_path: Path) -> None:
    endpoint = best.local
    pid = int((endpoint.state_dir / "server.lock").read_text())
    given = {"pid": pid, "options": best.options, "sandboxes": 100, "each": 10, "seconds": 10}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, json.dumps(given)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(found)  # noqa: T201 - the figures are what a benchmark is run for
    assert found["streams"] == 1000
    assert found["alive"] == 1000
    assert found["cores"] < 1
