"""The main way through the program, on the real engine and real embedded sandboxes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from courier.sandboxd.launcher import stop
from tests.cli.place import SLOW, WORKFLOW, Place, asked
from tests.cli.program import courier
from tests.contracts.scratch import GIT_ENV, git, put

pytestmark = pytest.mark.slow


def test_asked_planned_applied_merged(place: Place) -> None:
    place.publish({".courier/runs/hello.yaml": asked("hello")})
    assert place.courier("plan", "--out", "today.plan", "--detailed-exitcode").code == 2
    said = place.courier("apply", "today.plan")
    assert (said.code, said.err) == (0, "")
    assert "│ Hello from the sandbox.\n" in said.out
    assert "✓ work 1       changed hello.txt" in said.out
    assert "✓ pull request #1: courier/hello → main" in said.out

    stale = place.courier("apply", "today.plan")
    assert stale.code == 1
    assert "Error: The plan no longer fits.\n  Since it was saved: runs" in stale.err
    again = place.courier("apply")
    assert again.out == "Plan: 0 to start, 0 in flight, 1 settled, 0 held.\n"

    assert "+Hello from the sandbox." in place.courier("pr", "diff", "1").out
    assert place.courier("pr", "merge", "1").out.startswith("Merged #1 into main as ")
    assert "+Hello from the sandbox." in place.courier("pr", "diff", "1").out
    assert "#1 merged" in place.courier("pr", "show", "1").out.replace("Status:      ", "#1 ")
    assert "Hana <hana@example.org>" in place.courier("pr", "show", "1").out
    assert "> hello  published  merged" in place.courier("apply").out
    refused = place.courier("pr", "close", "1")
    assert (refused.code, refused.out) == (1, "")


def test_run_now_commits_that_file_only_and_waits(place: Place) -> None:
    put(place.root, {"mine.txt": "Not to be committed.\n"})
    git("add", "mine.txt", cwd=place.root)
    said = place.courier("run", "now", "-w", "write", "-p", "Say hello.", "--now")
    assert said.code == 0
    assert "✓ completed" in said.out
    changed = git("show", "--name-only", "--format=%an %s", "origin/main", cwd=place.root)
    assert changed.split("\n") == ["Hana Ask for run now", "", ".courier/runs/now.yaml"]
    assert git("diff", "--cached", "--name-only", cwd=place.root) == "mine.txt"


def test_run_now_pushes_nothing_else_along(place: Place) -> None:
    git("commit", "-q", "--allow-empty", "-m", "Mine", cwd=place.root)
    put(place.root, {"mine.txt": "x"})
    git("add", "mine.txt", cwd=place.root)
    git("commit", "-q", "-m", "Mine too", cwd=place.root)
    said = place.courier("run", "now", "-w", "write", "-p", "Say hello.", "--now")
    assert said.code == 1
    assert "pushed along" in said.err
    assert not (place.root / ".courier/runs/now.yaml").exists()
    git("switch", "-q", "-c", "elsewhere", cwd=place.root)
    said = place.courier("run", "now", "-w", "write", "-p", "Say hello.", "--now")
    assert said.code == 2
    assert "You are on elsewhere" in said.err


def test_what_is_not_pushed_is_said(place: Place) -> None:
    put(place.root, {".courier/runs/hello.yaml": asked("hello")})
    git("add", "-A", cwd=place.root)
    git("commit", "-q", "-m", "Ask", cwd=place.root)
    said = place.courier("apply")
    assert said.out == "Plan: 0 to start, 0 in flight, 0 settled, 0 held.\n"
    assert "1 commit not on main" in said.err
    assert "git push origin main" in said.err


def test_events_as_json_carry_a_version(place: Place) -> None:
    place.publish({".courier/runs/hello.yaml": asked("hello")})
    events = [json.loads(line) for line in place.courier("apply", "-o", "json").out.splitlines()]
    assert {event["formatVersion"] for event in events} == {1}
    names = [event["event"] for event in events]
    assert names == ["began", "stepBegan", "spoke", "stepEnded", "handed", "ended"]
    assert events[-1]["phase"] == "completed"


def test_a_failed_run_is_exit_code_one(place: Place) -> None:
    broken = WORKFLOW.replace("echo", "exit 3; echo").replace("name: write", "name: broken")
    place.publish(
        {".courier/broken.yaml": broken, ".courier/runs/b.yaml": asked("b", workflow="broken")}
    )
    said = place.courier("apply")
    assert said.code == 1
    assert "✗ failed       CommandFailed" in said.out


def test_daemon_takes_over_cancels_and_leaves(place: Place) -> None:
    place.publish({".courier/runs/long.yaml": asked("long", workflow="slow")})
    waiting = place.courier("apply", "--no-wait")
    assert "+ long  started" in waiting.out
    assert "Nothing runs here yet" in waiting.err
    environment = {
        **GIT_ENV,
        "PATH": os.environ["PATH"],
        "COURIER_HOME": str(place.folder / "state"),
        "COURIER_ALLOW_PLAIN": "1",
    }
    command = [sys.executable, "-m", "courier", "daemon"]
    with subprocess.Popen(
        command, cwd=place.root, env=environment, stderr=subprocess.PIPE, text=True
    ) as daemon:
        try:
            wait_for(place, "work-1.1")
            second = place.courier("daemon")
            assert (second.code, f"Process {daemon.pid}, folder" in second.err) == (1, True)
            assert "Phase:         running (work-1.1)" in place.courier("describe", "run/long").out
            said = place.courier("cancel", "long", "--reason", "no need")
            assert said.out == "long is being cancelled.\n"
            wait_for(place, "Cancelled")
        finally:
            daemon.send_signal(signal.SIGTERM)
            _, err = daemon.communicate(timeout=30)
    assert daemon.returncode == 0
    assert "Stopped." in err
    assert "Traceback" not in err


def wait_for(place: Place, text: str) -> None:
    deadline = time.monotonic() + 30
    while text not in (out := place.courier("get", "runs").out):
        assert time.monotonic() < deadline, out
        time.sleep(0.2)


def test_interrupted_apply_leaves_the_agent_and_the_next_goes_on(place: Place) -> None:
    quick = SLOW.replace("sleep 30", "sleep 4").replace("name: slow", "name: quick")
    place.publish(
        {".courier/quick.yaml": quick, ".courier/runs/q.yaml": asked("q", workflow="quick")}
    )
    environment = {
        **GIT_ENV,
        "PATH": os.environ["PATH"],
        "COURIER_HOME": str(place.folder / "state"),
        "COURIER_ALLOW_PLAIN": "1",
    }
    command = [sys.executable, "-m", "courier", "apply"]
    with subprocess.Popen(
        command, cwd=place.root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as first:
        wait_for(place, "work-1.1")
        time.sleep(1)
        first.send_signal(signal.SIGINT)
        _, err = first.communicate(timeout=30)
    assert first.returncode == 130
    assert b"The agents go on" in err
    said = place.courier("apply")
    assert said.code == 0
    assert "~ q  underway" in said.out
    assert said.out.count("▸ work 1 ") == 1
    assert "✓ pull request #1" in said.out


def test_demo_shows_the_whole_thing(tmp_path: Path) -> None:
    try:
        said = courier("demo", "--dir", "here", cwd=tmp_path, HOME="/nonexistent")
        assert said.code == 0, said.err
        assert "✗ check 1      fail" in said.out
        assert "✓ check 2      pass" in said.out
        assert "✓ pull request #1: courier/fix-slugify → main" in said.out
        assert "+import re" in said.out
        assert said.out.count("Plan: 1 to start") == 2
        assert "Plan: 0 to start, 0 in flight, 1 settled, 0 held." in said.out
        assert "What to type next" in said.out
        taken = courier("demo", "--dir", "here", cwd=tmp_path)
        assert (taken.code, "Give another --dir" in taken.err) == (1, True)
        other = tmp_path / "elsewhere"
        git("clone", "-q", str(tmp_path / "here" / "origin.git"), str(other), cwd=tmp_path)
        told = courier("describe", "run/fix-slugify", cwd=other, COURIER_HOME=str(tmp_path / "x"))
        assert "check 2   shell  pass" in told.out
    finally:
        stop(tmp_path.parent / "state" / "sandboxd", kill_sandboxes=True)


def test_demo_with_claude_says_what_is_missing(tmp_path: Path) -> None:
    said = courier("demo", "--agent", "claude", "--dir", "here", cwd=tmp_path)
    assert said.code == 1
    assert "Claude Code cannot work here." in said.err
    assert not (tmp_path / "here").exists()


def test_runs_that_depend_on_others_follow_in_the_same_apply(place: Place) -> None:
    after = asked("after").replace("prompt: Say hello.", "prompt: Hi, dependsOn: [hello]")
    place.publish({".courier/runs/hello.yaml": asked("hello"), ".courier/runs/after.yaml": after})
    said = place.courier("apply")
    assert said.code == 0, said.err
    assert said.out.index("+ hello  started") < said.out.index("+ after  started")
    assert said.out.count("✓ completed") == 2
