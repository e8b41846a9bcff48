"""Closing courier in the middle of a write: nobody is left at it."""

import asyncio
import os
from pathlib import Path

import pytest

from courier.cli.here import Here
from courier.ports.state import WriteFile
from tests.contracts.scratch import GIT_ENV, git

TRIES = 12


@pytest.mark.slow
async def test_a_write_whose_caller_is_gone_is_ended_before_courier_is_closed(
    tmp_path: Path,
) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    git("init", "-q", "-b", "main", cwd=root)
    git("commit", "-q", "--allow-empty", "-m", "First", cwd=root)
    home = {"HOME": str(tmp_path), "COURIER_HOME": str(tmp_path / "state")}
    here = Here({**GIT_ENV, "PATH": os.environ["PATH"], **home}, str(root))
    for tried in range(TRIES):
        name = f"notes/{tried}"
        async with here.wired() as wiring:
            written = wiring.state.write([WriteFile(name, b"x")], message=name)
            writing = asyncio.ensure_future(written)
            await asyncio.sleep(tried / 200)
            writing.cancel()
        left = asyncio.all_tasks() - {asyncio.current_task(), writing}
        assert left == set()
