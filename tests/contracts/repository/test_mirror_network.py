"""A remote behind a network, whose branches cannot be seen without asking it."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from courier.ports.state import WriteFile
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock
from tests.contracts.scratch import Scratch


@contextmanager
def daemon(folder: Path, log: Path) -> Iterator[str]:
    """Serve a folder's repositories by git's own protocol; give the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = ["--export-all", "--enable=receive-pack", "--verbose", f"--base-path={folder}"]
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", *options, str(folder)]
    with log.open("wb") as told, subprocess.Popen(command, stderr=told) as process:
        try:
            deadline = time.monotonic() + 20
            while b"Ready to rumble" not in log.read_bytes():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield f"git://127.0.0.1:{port}"
        finally:
            process.terminate()


async def test_a_pass_asks_the_remote_once(scratch: Scratch, tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"

    def asked() -> int:
        return len(re.findall(r"Request upload-pack", log.read_text()))

    with daemon(scratch.origin.parent, log) as address:
        remote = f"{address}/{scratch.origin.name}"
        mirrors = [Mirror(tmp_path / name, remote=remote, clock=SystemClock()) for name in "ab"]
        here, there = [await mirror.open() for mirror in mirrors]
        mine, theirs = StateBranch(here), StateBranch(there)
        await here.fetch()
        await theirs.write([WriteFile("a.json", b"1")], message="One")
        before = asked()
        await here.fetch()
        await mine.refresh()
        assert asked() == before + 1
        assert await mine.read(["a.json"]) == {"a.json": b"1"}
        # Whoever looks again asks again: what was fetched then may be old by now.
        await theirs.write([WriteFile("a.json", b"2")], message="Two")
        await mine.refresh()
        assert asked() > before + 1
        assert await mine.read(["a.json"]) == {"a.json": b"2"}
        await here.fetch()
        await theirs.write([WriteFile("b.json", b"3")], message="Three")
        await mine.write([WriteFile("c.json", b"4")], message="Four")
        await mine.refresh()
        assert await mine.read(["b.json", "c.json"]) == {"b.json": b"3", "c.json": b"4"}
        for mirror in (here, there):
            await mirror.close()
