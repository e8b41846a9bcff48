"""Sitting down in a sandbox at a real terminal, and everything around it, as a person types it."""

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path

import pytest

from courier.sandboxd.launcher import stop
from tests.contracts.scratch import GIT_ENV, git, put

pytestmark = pytest.mark.slow

PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  agent: shell
  git: {name: courier, email: courier@example.com}
"""
PATIENCE = 300.0
"""Seconds a command may take on a machine that has much else to do."""

PROMPT = re.compile(rb"\$ ")


class Chair:
    """A repository without a daemon, and a person's commands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "repo"
        self.started: list[subprocess.Popen[bytes]] = []
        self.root.mkdir()
        git("init", "-q", "-b", "main", cwd=self.root)
        put(self.root, {".courier/project.yaml": PROJECT, "README.md": "Hello.\n"})
        git("add", "-A", cwd=self.root)
        git("commit", "-q", "-m", "First", cwd=self.root)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **GIT_ENV,
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "COURIER_HOME": str(self.folder / "state"),
            "COURIER_ALLOW_PLAIN": "1",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
        }

    def run(self, *argv: str, typed: str = "", code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "courier", "sandbox", *argv],
            cwd=self.root,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == code, (argv, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def show(self, name: str) -> dict[str, object]:
        item: dict[str, object] = json.loads(self.run("show", name, "-o", "json"))["item"]
        return item


@pytest.fixture
def chair(tmp_path: Path) -> Iterator[Chair]:
    found = Chair(tmp_path)
    try:
        yield found
    finally:
        for process in found.started:
            process.kill()
            process.wait()
        stop(tmp_path / "state" / "sandboxd", kill_sandboxes=True)


class Tty:
    """A real terminal with `courier sandbox attach` in it."""

    def __init__(self, chair: Chair, *argv: str, rows: int = 33, columns: int = 99) -> None:
        self.master, self.slave = pty.openpty()
        self.size(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "courier", "sandbox", "attach", *argv],
            cwd=chair.root,
            env=chair.environment,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
        )
        chair.started.append(self.process)

    def size(self, rows: int, columns: int) -> None:
        ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def until(self, pattern: bytes, *, within: float = PATIENCE) -> None:
        last = time.monotonic() + within
        while not re.search(pattern, self.seen, re.DOTALL):
            assert time.monotonic() < last, self.seen.decode("utf-8", "replace")
            self.read(0.1)

    def read(self, seconds: float) -> None:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            self.seen += os.read(self.master, 65536)

    def end(self) -> int:
        """Return the exit code, the terminal as it was before."""
        last = time.monotonic() + PATIENCE
        while (code := self.process.poll()) is None:
            assert time.monotonic() < last, self.seen.decode("utf-8", "replace")
            self.read(0.1)
        assert termios.tcgetattr(self.slave) == self.before
        os.close(self.master)
        os.close(self.slave)
        return code


def test_a_person_sits_down_at_a_terminal_and_leaves_it_as_it_was(chair: Chair) -> None:
    assert "sandbox/desk is running." in chair.run("create", "desk")
    seat = Tty(chair, "desk")
    seat.until(rb"Ctrl-\] leaves")
    seat.until(PROMPT.pattern)
    seat.type("stty size; echo $TERM; pwd; echo typed > typed\r")
    seat.until(rb"33 99\r\n")
    seat.until(rb"xterm\r\n")
    seat.until(rb"/repo\r\n")
    seat.size(44, 122)
    os.kill(seat.process.pid, signal.SIGWINCH)
    time.sleep(0.5)
    seat.type("stty size\r")
    seat.until(rb"44 122\r\n")
    seat.type("sleep 300\r")
    time.sleep(0.5)
    seat.type("\x03")
    seat.type("echo rc=$?\r")
    seat.until(rb"rc=130\r\n")
    seat.type("\x1d")
    seat.until(rb"Left sandbox desk")
    assert seat.end() == 0
    again = Tty(chair, "desk")
    again.until(PROMPT.pattern)
    again.type("cat typed; exit 5\r")
    again.until(rb"typed\r\n.*logout")
    assert again.end() == 5
    assert "its work is on courier/desk" in chair.run("kill", "desk")
    assert git("show", "courier/desk:typed", cwd=chair.root) == "typed"


def test_what_is_piped_in_is_typed_and_the_shell_s_code_is_ours(chair: Chair) -> None:
    chair.run("create", "desk")
    said = chair.run("attach", "desk", typed="echo piped > p; tty\nexit 9\n", code=9)
    assert "/dev/pts/" in said
    assert chair.run("attach", "desk", typed="cat p\n").count("piped") == 1


def test_a_terminal_ends_with_its_sandbox_and_says_why(chair: Chair) -> None:
    chair.run("create", "desk")
    seat = Tty(chair, "desk")
    seat.until(PROMPT.pattern)
    assert "is paused" in chair.run("pause", "desk")
    seat.until(rb"Sandbox desk is paused")
    assert seat.end() == 1
    refused = chair.run("attach", "desk", code=1)
    assert "courier sandbox resume desk" in refused


def test_a_conversation_is_shown_and_typed_lines_are_messages(chair: Chair) -> None:
    chair.run("create", "desk", "--prompt", "echo first")
    said = chair.run("attach", "desk", "--agent", typed="echo second\n\nfalse\n", code=1)
    for line in ("> echo first", "> echo second", "    second", "✗ CommandFailed"):
        assert line in said
    told = chair.run("attach", "desk", "--agent", "-o", "json", typed="echo third\n")
    events = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert [one["answer"] for one in events if one["event"] == "answered"][-1] == "third"
    assert {one["event"] for one in events} == {"asked", "spoke", "answered", "turned"}


def test_a_whole_life_by_commands_without_a_daemon(chair: Chair) -> None:
    said = chair.run("create", "desk", "--prompt", "echo one | tee f", "--timeout", "1h")
    assert "✓ answered" in said
    assert "    two" in chair.run("send", "desk", "echo two | tee -a f")
    assert "✗ CommandFailed" in chair.run("send", "desk", "exit 3", code=1)
    assert "is paused already" not in chair.run("pause", "desk")
    assert "is paused already" in chair.run("pause", "desk")
    assert "left" in chair.run("send", "desk", "echo three", "--no-wait")
    assert chair.show("desk")["state"] == "paused"
    chair.run("resume", "desk")
    assert "    four" in chair.run("send", "desk", "echo four")
    url = chair.run("port", "desk", "8000").strip()
    assert re.fullmatch(r"http://8000-[a-z0-9]+\.localhost:\d+", url)
    listed = chair.run("list")
    assert "Active: demo 1." in listed
    assert re.search(r"desk +shell +running +Idle +5", listed)
    assert "pull request #1" in chair.run("kill", "desk", "--reason", "enough")
    assert git("show", "courier/desk:f", cwd=chair.root) == "one\ntwo"
    messages = chair.show("desk")["messages"]
    assert isinstance(messages, list)
    assert [one["content"] for one in messages if one["role"] == "user"][3] == "echo three"
    assert "is gone" in chair.run("kill", "desk", code=1)


def test_deleted_restored_and_purged(chair: Chair) -> None:
    chair.run("create", "desk")
    chair.run("delete", "desk")
    assert chair.show("desk")["state"] == "killed"
    assert "desk" not in chair.run("list")
    assert "deleted" in chair.run("list", "--all")
    chair.run("restore", "desk")
    assert "killed" in chair.run("list")
    assert "is not deleted" in chair.run("purge", "desk", "--yes", code=1)
    chair.run("delete", "desk")
    assert "still there" in chair.run("purge", "desk", "--yes", code=1)
    git("rm", "-q", ".courier/sandboxes/desk.yaml", cwd=chair.root)
    git("commit", "-q", "-m", "Remove it", cwd=chair.root)
    assert "--yes" in chair.run("purge", "desk", code=2)
    chair.run("purge", "desk", "--yes")
    assert "There is no sandbox desk" in chair.run("show", "desk", code=1)
    assert "is running" in chair.run("create", "desk"), "a purged name is free again"
    chair.run("kill", "desk")
