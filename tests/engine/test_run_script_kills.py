"""Scripts under kill -9: each runs once, each is on record once, the work is the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from tests.engine.script_child import MOMENTS
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint

STATE = "courier/state"


@pytest.mark.slow
def test_a_courier_killed_at_every_fact_about_a_script_runs_each_once(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "scripts"
    server = ["--url", sandboxd.url, "--key", sandboxd.api_key]
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.script_child", str(folder), *server],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kills"] > 20
    origin = folder / "origin.git"
    assert git(origin, "show", "courier/fix:value") == "hello"
    names = [moment.lower() for moment in MOMENTS]
    order = [*names[:3], "work", *names[3:4]]
    assert git(origin, "show", "courier/fix:starts").split() == order
    paths = git(origin, "ls-tree", "-r", "--name-only", STATE, "runs/").splitlines()
    (path,) = [path for path in paths if path.endswith("/run.json")]
    record = json.loads(git(origin, "show", f"{STATE}:{path}"))
    assert record["reason"] == "Completed"
    (step,) = record["steps"]
    assert [ran["name"] for ran in step["scripts"]] == names[:4]
    assert [ran["name"] for ran in record["afterwards"]["scripts"]] == ["prerun", "postrun"]
    said = [event["text"] for event in _transcript(origin, record["transcript"])]
    before, after = [*names[:4]], ["prerun", "postrun"]
    assert said == [f"{name} {word}" for name in [*before, *after] for word in ("begun", "done")]


def _transcript(origin: Path, blob: str) -> list[dict[str, str]]:
    done = subprocess.run(
        ["git", "cat-file", "blob", blob], cwd=origin, check=True, capture_output=True
    )
    told = zstandard.ZstdDecompressor().decompress(done.stdout, max_output_size=1 << 24)
    return [json.loads(line) for line in told.splitlines()]
