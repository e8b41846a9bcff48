"""A learning's life under kill -9: one proposal, one merge, one version, one charge a session."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.engine.kills.asking import STATE, files, kill_in_turn, left_over, stride, told
from tests.engine.kills.learnings import plant
from tests.engine.kills.lives import FILES
from tests.engine.learning_worlds import LESSON, teacher
from tests.engine.worlds import git, make_origin
from tests.fakes.embedded import Endpoint
from tests.fakes.github.hosting import Hosting

pytestmark = pytest.mark.slow

FACTS = 150
"""About how often the observer is called: at facts of four runs, and at what passes change."""

BEHAVIOR = str(LESSON["correctBehavior"])


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return make_origin(tmp_path / tmp_path.name, FILES)


def record_of(origin: Path, run: str) -> dict[str, Any]:
    (found,) = [one for one in told(origin, "runs", "/run.json") if one["run"] == run]
    assert isinstance(found, dict)
    return found


def look(origin: Path) -> None:
    """Hold what is left against what a life without deaths leaves."""
    phases = Counter((one["run"], one["phase"]) for one in told(origin, "runs", "/run.json"))
    runs = ("one", "one.learn", "two", "two.learn")
    assert phases == {(run, "completed"): 1 for run in runs}
    listed = git(origin, "ls-tree", "-r", "--name-only", "main").splitlines()
    (path,) = [each for each in listed if each.startswith(".courier/learnings/")]
    assert len(git(origin, "log", "--format=%H", "--no-merges", "main", "--", path).split()) == 1
    name = Path(path).stem
    first, second = record_of(origin, "one"), record_of(origin, "two")
    assert (first["learnings"]["status"], first["learnings"]["proposed"]) == ("completed", [name])
    assert (second["learnings"]["proposed"], second["learnings"]["known"]) == ([], [name])
    learnings = second["steps"][0]["learnings"]
    assert (learnings["version"], [one["name"] for one in learnings["lessons"]]) == (1, [name])
    (said,) = [each for each in files(origin, "runs") if "/two/steps/01-design" in each]
    assert BEHAVIOR in git(origin, "show", f"{STATE}:{said}")
    assert files(origin, "learnings") == [
        "learnings/evidence.jsonl",
        "learnings/index.json",
        "learnings/versions/1.json",
        "learnings/versions/1.md",
    ]
    (line,) = git(origin, "show", f"{STATE}:learnings/evidence.jsonl").splitlines()
    assert json.loads(line)["run"] == "two"
    charged = Counter(line["key"] for line in told(origin, "usage", ".jsonl"))
    assert {times for times in charged.values()} == {1}
    assert {f"{run}.learn/learn-1.1" for run in ("one", "two")} <= {*charged}


async def test_a_learning_comes_in_once_and_is_told(
    origin: Path, sandboxd: Endpoint, each_forge: Hosting | None
) -> None:
    plant(origin, "local" if each_forge is None else "github")
    every = stride(29 if each_forge is None else 43)
    with teacher([LESSON]) as models:
        served = {"models": models.base_url("run", "learn")}
        if each_forge is not None:
            served["github"] = each_forge.hub.url
        kills = kill_in_turn(origin.parent, sandboxd, "learnings", every=every, **served)
    assert kills > 0.5 * FACTS / every
    look(origin)
    pulls = proposed(origin) if each_forge is None else opened(each_forge)
    assert len(pulls) == 3
    (branch,) = [branch for branch, status in pulls if status == "merged"]
    assert branch.startswith("courier-learnings/demo-")
    assert {branch for branch, status in pulls if status != "merged"} == {
        "courier/one",
        "courier/two",
    }
    assert await left_over(origin.parent, sandboxd) == 0


def proposed(origin: Path) -> list[tuple[str, str]]:
    """Return branch and status of every proposal."""
    return [(one["branch"], one["status"]) for one in told(origin, "proposals", ".json")]


def opened(there: Hosting) -> list[tuple[str, str]]:
    """Return branch and status of every pull request."""
    return [
        (one.head, "merged" if one.is_merged else one.state) for one in there.repo.pulls.values()
    ]
