"""History made shorter beside those who write: nothing that shall stay is lost."""

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from courier.ports.state import WriteFile
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from tests.contracts.scratch import Scratch, git
from tests.contracts.state.test_state_crash import finish, keys, start

THINNER = Path(__file__).with_name("thinner.py")
ROOT = Path(__file__).parents[3]
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def path(run: str, at: datetime) -> str:
    return f"{at:%Y/%m/%d}/{run}/transcript.jsonl.zst"


async def test_a_month_without_some_files_has_no_history_that_holds_them(
    state: StateBranch, scratch: Scratch
) -> None:
    kept = {path(f"r{n}", BEGIN + timedelta(days=n)): b"said %d\n" % n for n in range(6)}
    for name, content in kept.items():
        await state.keep_transcripts({name: content})
    gone, left = list(kept)[:4], list(kept)[4:]
    assert set(await state.transcripts("2026-01")) == set(kept)
    await state.drop_transcripts("2026-01", gone)
    assert set(await state.transcripts("2026-01")) == set(left)
    assert [await state.read_transcript(name) for name in kept] == [
        *[None] * 4,
        b"said 4\n",
        b"said 5\n",
    ]
    ref = "refs/courier/transcripts/2026-01"
    assert git("rev-list", "--count", ref, cwd=scratch.origin) == "1"
    await state.drop_transcripts("2026-01", gone)
    assert await state.months() == ["2026-01"]
    await state.drop_transcripts("2026-01", left)
    assert await state.months() == []
    await state.drop_transcripts("2026-01", left)
    assert await state.transcripts("2026-01") == {}
    again = path("r9", BEGIN)
    await state.keep_transcripts({again: b"new\n"})
    assert await state.read_transcript(again) == b"new\n"
    assert git("fsck", "--full", "--strict", "--no-dangling", cwd=scratch.origin) == ""


async def test_who_knew_a_month_before_goes_on_behind_what_is_left(
    state: StateBranch, scratch: Scratch, mirror: Mirror
) -> None:
    first, second = path("r1", BEGIN), path("r2", BEGIN)
    await state.keep_transcripts({first: b"1\n", second: b"2\n"})
    other_mirror = await scratch.mirror(folder=scratch.folder / "other").open()
    other = StateBranch(other_mirror)
    assert await other.read_transcript(first) == b"1\n"
    await state.drop_transcripts("2026-01", [first])
    third = path("r3", BEGIN)
    await other.keep_transcripts({third: b"3\n"})
    assert set(await state.transcripts("2026-01")) == {second, third}
    await state.drop_transcripts("2026-01", [second, third])
    await other.keep_transcripts({third: b"3 again\n"})
    assert set(await state.transcripts("2026-01")) == {third}
    await other.close()
    await other_mirror.close()


async def test_compacting_leaves_files_and_later_commits(
    state: StateBranch, scratch: Scratch
) -> None:
    for number in range(3):
        await state.write([WriteFile(f"old/{number}", b"x")], message=f"Old {number}")
    tree = git("rev-parse", "courier/state^{tree}", cwd=scratch.origin)
    await asyncio.sleep(1.1)
    cut = datetime.now(UTC)
    assert await state.compact(cut - timedelta(days=1)) is False
    await state.write([WriteFile("new", b"x")], message="New one")
    before = git("rev-parse", "courier/state", cwd=scratch.origin)
    cut = cut.replace(microsecond=0)
    assert await state.compact(cut) is True
    told = git("log", "--format=%s", "courier/state", cwd=scratch.origin).splitlines()
    assert told == ["New one", f"Compact the history before {_old(scratch, before)} UTC"]
    assert git("rev-parse", "courier/state~1^{tree}", cwd=scratch.origin) == tree
    assert git("diff", before, "courier/state", cwd=scratch.origin) == ""
    assert await state.compact(cut) is False
    changed = await state.changed("old", since=before)
    assert (changed.there, changed.gone) == ((), ())
    await state.write([WriteFile("newer", b"x")], message="Newer")
    assert await state.paths("old") == ["old/0", "old/1", "old/2"]


def _old(scratch: Scratch, tip: str) -> str:
    shown = git("show", "-s", "--format=%ct", f"{tip}~1", cwd=scratch.origin)
    return f"{datetime.fromtimestamp(int(shown), UTC):%Y-%m-%d %H:%M}"


@pytest.mark.slow
async def test_writers_lose_nothing_while_history_is_compacted(
    state: StateBranch, scratch: Scratch
) -> None:
    writers = [start(scratch, f"w{n}", folder=f"courier{n}", span=(0, 40)) for n in range(2)]
    done = asyncio.create_task(asyncio.to_thread(finish, *writers))
    compacted = 0
    while not done.done():
        compacted += await state.compact(datetime.now(UTC) + timedelta(hours=1))
    answered = await done
    assert compacted >= 1
    assert len(answered) == 80
    found = keys(scratch.origin)
    assert sorted(found) == sorted(answered)
    assert await state.compact(datetime.now(UTC) + timedelta(hours=1)) in (True, False)
    assert git("rev-list", "--count", "courier/state", cwd=scratch.origin) == "1"
    assert git("fsck", "--full", "--strict", "--no-dangling", cwd=scratch.origin) == ""


def recorded(run: str, at: datetime, *, phase: str) -> WriteFile:
    value = {
        "run": run,
        "phase": phase,
        "startedAt": at.isoformat(),
        "endedAt": None if phase == "running" else at.isoformat(),
    }
    return WriteFile(f"runs/{at:%Y/%m/%d}/{run}/run.json", json.dumps(value).encode())


@pytest.mark.slow
async def test_a_thinner_killed_at_any_moment_takes_only_what_is_over(
    state: StateBranch, scratch: Scratch
) -> None:
    dice = random.Random(3)
    stays, over = await _fill(state)
    assert 10 < len(over) < 50
    tree = git("rev-parse", "courier/state^{tree}", cwd=scratch.origin)
    kills = 0
    for round_ in range(14):
        child = thin(scratch)
        timer = threading.Timer(0.45 + dice.random() * 0.6, child.kill)
        timer.start()
        late = path(f"late{round_}", BEGIN + timedelta(days=round_))
        await state.keep_transcripts({late: b"late\n"})
        stays[late] = b"late\n"
        await asyncio.to_thread(child.communicate)
        timer.cancel()
        kills += child.returncode == -9
        await _whole(state, stays)
    assert kills >= 3
    last = thin(scratch)
    _, err = await asyncio.to_thread(last.communicate)
    assert last.returncode == 0, err
    await _whole(state, stays)
    left = {name for month in await state.months() for name in await state.transcripts(month)}
    assert left == set(stays)
    assert git("rev-parse", "courier/state^{tree}", cwd=scratch.origin) == tree
    assert git("fsck", "--full", "--strict", "--no-dangling", cwd=scratch.origin) == ""


async def _fill(state: StateBranch) -> tuple[dict[str, bytes], set[str]]:
    """Keep transcripts of half a year; return those that shall stay, and those that may go."""
    over: set[str] = set()
    stays: dict[str, bytes] = {}
    for number in range(60):
        at = BEGIN + timedelta(days=2 * number)
        run, phase = f"r{number}", "running" if number % 5 == 0 else "completed"
        name = path(run, at)
        await state.keep_transcripts({name: name.encode() * 50})
        if number % 7:
            await state.write([recorded(run, at, phase=phase)], message=run)
        if phase == "completed" and number % 7 and at + timedelta(days=90) <= NOW:
            over.add(name)
        else:
            stays[name] = name.encode() * 50
    return stays, over


async def _whole(state: StateBranch, stays: dict[str, bytes]) -> None:
    months = await state.months()
    left = {name for month in months for name in await state.transcripts(month)}
    assert set(stays) <= left
    for name, content in stays.items():
        assert await state.read_transcript(name) == content


def thin(scratch: Scratch) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable,
            str(THINNER),
            str(scratch.folder / "thin"),
            str(scratch.origin),
            NOW.isoformat(),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
