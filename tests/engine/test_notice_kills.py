"""Telling people under kill -9: every letter comes, and comes again only if nobody noted it."""

import json
import subprocess
import sys
from collections import Counter
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
    assert json.loads(done.stdout)["kills"] > 10
    hooks = [one for one in receiver.requests if "Courier-Delivery" in one.headers]
    told = Counter(json.loads(one.body)["run"]["name"] for one in hooks)
    ids = {one.headers["Courier-Delivery"] for one in hooks}
    assert set(told) == {"good", "bad"}
    assert len(ids) == 2
    # One try was cut off after the receiver had it, before that was noted.
    assert all(1 <= times <= 3 for times in told.values()), told
    chats = [one for one in receiver.requests if "Courier-Delivery" not in one.headers]
    assert 1 <= len(chats) <= 3
