"""Runs with candidates under kill -9: the same work, one pull request, one record, one charge."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.engine.kills.asking import STATE, kill_in_turn, kill_once_each, left_over, points, told
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

FACTS = 330
"""About how often the observer is called in one run with two candidates."""

INNER = [("design", 1), ("check", 1), ("design", 2), ("check", 2)]
STEPS = [
    *(("candidate-1", *one) for one in INNER),
    *(("candidate-2", *one) for one in INNER),
    (None, "judge", 1),
    (None, "polish", 1),
]


def named(step: dict[str, Any]) -> tuple[str | None, str, int]:
    return step.get("candidate"), step["step"], step.get("iteration", 1)


def problems_of(folder: Path) -> list[object]:
    """Return everything wrong after one run with two candidates."""
    origin = folder / "origin.git"
    found: list[object] = []
    records = told(origin, "runs", "run.json")
    found += [("records", len(records))] if len(records) != 1 else []
    for record in records:
        if (record["phase"], record["reason"]) != ("completed", "Completed"):
            found.append((record["phase"], record["reason"], record["message"]))
        if [named(step) for step in record["steps"]] != STEPS:
            found.append([step["folder"] for step in record["steps"]])
        found += [step["outcome"] for step in record["steps"] if step["attempt"] != 1]
    charged = [named(line) for line in told(origin, "usage", ".jsonl")]
    found += [("charged", charged)] if charged != STEPS else []
    proposals = Counter(each["run"] for each in told(origin, "proposals", ".json"))
    found += [("proposals", proposals)] if proposals != {"fix": 1} else []
    return found + _work_problems(origin)


def _work_problems(origin: Path) -> list[object]:
    branches = git(origin, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()
    wanted = {"main", STATE, "courier/fix", "courier/fix-candidate-1"}
    if set(branches) != wanted:
        return [branches]
    seen = [
        git(origin, "show", f"courier/fix{end}").split()
        for end in (":polish", ":starts", ":iterations", "-candidate-1:value")
    ]
    # An agent that was started twice in its sandbox would have counted to two.
    return [] if seen == [["polished", "two"], ["start"], ["1", "2"], ["one"]] else [seen]


async def test_a_run_with_candidates_killed_at_every_fact_ends_as_if_nothing_had_happened(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "sequence"
    kills = kill_in_turn(folder, sandboxd, "candidates")
    assert kills > 150
    assert problems_of(folder) == []
    assert await left_over(folder, sandboxd) == 0


async def test_runs_with_candidates_killed_once_at_one_fact_each_end_alike(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder, at = tmp_path / "each", points(FACTS, 41)
    await kill_once_each(folder, sandboxd, "candidates", points=at, problems_of=problems_of)
