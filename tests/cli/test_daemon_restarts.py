"""A daemon that is stopped or killed at any time loses nothing and finds everything again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cli.place import SLOW, Place, asked
from tests.contracts.scratch import GIT_ENV, git

pytestmark = pytest.mark.slow

COUNTED = SLOW.replace("name: slow", "name: counted").replace(
    "sleep 30; ", "echo x >> ~/starts; sleep 5; wc -l < ~/starts > starts.txt; "
)


class Running:
    """A daemon in a process of its own."""

    def __init__(self, place: Place, process: "subprocess.Popen[str]") -> None:
        self.place = place
        self.process = process

    def end(self, how: signal.Signals) -> str:
        self.process.send_signal(how)
        _, err = self.process.communicate(timeout=30)
        assert "Traceback" not in err
        return err

    def until(self, holds: Callable[[], Any], *, within: float = 40) -> Any:
        deadline = time.monotonic() + within
        while not (found := holds()):
            assert time.monotonic() < deadline, self.place.courier("status").out
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.1)
        return found

    def told(self) -> dict[str, Any]:
        """Return how the repository stands after a pass begun now."""
        said = self.place.courier("reconcile", "-o", "json")
        found: dict[str, Any] = json.loads(said.out)["repositories"][0] if said.out else {}
        return found

    def is_at(self, run: str, text: str) -> bool:
        return text in self.place.courier("get", "runs", run).out


@contextmanager
def daemon(place: Place, *argv: str) -> Iterator[Running]:
    environment = {
        **GIT_ENV,
        "PATH": os.environ["PATH"],
        "COURIER_HOME": str(place.folder / "state"),
        "COURIER_ALLOW_PLAIN": "1",
    }
    command = [sys.executable, "-m", "courier", "daemon", *argv]
    with subprocess.Popen(
        command, cwd=place.root, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            running = Running(place, process)
            running.until(running.told)
            yield running
        finally:
            process.kill()
            process.communicate()


def stalled(told: dict[str, Any]) -> str:
    (found,) = [one for one in told["conditions"] if one["type"] == "Stalled"]
    return str(found["reason"])


def test_the_last_good_documents_survive_a_kill(place: Place) -> None:
    place.publish({".courier/runs/one.yaml": asked("one")})
    good = git("rev-parse", "HEAD", cwd=place.root)
    with daemon(place) as first:
        first.until(lambda: first.told()["projects"][0]["settled"] == 1)
        broken = {".courier/broken.yaml": "kind: Nothing\n", ".courier/runs/b.yaml": asked("two")}
        place.publish(broken)
        assert stalled(first.told()) == "InvalidDocuments"
        first.end(signal.SIGKILL)
    said = place.courier("status")
    assert said.code == 1
    assert "No daemon runs on this state folder." in said.out
    assert ".courier/broken.yaml:1:7" in said.out
    with daemon(place) as second:
        told = second.told()
        assert stalled(told) == "InvalidDocuments"
        assert told["appliedCommit"] == good
        assert told["attemptedCommit"] == git("rev-parse", "HEAD", cwd=place.root)
        assert told["projects"][0]["settled"] == 1, "the documents of before are in force"
        assert not second.is_at("two", "running")
        (place.root / ".courier/broken.yaml").unlink()
        place.publish({})
        second.until(lambda: second.told()["projects"][0]["settled"] == 2)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_agents_go_on_without_a_daemon_and_the_next_one_finds_them(
    place: Place, how: signal.Signals
) -> None:
    place.publish({".courier/counted.yaml": COUNTED, ".courier/runs/q.yaml": asked("q", "counted")})
    with daemon(place) as first:
        first.until(lambda: first.is_at("q", "work-1.1"))
        time.sleep(1)
        err = first.end(how)
        if how is not signal.SIGKILL:
            assert first.process.returncode == 0
            assert "Still in flight: q." in err
            assert "Stopped." in err
    with daemon(place) as second:
        second.until(lambda: second.is_at("q", "completed"))
        second.end(signal.SIGTERM)
    git("fetch", "-q", cwd=place.root)
    assert git("show", "origin/courier/q:starts.txt", cwd=place.root).strip() == "1"


def test_what_was_removed_during_an_outage_is_pruned_and_nothing_else(place: Place) -> None:
    place.publish(
        {
            ".courier/counted.yaml": COUNTED,
            ".courier/runs/gone.yaml": asked("gone", "slow"),
            ".courier/runs/stays.yaml": asked("stays", "counted"),
        }
    )
    with daemon(place) as first:
        first.until(lambda: first.is_at("gone", "work-1.1"))
        first.until(lambda: first.is_at("stays", "work-1.1"))
        first.end(signal.SIGKILL)
    git("rm", "-q", ".courier/runs/gone.yaml", cwd=place.root)
    git("mv", ".courier/runs/stays.yaml", ".courier/moved.yaml", cwd=place.root)
    git("branch", "mine", cwd=place.root)
    git("push", "-q", "origin", "mine", cwd=place.root)
    place.publish({})
    with daemon(place) as second:
        second.until(lambda: second.is_at("gone", "cancelled"))
        second.until(lambda: second.is_at("stays", "completed"))
        second.end(signal.SIGTERM)
    assert "its document is gone" in place.courier("describe", "run/gone").out
    git("fetch", "-q", cwd=place.root)
    assert git("rev-parse", "origin/mine", cwd=place.root), "what courier did not make, stays"
    assert git("show", "origin/courier/stays:starts.txt", cwd=place.root).strip() == "1"
