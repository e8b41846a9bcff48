"""A run that follows its checks and mends them, under kill -9 at every fact."""

import json
from pathlib import Path

import pytest

from tests.engine.run_invariants import STATE
from tests.engine.test_run_kills import left_over, run_child
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow


async def test_it_mends_once_and_in_the_one_conversation(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "checks"
    assert run_child(folder, sandboxd, "sequence", "--story", "checks") > 60
    origin = folder / "origin.git"
    listed = git(origin, "ls-tree", "-r", "--name-only", STATE).splitlines()
    (path,) = [path for path in listed if path.endswith("run.json")]
    record = json.loads(git(origin, "show", f"{STATE}:{path}"))
    assert (record["phase"], record["reason"]) == ("completed", "Completed"), record["message"]
    assert [(step["iteration"], step["attempt"]) for step in record["steps"]] == [(1, 1), (2, 1)]
    assert len({step["sandbox"] for step in record["steps"]}) == 1
    # Each process was started once, in the one sandbox there was.
    assert git(origin, "show", "courier/fix:turns").splitlines() == ["turn ", "turn s1"]
    assert git(origin, "show", "courier/fix:value") == "right"
    assert git(origin, "rev-list", "--count", "main..courier/fix") == "2"
    known = record["ciChecks"]
    assert (known["overall"], known["fixAttempts"], len(known["red"])) == ("success", 1, 1)
    charged = [
        json.loads(line)["usage"]["inputTokens"]
        for path in listed
        if path.startswith("usage/")
        for line in git(origin, "show", f"{STATE}:{path}").splitlines()
    ]
    assert charged == [7, 7]
    proposals = [path for path in listed if path.startswith("proposals/")]
    assert proposals == ["proposals/1.json"]
    assert await left_over(folder, sandboxd) == 0
