"""The embedded engine under kill -9: nothing lost, nothing doubled, nothing stuck."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.journal_invariants import read_aftermath

CHILD = Path(__file__).with_name("journal_child.py")
KILLS = int(os.environ.get("JOURNAL_KILLS", "200"))
SEED = int(os.environ.get("JOURNAL_SEED", "1"))


def run_child(folder: Path, *options: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.journal_child", str(folder), *options],
        capture_output=True,
        text=True,
        cwd=CHILD.parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@pytest.mark.slow
def test_random_kills_lose_double_and_stick_nothing(tmp_path: Path) -> None:
    counts = run_child(tmp_path, "--kills", str(KILLS), "--seed", str(SEED))
    aftermath = read_aftermath(tmp_path)
    assert counts["kills"] >= KILLS
    assert len(aftermath.runs) > counts["lives"]
    assert aftermath.problems == []


@pytest.mark.slow
def test_a_kill_at_every_fact_loses_doubles_and_sticks_nothing(tmp_path: Path) -> None:
    counts = run_child(tmp_path)
    assert counts["kills"] > 50
    problems = {
        scene.name: found
        for scene in sorted(tmp_path.iterdir())
        if (found := read_aftermath(scene).problems)
    }
    assert problems == {}
