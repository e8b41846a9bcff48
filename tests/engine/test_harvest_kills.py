"""Harvests under kill -9: one commit, one pull request, one record, one charge."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.engine.run_invariants import STATE
from tests.engine.test_run_kills import SEED, left_over, run_child
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

FACTS = 90
"""About how often the observer is called in one run: before and after each commit."""

STRIDE = 17
FILES = [
    ".courier/answers/weekly-1.yaml",
    ".courier/issues/keep-less.yaml",
    ".courier/issues/the-value-is-wrong.yaml",
]


def told(origin: Path, folder: str, end: str) -> list[Any]:
    listed = git(origin, "ls-tree", "-r", "--name-only", STATE, f"{folder}/").splitlines()
    texts = [git(origin, "show", f"{STATE}:{path}") for path in listed if path.endswith(end)]
    lines = [line for text in texts for line in (text.splitlines() if end == ".jsonl" else [text])]
    return [json.loads(line) for line in lines]


def problems_of(folder: Path) -> list[object]:
    """Return everything wrong after one harvest."""
    origin = folder / "origin.git"
    (record,) = told(origin, "runs", "run.json")
    found: list[object] = []
    if (record["phase"], record["reason"]) != ("completed", "Completed"):
        found.append((record["phase"], record["reason"], record["message"]))
    if [(step["step"], step["attempt"]) for step in record["steps"]] != [("work", 1)]:
        found.append(record["steps"])
    if record["usage"]["inputTokens"] != 5:
        found.append(record["usage"])
    if record["harvest"]["files"] != FILES:
        found.append(record["harvest"])
    commits = git(origin, "rev-list", "--count", "main..courier/fix")
    changed = git(origin, "diff", "--name-only", "main", "courier/fix").splitlines()
    if (commits, changed) != ("1", FILES):
        found.append((commits, changed))
    pulls = told(origin, "proposals", ".json")
    if [(one["run"], one["status"]) for one in pulls] != [("fix", "created")]:
        found.append(pulls)
    charged = Counter(line["key"] for line in told(origin, "usage", ".jsonl"))
    return found + [key for key, times in charged.items() if times != 1]


async def test_a_harvest_killed_at_every_fact_in_turn_is_made_once(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "sequence"
    kills = run_child(folder, sandboxd, "sequence", "--story", "harvest")
    assert kills > 40
    assert problems_of(folder) == []
    assert await left_over(folder, sandboxd) == 0


async def test_harvests_killed_once_at_one_fact_each_are_the_same(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "each"
    points = ",".join(map(str, range(1 + SEED % STRIDE, FACTS, STRIDE)))
    assert run_child(folder, sandboxd, "each", "--points", points, "--story", "harvest") >= 3
    scenes = sorted(folder.iterdir())
    assert {scene.name: found for scene in scenes if (found := problems_of(scene))} == {}
    trees = {git(one / "origin.git", "rev-parse", "courier/fix^{tree}") for one in scenes}
    assert len(trees) == 1
