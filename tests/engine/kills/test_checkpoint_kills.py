"""Checkpoints under kill -9: saved work outlives courier and the sandbox, nothing is doubled."""

from pathlib import Path

import pytest

from tests.engine.kills.asking import kill_in_turn, left_over, record
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

SAVED = "refs/courier/checkpoints"


@pytest.mark.slow
async def test_a_courier_killed_everywhere_goes_on_from_what_a_dead_sandbox_had_saved(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "saved"
    assert kill_in_turn(folder, sandboxd, "checkpoints") > 40
    touched = (folder / "touched-at").read_text().splitlines()
    assert {"before add work-1.1", "after add work-1.1", "before newest work-1.1"} <= set(touched)
    origin = folder / "origin.git"
    changed = git(origin, "diff", "--name-only", "main", "courier/fix").split()
    assert changed == ["commits", "progress", "starts"]
    assert git(origin, "show", "courier/fix:starts") == "start"
    assert git(origin, "show", "courier/fix:commits") == "1"
    assert git(origin, "rev-list", "--count", "main..courier/fix") == "1"
    done = record(origin)
    assert done["reason"] == "Completed"
    first, second = done["steps"]
    assert [step["outcome"]["reason"] for step in (first, second)] == ["SandboxLost", "Completed"]
    assert first["checkpoint"] == second["resumed"]
    (ref,) = git(origin, "for-each-ref", "--format=%(refname)", f"{SAVED}/fix/work-1.1").split()
    tip = git(origin, "rev-parse", ref)
    assert tip == first["checkpoint"]["commit"]
    assert git(origin, "rev-list", "--count", f"main..{tip}") == "1"
    assert await left_over(folder, sandboxd) == 0
