"""Backups as docs/operations.md tells to make them, and what is left when there is none."""

import json
import shutil
import subprocess

import pytest

from courier.sandboxd.launcher import stop
from tests.cli.place import SLOW, Place, asked
from tests.cli.program import Said, courier
from tests.cli.test_operations import Operated, operated
from tests.contracts.scratch import git

pytestmark = pytest.mark.slow

WAITING = SLOW.replace("name: slow", "name: waiting").replace("sleep 30; ", "sleep 6; ")


def begin(place: Place) -> None:
    """Have one run ended and another at work when the daemon stops."""
    place.publish({".courier/runs/done.yaml": asked("done")})
    with operated(place) as daemon:
        daemon.until(lambda: daemon.settled() == 1)
        place.publish(
            {
                ".courier/waiting.yaml": WAITING,
                ".courier/runs/flying.yaml": asked("flying", "waiting"),
            }
        )
        daemon.until(lambda: "work-1.1" in place.courier("get", "runs", "flying").out)


def lose_machine(place: Place) -> None:
    stop(place.folder / "state" / "sandboxd", kill_sandboxes=True)
    shutil.rmtree(place.folder / "state")


def until_both_ended(daemon: Operated) -> None:
    daemon.until(lambda: daemon.settled() == 2)


def proposals(place: Place) -> list[str]:
    git("fetch", "-q", "origin", "courier/state", cwd=place.root)
    names = git("ls-tree", "-r", "--name-only", "FETCH_HEAD", "proposals", cwd=place.root)
    found = [git("show", f"FETCH_HEAD:{name}", cwd=place.root) for name in names.splitlines()]
    return sorted(json.loads(text)["branch"] for text in found)


def test_a_state_folder_that_was_saved_goes_on_where_it_is_restored(place: Place) -> None:
    begin(place)
    archive = place.folder / "courier.tar"
    state = str(place.folder / "state")
    subprocess.run(["tar", "-C", state, "-cf", archive, "repositories"], check=True)
    lose_machine(place)
    (place.folder / "state").mkdir()
    subprocess.run(["tar", "-C", state, "-xf", archive], check=True)
    known = place.courier("get", "runs", "flying").out
    assert "work-1.1" in known, "the journal knows it to be at work"
    with operated(place) as daemon:
        until_both_ended(daemon)
    assert "completed" in place.courier("get", "runs", "flying").out
    assert proposals(place) == ["courier/done", "courier/flying"]


def test_with_everything_lost_but_git_records_are_there(place: Place) -> None:
    begin(place)
    lose_machine(place)
    elsewhere = place.folder / "elsewhere" / "clone"
    elsewhere.parent.mkdir()
    git("clone", "-q", str(place.folder / "origin.git"), str(elsewhere), cwd=place.folder)

    def there(*argv: str) -> Said:
        return courier(*argv, cwd=elsewhere, COURIER_ALLOW_PLAIN="1")

    assert "completed" in there("get", "runs", "done").out
    assert "Hello from the sandbox." in there("logs", "done").out
    assert "done" in there("usage").out + there("describe", "run/done").out
    assert "courier/done" in there("pr", "show", "1").out
    held = there("plan").out
    assert "its journal was lost" in held
    assert "give the run a new name" in held
    folder = elsewhere / ".courier/runs"
    (folder / "flying.yaml").unlink()
    (folder / "again.yaml").write_text(asked("again", "waiting"))
    for words in (["add", "-A"], ["commit", "-qm", "Again"], ["push", "-q"]):
        git(*words, cwd=elsewhere)
    try:
        assert there("apply").code == 0
    finally:
        stop(place.folder / "elsewhere" / "state" / "sandboxd", kill_sandboxes=True)
    assert "completed" in there("get", "runs", "again").out
    assert proposals(place) == ["courier/again", "courier/done"]
