"""A run that waits for its provider in a paused sandbox, under kill -9 at every fact."""

from pathlib import Path

import pytest

from tests.engine.kills.asking import files, kill_in_turn, left_over, record, told
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow


async def test_it_waits_once_and_goes_on_where_it_was(tmp_path: Path, sandboxd: Endpoint) -> None:
    folder = tmp_path / "limited"
    assert kill_in_turn(folder, sandboxd, "limited") > 50
    origin = folder / "origin.git"
    done = record(origin)
    assert (done["phase"], done["reason"]) == ("completed", "Completed"), done["message"]
    reasons = [(step["attempt"], step["outcome"]["reason"]) for step in done["steps"]]
    assert reasons == [(1, "RateLimited"), (2, "Completed")]
    assert len({step["sandbox"] for step in done["steps"]}) == 1
    # Each process was started once, in the one sandbox there was.
    assert git(origin, "show", "courier/fix:value").split() == ["first", "s1"]
    assert git(origin, "show", "courier/fix:starts").split() == ["start", "start"]
    assert git(origin, "rev-list", "--count", "main..courier/fix") == "1"
    charged = [line["usage"]["inputTokens"] for line in told(origin, "usage", ".jsonl")]
    assert charged == [7, 5]
    assert len(files(origin, "proposals")) == 1
    assert await left_over(folder, sandboxd) == 0
