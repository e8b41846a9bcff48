"""Chains of three under kill -9: each part once, in order, with its one pull request."""

from pathlib import Path

import pytest

from tests.engine.kills.asking import STATE, charged_twice, kill_in_turn, left_over, stride, told
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

ENDS = ("one.sprint", "two.sprint-2", "three.sprint")


def runs_of(origin: Path) -> dict[str, str]:
    """Return the runs on record with their phases; each has one record."""
    records = told(origin, "runs", "/run.json")
    found = {one["run"]: one["phase"] for one in records}
    assert len(found) == len(records)
    return found


def pulls_of(origin: Path) -> list[tuple[int, str, str, str]]:
    pulls = told(origin, "proposals", ".json")
    found = [(one["number"], one["base"], one["branch"], one["status"]) for one in pulls]
    return sorted(found)


def branches_of(origin: Path) -> set[str]:
    listed = git(origin, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()
    return {*listed} - {"main", STATE}


async def test_issues_are_worked_off_once_each_on_one_branch(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder, every = tmp_path / "issues", stride(17)
    assert kill_in_turn(folder, sandboxd, "chain", every=every) > 120 / every
    origin = folder / "origin.git"
    assert runs_of(origin) == {f"backlog.{name}.chain": "completed" for name in "abc"}
    assert pulls_of(origin) == [(1, "main", "courier/backlog", "created")]
    log = git(origin, "show", "courier/backlog:log").splitlines()
    assert log == ["Mend a", "Mend b", "Mend c"]
    (course,) = told(origin, "chains/work", ".json")
    assert (course["phase"], course["current"]) == ("completed", None)
    assert [part["tries"] for part in course["parts"]] == [1, 1, 1]
    assert charged_twice(origin) == []
    assert branches_of(origin) == {"courier/backlog"}
    assert await left_over(folder, sandboxd) == 0


async def test_sprints_go_on_once_from_the_one_that_failed(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder, every = tmp_path / "sprints", stride(23)
    assert kill_in_turn(folder, sandboxd, "sprints", every=every) > 150 / every
    origin = folder / "origin.git"
    assert runs_of(origin) == {
        "roadmap.one.sprint": "completed",
        "roadmap.two.sprint": "failed",
        "roadmap.two.sprint-2": "completed",
        "roadmap.three.sprint": "completed",
    }
    one, two, three = (f"courier/roadmap.{end}" for end in ENDS)
    assert pulls_of(origin) == [
        (1, "main", one, "created"),
        (2, one, two, "created"),
        (3, two, three, "created"),
    ]
    assert git(origin, "show", f"{three}:log").splitlines() == ["Do one", "Do two", "Do three"]
    (course,) = told(origin, "chains/sprint", ".json")
    assert course["phase"] == "completed"
    assert [part["tries"] for part in course["parts"]] == [1, 2, 1]
    assert charged_twice(origin) == []
    assert branches_of(origin) == {one, two, three}
    assert await left_over(folder, sandboxd) == 0
