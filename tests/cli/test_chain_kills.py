"""A daemon killed again and again between sprints: each is done once, in order."""

import signal
import time
from random import Random

import pytest

from tests.cli.place import Place
from tests.cli.test_daemon_restarts import daemon
from tests.contracts.scratch import git
from tests.engine.chainscenes import NOTE, sprints

pytestmark = pytest.mark.slow

SPRINTS = ("one", "two", "three")


def test_a_chain_survives_every_kill(place: Place) -> None:
    dice = Random(20261122)
    documents = {".courier/note.yaml": NOTE, ".courier/chain.yaml": sprints(*SPRINTS)}
    place.publish(documents)
    kills = 0
    while "completed" not in place.courier("get", "chains").out:
        assert kills < 40
        with daemon(place) as running:
            time.sleep(dice.random() / 2)
            running.end(signal.SIGKILL)
            kills += 1
    assert kills > 1
    git("fetch", "-q", cwd=place.root)
    log = git("show", "origin/courier/roadmap.three.sprint:log", cwd=place.root)
    assert log.split("\n") == ["Do one", "Do two", "Do three"]
    listed = place.courier("get", "prs").out
    assert [name in listed for name in ("#1", "#2", "#3", "#4")] == [True, True, True, False]
    runs = place.courier("get", "runs", "-o", "name").out.split()
    assert sorted(runs) == sorted(f"run/roadmap.{name}.sprint" for name in SPRINTS)
    assert "completed" in place.courier("get", "chains").out
