"""Whole runs under kill -9: the same work, one pull request, one record, one charge."""

import os
from functools import partial
from pathlib import Path

import pytest

from tests.engine.kills.asking import (
    SEED,
    kill,
    kill_in_turn,
    kill_once_each,
    left_over,
    points,
    trees,
)
from tests.engine.kills.invariants import problems_of
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

KILLS = int(os.environ.get("RUN_KILLS", "60"))
BRANCHES = ("refs/heads/courier/fix-*",)
FACTS = 140
"""About how often the observer is called in one run: before and after each commit."""


@pytest.mark.slow
async def test_a_run_killed_at_every_fact_in_turn_ends_as_if_nothing_had_happened(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "sequence"
    kills = kill_in_turn(folder, sandboxd, "loop")
    assert kills > 100
    assert problems_of(folder, ["fix"]) == []
    assert await left_over(folder, sandboxd) == 0


@pytest.mark.slow
async def test_runs_killed_once_at_one_fact_each_deliver_the_same_tree(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder, at = tmp_path / "each", points(FACTS, 13)
    check = partial(problems_of, runs=["fix"])
    scenes = await kill_once_each(folder, sandboxd, "loop", points=at, problems_of=check)
    assert len(trees(scenes, "courier/fix")) == 1


@pytest.mark.slow
async def test_random_kills_of_several_runs_lose_double_and_stick_nothing(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "random"
    kills = kill(folder, sandboxd, "loop", "random", "--kills", str(KILLS), "--seed", str(SEED))
    assert kills >= KILLS
    runs = git(folder / "origin.git", "for-each-ref", "--format=%(refname:lstrip=3)", *BRANCHES)
    assert len(runs.split()) >= KILLS // 10
    assert problems_of(folder, runs.split()) == []
    assert await left_over(folder, sandboxd) == 0
