"""Merges with a conflict under kill -9: the same tree, one pull request, one record."""

from pathlib import Path

import pytest

from tests.engine.kills.asking import (
    STATE,
    charged_twice,
    kill_in_turn,
    kill_once_each,
    left_over,
    points,
    pulls,
    record,
    stride,
    trees,
)
from tests.engine.kills.merges import RUN
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

FACTS = 90
"""About how often the observer is called in one run: before and after each commit."""

BRANCH = f"courier/{RUN}"


def problems_of(folder: Path) -> list[object]:
    """Return everything wrong after one merge."""
    origin = folder / "origin.git"
    done = record(origin)
    found: list[object] = []
    if (done["phase"], done["reason"]) != ("completed", "Completed"):
        found.append((done["phase"], done["reason"], done["message"]))
    if [(one["branch"], one["how"]) for one in done["merges"]] != [
        ("one", "merged"),
        ("two", "resolved"),
    ]:
        found.append(done["merges"])
    if [(step["step"], step["attempt"]) for step in done["steps"]] != [("merge", 1), ("check", 1)]:
        found.append([step["folder"] for step in done["steps"]])
    contents = [git(origin, "show", f"{BRANCH}:{path}") for path in ("value", "extra", "starts")]
    if contents != ["one and two", "more", "start"]:
        found.append(contents)
    merged = git(origin, "log", "--first-parent", "--format=%P", f"main..{BRANCH}").split()
    if merged.count(git(origin, "rev-parse", "two")) != 1:
        found.append(merged)
    if pulls(origin) != [(RUN, "created")]:
        found.append(pulls(origin))
    branches = git(origin, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()
    if set(branches) != {"main", "one", "two", BRANCH, STATE}:
        found.append(branches)
    return found + charged_twice(origin)


async def test_a_merge_killed_at_one_fact_after_the_other_is_done_once(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "sequence"
    every = stride(7)
    assert kill_in_turn(folder, sandboxd, "merge", every=every) > 60 / every
    assert problems_of(folder) == []
    assert await left_over(folder, sandboxd) == 0


async def test_merges_killed_once_at_one_fact_each_come_to_the_same_tree(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder, at = tmp_path / "each", points(FACTS, 29)
    scenes = await kill_once_each(folder, sandboxd, "merge", points=at, problems_of=problems_of)
    assert len(trees(scenes, BRANCH)) == 1
