"""A run that follows its checks and mends them, under kill -9 at every fact."""

from pathlib import Path

import pytest

from tests.engine.kills.asking import files, kill_in_turn, left_over, record, told
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow


async def test_it_mends_once_and_in_the_one_conversation(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "checks"
    assert kill_in_turn(folder, sandboxd, "checks") > 60
    origin = folder / "origin.git"
    done = record(origin)
    assert (done["phase"], done["reason"]) == ("completed", "Completed"), done["message"]
    assert [(step["iteration"], step["attempt"]) for step in done["steps"]] == [(1, 1), (2, 1)]
    assert len({step["sandbox"] for step in done["steps"]}) == 1
    # Each process was started once, in the one sandbox there was.
    assert git(origin, "show", "courier/fix:turns").splitlines() == ["turn ", "turn s1"]
    assert git(origin, "show", "courier/fix:value") == "right"
    assert git(origin, "rev-list", "--count", "main..courier/fix") == "2"
    known = done["ciChecks"]
    assert (known["overall"], known["fixAttempts"], len(known["red"])) == ("success", 1, 1)
    charged = [line["usage"]["inputTokens"] for line in told(origin, "usage", ".jsonl")]
    assert charged == [7, 7]
    assert files(origin, "proposals") == ["proposals/1.json"]
    assert await left_over(folder, sandboxd) == 0
