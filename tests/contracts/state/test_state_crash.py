"""Writers that are killed, writers side by side, and a human working in the same repository."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.contracts.scratch import Scratch, git

WRITER = Path(__file__).with_name("writer.py")
ROOT = Path(__file__).parents[3]


def start(
    scratch: Scratch, name: str, *, folder: str, span: tuple[int, int], remote: Path | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            str(WRITER),
            str(scratch.folder / folder),
            str(remote or scratch.origin),
            name,
            str(span[0]),
            str(span[1]),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )


def finish(*writers: subprocess.Popen[str]) -> set[str]:
    """Wait for writers to end well; return what they were answered."""
    answered: set[str] = set()
    for writer in writers:
        out, err = writer.communicate(timeout=120)
        assert writer.returncode == 0, err
        answered |= set(out.split())
    return answered


def keys(repository: Path) -> list[str]:
    """Return the keys on record, checking that the files agree with the lines."""
    lines = git("show", "courier/state:usage/all.jsonl", cwd=repository).splitlines()
    found = [json.loads(line)["key"] for line in lines]
    listed = git("ls-tree", "-r", "--name-only", "courier/state", "runs", cwd=repository)
    assert sorted(f"runs/{key.replace('-', '/')}/run.json" for key in found) == sorted(
        listed.splitlines()
    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False], ids=["one mirror", "mirrors of their own"])
def test_processes_side_by_side_lose_nothing(scratch: Scratch, shared: bool) -> None:
    writers = [
        start(scratch, f"w{n}", folder="courier" if shared else f"courier{n}", span=(0, 15))
        for n in range(4)
    ]
    answered = finish(*writers)
    assert len(answered) == 60
    found = keys(scratch.origin)
    assert sorted(found) == sorted(answered)
    assert git("fsck", "--full", "--strict", "--no-dangling", cwd=scratch.origin) == ""


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_loses_nothing_it_was_answered(scratch: Scratch) -> None:
    dice = random.Random(7)
    answered: set[str] = set()
    for round_ in range(40):
        writer = start(scratch, f"k{round_}", folder="courier", span=(0, 10_000))
        assert writer.stdout is not None
        seconds = 0.3 + dice.random() * 0.25
        if round_ % 2:
            # However slow a machine starts programs, in half of the rounds some of it is answered.
            answered |= {line.strip() for line in [writer.stdout.readline()] if line}
            seconds = dice.random() * 0.25
        timer = threading.Timer(seconds, writer.send_signal, [signal.SIGKILL])
        timer.start()
        answered |= {line.strip() for line in writer.stdout if line.endswith("\n")}
        timer.cancel()
        writer.kill()
        writer.communicate()
    assert len(answered) >= 20
    answered |= finish(start(scratch, "last", folder="courier", span=(0, 3)))
    found = keys(scratch.origin)
    assert len(found) == len(set(found))
    assert answered <= set(found)
    assert git("fsck", "--full", "--strict", "--no-dangling", cwd=scratch.origin) == ""
    mirror = scratch.folder / "courier" / "mirror.git"
    assert list(mirror.rglob("*.lock")) == []
    assert [path for path in (mirror / "objects").rglob("tmp_*")] == []
    assert git("fsck", "--connectivity-only", cwd=mirror) is not None


@pytest.mark.slow
def test_a_human_who_holds_locks_and_collects_garbage_is_not_in_the_way(scratch: Scratch) -> None:
    """The remote is the human's own repository, with everything in it changing."""
    (scratch.human / ".git" / "index.lock").write_text("")
    writer = start(scratch, "w", folder="courier", span=(0, 25), remote=scratch.human)
    while writer.poll() is None:
        git("gc", "-q", "--prune=now", cwd=scratch.human)
    assert len(finish(writer)) == 25
    assert len(keys(scratch.human)) == 25
    assert git("fsck", "--full", "--strict", "--no-dangling", cwd=scratch.human) == ""
    (scratch.human / ".git" / "index.lock").unlink()
    assert git("status", "--porcelain", cwd=scratch.human) == ""


@pytest.mark.slow
def test_a_human_pushing_beside_is_never_rejected(scratch: Scratch) -> None:
    writers = [start(scratch, f"w{n}", folder="courier", span=(0, 15)) for n in range(2)]
    for number in range(15):
        scratch.commit({"README.md": f"{number}\n"}, f"Human {number}")
        scratch.push()
    assert len(finish(*writers)) == 30
    assert git("log", "-1", "--format=%s", "main", cwd=scratch.origin) == "Human 14"
    assert len(keys(scratch.origin)) == 30
