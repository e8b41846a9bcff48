"""A run that waits for its provider in a paused sandbox, under kill -9 at every fact."""

import json
from pathlib import Path

import pytest

from tests.engine.run_invariants import STATE
from tests.engine.test_run_kills import left_over, run_child
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow


def lines(origin: Path, path: str) -> list[str]:
    return git(origin, "show", f"{STATE}:{path}").splitlines()


async def test_it_waits_once_and_goes_on_where_it_was(tmp_path: Path, sandboxd: Endpoint) -> None:
    folder = tmp_path / "limited"
    assert run_child(folder, sandboxd, "sequence", "--story", "limited") > 50
    origin = folder / "origin.git"
    listed = git(origin, "ls-tree", "-r", "--name-only", STATE).splitlines()
    (path,) = [path for path in listed if path.endswith("run.json")]
    record = json.loads("\n".join(lines(origin, path)))
    assert (record["phase"], record["reason"]) == ("completed", "Completed"), record["message"]
    reasons = [(step["attempt"], step["outcome"]["reason"]) for step in record["steps"]]
    assert reasons == [(1, "RateLimited"), (2, "Completed")]
    assert len({step["sandbox"] for step in record["steps"]}) == 1
    # Each process was started once, in the one sandbox there was.
    assert git(origin, "show", "courier/fix:value").split() == ["first", "s1"]
    assert git(origin, "show", "courier/fix:starts").split() == ["start", "start"]
    assert git(origin, "rev-list", "--count", "main..courier/fix") == "1"
    charged = [
        json.loads(line)["usage"]["inputTokens"]
        for path in listed
        if path.startswith("usage/")
        for line in lines(origin, path)
    ]
    assert charged == [7, 5]
    assert len([path for path in listed if path.startswith("proposals/")]) == 1
    assert await left_over(folder, sandboxd) == 0
