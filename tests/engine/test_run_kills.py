"""Whole runs under kill -9: the same work, one pull request, one record, one charge."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.run_invariants import problems_of, tree_of
from tests.engine.worlds import git, provider
from tests.fakes.embedded import Endpoint

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("RUN_KILLS", "60"))
SEED = int(os.environ.get("RUN_SEED", "1"))
BRANCHES = ("refs/heads/courier/fix-*",)
FACTS = 140
"""About how often the observer is called in one run: before and after each commit."""

STRIDE = int(os.environ.get("RUN_STRIDE", "13"))
"""Every how many calls a fresh run is killed once; 1 walks all of them."""


def run_child(folder: Path, sandboxd: Endpoint, *options: str) -> int:
    server = ["--url", sandboxd.url, "--key", sandboxd.api_key]
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.run_child", str(folder), *server, *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["kills"])


async def left_over(folder: Path, sandboxd: Endpoint) -> int:
    return len(await provider(sandboxd).find({"courier-home": folder.name}))


@pytest.mark.slow
async def test_a_run_killed_at_every_fact_in_turn_ends_as_if_nothing_had_happened(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "sequence"
    kills = run_child(folder, sandboxd, "sequence")
    assert kills > 100
    assert problems_of(folder, ["fix"]) == []
    assert await left_over(folder, sandboxd) == 0


@pytest.mark.slow
async def test_runs_killed_once_at_one_fact_each_deliver_the_same_tree(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "each"
    points = range(1 + SEED % STRIDE, FACTS, STRIDE)
    kills = run_child(folder, sandboxd, "each", "--points", ",".join(map(str, points)))
    assert kills > 0.8 * len(points)
    scenes = sorted(folder.iterdir())
    problems = {scene.name: found for scene in scenes if (found := problems_of(scene, ["fix"]))}
    assert problems == {}
    assert len({tree_of(scene, "fix") for scene in scenes}) == 1
    assert [scene.name for scene in scenes if await left_over(scene, sandboxd)] == []


@pytest.mark.slow
async def test_random_kills_of_several_runs_lose_double_and_stick_nothing(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "random"
    kills = run_child(folder, sandboxd, "random", "--kills", str(KILLS), "--seed", str(SEED))
    assert kills >= KILLS
    runs = git(folder / "origin.git", "for-each-ref", "--format=%(refname:lstrip=3)", *BRANCHES)
    assert len(runs.split()) >= KILLS // 10
    assert problems_of(folder, runs.split()) == []
    assert await left_over(folder, sandboxd) == 0
