"""A webhook of GitHub, all the way: signed there, taken by a daemon, on record at once."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.cli.place import PROJECT, Place, asked
from tests.contracts.scratch import GIT_ENV, git
from tests.fakes.github.delivering import Deliveries, posted
from tests.fakes.github.hosting import Hosting, hosting
from tests.fakes.github.hub import TOKEN
from tests.fakes.github.models import Pull

pytestmark = pytest.mark.slow

SECRET = "hush-hush-0123456789"
ON_GITHUB = PROJECT + "  repository: {forge: github}\n"
Found = TypeVar("Found")


@dataclass
class Watch:
    """A daemon in a process of its own that looks by itself once a day."""

    place: Place
    host: Hosting
    process: "subprocess.Popen[bytes]"
    log: Path

    def until(self, holds: Callable[[], Found], *, within: float = 60) -> Found:
        deadline = time.monotonic() + within
        while not (found := holds()):
            assert time.monotonic() < deadline, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        return found

    @property
    def hook(self) -> str:
        """Where it takes webhooks."""
        found = re.search(r"http://\S+/webhooks/push", self.log.read_text())
        return found[0] if found else ""

    def record(self, run: str) -> dict[str, Any]:
        """Return what is on record of a run; empty where nothing is."""
        folder = self.host.repo.depot.folder
        told = ["git", "-C", str(folder), "ls-tree", "-r", "--name-only", "courier/state", "runs/"]
        listed = subprocess.run(told, capture_output=True, text=True, check=False).stdout
        places = [path for path in listed.split() if path.endswith(f"/{run}/run.json")]
        return json.loads(git("show", f"courier/state:{places[0]}", cwd=folder)) if places else {}

    def at_rest(self) -> int:
        """Return how often GitHub was asked, once nobody has asked for a while."""
        asked = -1
        while asked != len(self.host.hub.requests):
            asked = len(self.host.hub.requests)
            time.sleep(1)
        return asked


@contextmanager
def watching(place: Place, host: Hosting) -> Iterator[Watch]:
    git("remote", "set-url", "origin", host.remote, cwd=place.root)
    environment = {
        **GIT_ENV,
        "PATH": os.environ["PATH"],
        "COURIER_HOME": str(place.folder / "state"),
        "COURIER_ALLOW_PLAIN": "1",
        "COURIER_WEBHOOK_SECRET": SECRET,
        "GITHUB_TOKEN": TOKEN,
    }
    command = [sys.executable, "-m", "courier", "daemon"]
    command += ["--interval", "1d", "--listen", "127.0.0.1:0"]
    log = place.folder / "daemon.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command, cwd=place.root, env=environment, stdout=out, stderr=out
        ) as process,
    ):
        try:
            yield Watch(place, host, process, log)
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()


@pytest.fixture
def here(place: Place, tmp_path: Path) -> Iterator[Watch]:
    """Have a daemon look after a repository on GitHub, where its webhook is set up."""
    place.publish({".courier/project.yaml": ON_GITHUB, ".courier/runs/one.yaml": asked("one")})
    with (
        hosting(tmp_path / "github", tmp_path / "origin.git") as host,
        watching(place, host) as watch,
    ):
        host.hub.hook_secret = SECRET.encode()
        host.hub.hook = Deliveries(watch.until(lambda: watch.hook))
        yield watch


def test_what_github_tells_is_on_record_at_once_and_what_others_tell_is_not_heard(
    here: Watch,
) -> None:
    here.until(lambda: here.record("one").get("phase") == "completed")
    pull = here.host.repo.pulls[here.record("one")["pullRequest"]["number"]]
    assert here.record("one")["pullRequest"]["status"] == "created"
    here.at_rest()

    here.host.repo.check(pull.sha, "tests", "failure")
    here.until(lambda: here.record("one")["ciChecks"]["overall"] == "failure", within=12)

    others_are_refused(here, pull)

    here.host.repo.end(pull, by="ada")
    here.until(lambda: here.record("one")["pullRequest"]["status"] == "closed", within=12)
    assert here.record("one")["pullRequest"]["decidedBy"] == "ada"


def others_are_refused(here: Watch, pull: Pull) -> None:
    """Hold that events somebody else signed, or nobody, are told so and make nobody look."""
    asked = here.at_rest()
    hub, honest = here.host.hub, here.host.hub.hook
    hub.hook = strange = Deliveries(here.hook)
    hub.hook_secret = b"somebody else's"
    here.host.repo.end(pull, by="mallory")
    here.until(lambda: strange.answers)
    assert strange.answers == [401]
    told = json.dumps({"repository": {"clone_url": here.host.remote}}).encode()
    assert posted(here.hook, {"x-github-event": "pull_request"}, told) == 401
    assert here.at_rest() == asked
    assert here.record("one")["pullRequest"]["status"] == "created"
    hub.hook, hub.hook_secret = honest, SECRET.encode()
