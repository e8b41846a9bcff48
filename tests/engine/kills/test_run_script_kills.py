"""Scripts under kill -9: each runs once, each is on record once, the work is the same."""

import json
import subprocess
from pathlib import Path

import pytest
import zstandard

from tests.engine.kills.asking import kill_in_turn, record
from tests.engine.kills.scripts import MOMENTS
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint


@pytest.mark.slow
def test_a_courier_killed_at_every_fact_about_a_script_runs_each_once(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "scripts"
    assert kill_in_turn(folder, sandboxd, "scripts") > 20
    origin = folder / "origin.git"
    assert git(origin, "show", "courier/fix:value") == "hello"
    names = [moment.lower() for moment in MOMENTS]
    order = [*names[:3], "work", *names[3:4]]
    assert git(origin, "show", "courier/fix:starts").split() == order
    done = record(origin)
    assert done["reason"] == "Completed"
    (step,) = done["steps"]
    assert [ran["name"] for ran in step["scripts"]] == names[:4]
    assert [ran["name"] for ran in done["afterwards"]["scripts"]] == ["prerun", "postrun"]
    said = [event["text"] for event in _transcript(origin, done["transcript"])]
    before, after = [*names[:4]], ["prerun", "postrun"]
    assert said == [f"{name} {word}" for name in [*before, *after] for word in ("begun", "done")]


def _transcript(origin: Path, blob: str) -> list[dict[str, str]]:
    done = subprocess.run(
        ["git", "cat-file", "blob", blob], cwd=origin, check=True, capture_output=True
    )
    told = zstandard.ZstdDecompressor().decompress(done.stdout, max_output_size=1 << 24)
    return [json.loads(line) for line in told.splitlines()]
