"""What the SDK takes from the process's environment, tried in processes of their own."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import aclosing

import pytest

from courier.ports.sandboxes import Sandbox
from tests.contracts.sandboxes.conftest import Opener
from tests.fakes.embedded import Endpoint

SCRIPT = """
import asyncio, json, os, sys
from courier.sandboxes.e2b import E2BSandboxes
from courier.system import SystemClock

url, key = sys.argv[1:]
provider = E2BSandboxes(
    api_key=key, api_url=url, sandbox_url=url, clock=SystemClock(), environ=os.environ
)
before = "e2b" in sys.modules
found = asyncio.run(provider.find({"run": "nobody"}))
pool = int(os.environ["E2B_MAX_CONNECTIONS"])
print(json.dumps([before, len(found), pool, os.environ.get("NO_PROXY")]))
"""


def ask(endpoint: Endpoint, **env: str) -> list[object]:
    command = [sys.executable, "-c", SCRIPT, endpoint.url, endpoint.api_key]
    clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    done = subprocess.run(
        command, env={**clean, **env}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@pytest.mark.slow
def test_the_sdk_is_imported_at_the_first_call_with_a_large_pool(sandboxd: Endpoint) -> None:
    assert ask(sandboxd)[:3] == [False, 0, 20_000]


@pytest.mark.slow
def test_a_pool_chosen_by_the_person_stands(sandboxd: Endpoint) -> None:
    assert ask(sandboxd, E2B_MAX_CONNECTIONS="300")[2] == 300


@pytest.mark.slow
def test_a_proxy_is_not_asked_for_loopback(sandboxd: Endpoint) -> None:
    nowhere = "http://127.0.0.1:9"
    proxies = {"HTTP_PROXY": nowhere, "http_proxy": nowhere, "ALL_PROXY": nowhere}
    _, found, _, bypassed = ask(sandboxd, **proxies, NO_PROXY="example.com")
    assert found == 0
    assert str(bypassed).startswith("example.com,127.0.0.1")


@pytest.mark.slow
async def test_more_streams_than_the_sdks_own_limit_leave_room_for_calls(opened: Opener) -> None:
    sandbox: Sandbox = await opened(timeout_seconds=600)
    path = f"{sandbox.home}/out"
    await sandbox.write({path: b"first\n"})
    writer = "setsid -f sleep 300 </dev/null >/dev/null 2>&1; pgrep -n sleep"
    pid = int((await sandbox.run(["sh", "-c", writer])).stdout)

    async def hold() -> None:
        async with aclosing(sandbox.follow(path, skip_lines=0, pid=pid)) as lines:
            async for _ in lines:
                begun.release()

    begun = asyncio.Semaphore(0)
    holders = [asyncio.create_task(hold()) for _ in range(230)]
    for _ in holders:
        await asyncio.wait_for(begun.acquire(), 60)
    assert (await sandbox.run(["echo", "room"], timeout_seconds=20)).stdout == "room\n"
    for holder in holders:
        holder.cancel()
    await asyncio.gather(*holders, return_exceptions=True)
