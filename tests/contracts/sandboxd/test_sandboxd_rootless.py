"""A server that is an ordinary user, and tools of this machine shown inside."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import e2b
import pytest

import courier
from courier.sandboxd.holders import lives
from courier.sandboxd.records import SandboxRecord
from tests.contracts.sandboxd.conftest import Provider, options_for
from tests.fakes.embedded import Endpoint, serving

NOBODY = 65534
PROBE = "import courier.sandboxd.server, httptools, uvloop"


def _as_nobody() -> tuple[str, dict[str, str]] | None:
    """Return an interpreter that another user can run with what the server needs."""
    library = Path(e2b.__file__).parents[1]
    variables = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{Path(courier.__file__).parents[1]}:{library}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            done = subprocess.run(
                [python, "-c", PROBE],
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                env=variables,
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return python, variables
    return None


@pytest.fixture(scope="module")
def rootless() -> Iterator[Provider]:
    if os.geteuid() != 0:
        pytest.skip("the other tests are rootless already")
    found = _as_nobody()
    if found is None:
        pytest.skip("no interpreter here that another user can run with these libraries")
    python, variables = found
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chown(directory, NOBODY, NOBODY)
        state = Path(directory, "state")
        command = [python, "-m", "courier.sandboxd", "--state-dir", str(state)]
        server = subprocess.Popen(
            [*command, "--isolation", "bubblewrap"],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            env=variables,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _answering(server, state)
        finally:
            server.terminate()
            server.wait(10)


def _answering(server: "subprocess.Popen[bytes]", state: Path) -> Provider:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and server.poll() is None:
        if (state / "server.json").exists():
            url = json.loads((state / "server.json").read_text())["url"]
            endpoint = Endpoint(url, (state / "api-key").read_text().strip(), state)
            return Provider("bubblewrap", options_for(endpoint), endpoint)
        time.sleep(0.02)
    pytest.skip("bubblewrap does not work without root here")


@pytest.mark.slow
async def test_an_ordinary_users_sandboxes_work(rootless: Provider) -> None:
    sandbox, other = await asyncio.gather(rootless.create(), rootless.create())
    done = await sandbox.commands.run(
        "id -un; echo $HOME; cat /etc/shadow /home/*/../*/secret 2>/dev/null; ls /tmp | wc -l;"
        " touch /escaped /usr/escaped 2>/dev/null || echo refused; cat /proc/self/uid_map"
    )
    name, home, count, refused, *_ = done.stdout.split("\n")
    assert (name, home, count, refused) == ("user", "/home/user", "0", "refused")
    assert f" {NOBODY} " in done.stdout.split("refused")[1]
    await sandbox.files.write("f", "x")
    assert (await sandbox.files.get_info("f")).owner == "user"
    await sandbox.commands.run("(setsid sleep 99.5 >/dev/null 2>&1 &)")
    await sandbox.pause()
    woken = await rootless.connect(sandbox.sandbox_id)
    assert await woken.files.read("f") == "x"
    assert (await woken.commands.run("pgrep -f 99[.]5 | wc -l")).stdout == "1\n"
    await asyncio.gather(woken.kill(), other.kill())


async def test_an_agent_dies_with_its_holder(rootless: Provider) -> None:
    sandbox = await rootless.create()
    record = SandboxRecord.load(rootless.local.state_dir / "sandboxes" / sandbox.sandbox_id)
    assert record is not None
    assert lives(record.holder.agent_pid, record.holder.agent_started)
    os.kill(record.holder.pid, signal.SIGKILL)
    for _ in range(100):
        if not lives(record.holder.agent_pid, record.holder.agent_started):
            break
        await asyncio.sleep(0.02)
    assert not lives(record.holder.agent_pid, record.holder.agent_started)
    assert not await sandbox.kill()


async def test_no_network_without_root(rootless: Provider) -> None:
    sandbox = await rootless.create(allow_internet_access=False)
    assert (await sandbox.commands.run("grep -c : /proc/net/dev")).stdout == "1\n"
    await sandbox.kill()


@pytest.mark.slow
async def test_what_is_exposed_is_on_the_path_and_read_only(open_directory: Path) -> None:
    kit = open_directory / "kit"
    (kit / "bin").mkdir(parents=True)
    for name in ("bin/agent", "alone"):
        (kit / name).write_text("#!/bin/sh\necho $0 works\n")
        (kit / name).chmod(0o755)
    (open_directory / "linked").symlink_to(kit / "alone")
    flags = ("--expose", str(kit), "--expose", str(open_directory / "linked"), "--allow-plain")
    with serving(open_directory / "exposing", *flags) as endpoint:
        provider = Provider("", options_for(endpoint), endpoint)
        sandbox = await provider.create()
        assert (await sandbox.commands.run("agent")).stdout == f"{kit}/bin/agent works\n"
        assert "works" in (await sandbox.commands.run("linked")).stdout
        if json.loads((endpoint.state_dir / "server.json").read_text())["isolation"] != "plain":
            done = await sandbox.commands.run(f"touch {kit}/bin/x 2>/dev/null || echo refused")
            assert done.stdout == "refused\n"
        await sandbox.kill()
