"""Checkpoints under kill -9: saved work outlives courier and the sandbox, nothing is doubled."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.worlds import git, provider
from tests.fakes.embedded import Endpoint

STATE = "courier/state"
SAVED = "refs/courier/checkpoints"


@pytest.mark.slow
async def test_a_courier_killed_everywhere_goes_on_from_what_a_dead_sandbox_had_saved(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "saved"
    server = ["--url", sandboxd.url, "--key", sandboxd.api_key]
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.checkpoint_child", str(folder), *server],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kills"] > 40
    touched = (folder / "touched-at").read_text().splitlines()
    assert {"before add work-1.1", "after add work-1.1", "before newest work-1.1"} <= set(touched)
    origin = folder / "origin.git"
    changed = git(origin, "diff", "--name-only", "main", "courier/fix").split()
    assert changed == ["commits", "progress", "starts"]
    assert git(origin, "show", "courier/fix:starts") == "start"
    assert git(origin, "show", "courier/fix:commits") == "1"
    assert git(origin, "rev-list", "--count", "main..courier/fix") == "1"
    paths = git(origin, "ls-tree", "-r", "--name-only", STATE, "runs/").splitlines()
    (path,) = [path for path in paths if path.endswith("/run.json")]
    record = json.loads(git(origin, "show", f"{STATE}:{path}"))
    assert record["reason"] == "Completed"
    first, second = record["steps"]
    assert [step["outcome"]["reason"] for step in (first, second)] == ["SandboxLost", "Completed"]
    assert first["checkpoint"] == second["resumed"]
    (ref,) = git(origin, "for-each-ref", "--format=%(refname)", f"{SAVED}/fix/work-1.1").split()
    tip = git(origin, "rev-parse", ref)
    assert tip == first["checkpoint"]["commit"]
    assert git(origin, "rev-list", "--count", f"main..{tip}") == "1"
    assert await provider(sandboxd).find({"courier-home": folder.name}) == []
