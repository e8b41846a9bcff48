"""Runs that wait for people under kill -9: asked once, answered once, delivered once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.run_invariants import problems_of
from tests.engine.worlds import git, provider
from tests.fakes.embedded import Endpoint

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "places"),
    [
        ([], ["designed", "designed", "ship"]),
        (
            ["--protected"],
            ["protected-paths", "designed", "protected-paths", "designed", "ship"],
        ),
    ],
    ids=["asked", "held-back"],
)
async def test_a_run_killed_at_every_fact_around_its_approvals_ends_as_if_nothing_had_happened(
    tmp_path: Path, sandboxd: Endpoint, options: list[str], places: list[str]
) -> None:
    folder = tmp_path / "asked"
    argv = [sys.executable, "-m", "tests.engine.approval_child", str(folder)]
    done = subprocess.run(
        [*argv, *options, "--url", sandboxd.url, "--key", sandboxd.api_key],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(json.loads(done.stdout)["kills"]) > 150
    assert problems_of(folder, ["fix"]) == []
    origin = folder / "origin.git"
    files = git(origin, "ls-tree", "-r", "--name-only", "courier/state").splitlines()
    (path,) = [path for path in files if path.endswith("run.json")]
    asked = json.loads(git(origin, "show", f"courier/state:{path}"))["approvals"]
    assert [one["approval"] for one in asked] == places
    assert [one["answer"]["answer"] for one in asked] == ["approved"] * len(places)
    assert len([path for path in files if path.startswith("requests/")]) == len(places)
    assert await provider(sandboxd).find({"courier-home": folder.name}) == []
