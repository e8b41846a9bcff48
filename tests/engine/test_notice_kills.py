"""Telling people under kill -9: every letter comes, and comes again only if nobody noted it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.receiver import receiving


@pytest.mark.slow
def test_a_courier_killed_at_every_fact_about_a_letter_tells_everybody(tmp_path: Path) -> None:
    with receiving() as receiver:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.engine.notice_child",
                str(tmp_path / "notices"),
                f"{receiver.address}/hook",
            ],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            check=False,
        )
    assert done.returncode == 0, done.stderr
    kills = json.loads(done.stdout)["kills"]
    assert kills > 10
    hooks = [one for one in receiver.requests if "Courier-Delivery" in one.headers]
    told = {json.loads(one.body)["run"]["name"] for one in hooks}
    ids = {one.headers["Courier-Delivery"] for one in hooks}
    assert told == {"good", "bad"}
    assert len(ids) == 2
    chats = [one for one in receiver.requests if "Courier-Delivery" not in one.headers]
    assert chats
    # A kill cuts off at most one try, which the receiver may have had already.
    assert len(receiver.requests) <= 3 + kills
