"""Harvests under kill -9: one commit, one pull request, one record, one charge."""

from pathlib import Path

import pytest

from tests.engine.kills.asking import (
    charged_twice,
    kill_in_turn,
    kill_once_each,
    left_over,
    points,
    pulls,
    record,
    trees,
)
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

FACTS = 90
"""About how often the observer is called in one run: before and after each commit."""

FILES = [
    ".courier/answers/weekly-1.yaml",
    ".courier/issues/keep-less.yaml",
    ".courier/issues/the-value-is-wrong.yaml",
]


def problems_of(folder: Path) -> list[object]:
    """Return everything wrong after one harvest."""
    origin = folder / "origin.git"
    done = record(origin)
    found: list[object] = []
    if (done["phase"], done["reason"]) != ("completed", "Completed"):
        found.append((done["phase"], done["reason"], done["message"]))
    if [(step["step"], step["attempt"]) for step in done["steps"]] != [("work", 1)]:
        found.append(done["steps"])
    if done["usage"]["inputTokens"] != 5:
        found.append(done["usage"])
    if done["harvest"]["files"] != FILES:
        found.append(done["harvest"])
    commits = git(origin, "rev-list", "--count", "main..courier/fix")
    changed = git(origin, "diff", "--name-only", "main", "courier/fix").splitlines()
    if (commits, changed) != ("1", FILES):
        found.append((commits, changed))
    if pulls(origin) != [("fix", "created")]:
        found.append(pulls(origin))
    return found + charged_twice(origin)


async def test_a_harvest_killed_at_every_fact_in_turn_is_made_once(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "sequence"
    kills = kill_in_turn(folder, sandboxd, "harvest")
    assert kills > 40
    assert problems_of(folder) == []
    assert await left_over(folder, sandboxd) == 0


async def test_harvests_killed_once_at_one_fact_each_are_the_same(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder, at = tmp_path / "each", points(FACTS, 17)
    scenes = await kill_once_each(folder, sandboxd, "harvest", points=at, problems_of=problems_of)
    assert len(trees(scenes, "courier/fix")) == 1
