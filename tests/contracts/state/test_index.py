"""The index tells what the records tell, whatever happened to its file in between."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from courier.errors import NotFound
from courier.planning.observed.observed import fold
from courier.planning.observed.record import read_record
from courier.ports.index import RunQuery
from courier.ports.state import Change, DeleteFile, WriteFile
from courier.runs.records.statistics import figures_of
from courier.storage.index import Index
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock
from tests.bench.past import write_past
from tests.contracts.scratch import Scratch, git

CHILD = Path(__file__).with_name("index_child.py")
ROOT = Path(__file__).parents[3]
START = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture
async def index(state: StateBranch, scratch: Scratch) -> AsyncIterator[Index]:
    made = Index(state, scratch.folder / "index", SystemClock())
    yield made
    made.close()


def told(run: str, at: datetime = START, **changes: Any) -> WriteFile:
    """Return the change that records a run."""
    value = {
        "run": run,
        "phase": "completed",
        "startedAt": at.isoformat(),
        "endedAt": (at + timedelta(minutes=3)).isoformat(),
        "workflow": "fix",
        "project": "demo",
        **changes,
    }
    return WriteFile(f"runs/{at:%Y/%m/%d}/{run}/run.json", json.dumps(value).encode())


def seen(index: Index, **wanted: Any) -> list[str]:
    return [one.observed.run for one in index.page(RunQuery(**wanted))]


async def test_an_empty_repository_has_an_empty_index(index: Index) -> None:
    await index.follow()
    assert seen(index) == []
    assert dict(index.observed().runs) == {}
    with pytest.raises(NotFound):
        index.page(RunQuery(after="nobody"))
    assert [*index.figures(RunQuery())] == []


async def test_pages_go_on_where_the_last_ended_while_runs_come(
    index: Index, state: StateBranch
) -> None:
    runs = [told(f"r{n}", START + timedelta(hours=n // 2)) for n in range(9)]
    await state.write(runs, message="Runs")
    await index.follow()
    first = seen(index, limit=4)
    assert first == ["r8", "r7", "r6", "r5"]
    late = [
        told("late", START + timedelta(days=1)),
        told("r4", START + timedelta(hours=2), phase="failed"),
    ]
    await state.write(late, message="More")
    await index.follow()
    assert seen(index, limit=4, after=first[-1]) == ["r4", "r3", "r2", "r1"]
    assert seen(index, phase="failed") == ["r4"]
    assert seen(index, since=START + timedelta(hours=4)) == ["late", "r8"]
    figures = index.figures(RunQuery(since=START + timedelta(hours=4)))
    assert [each["run"] for each in figures] == ["late", "r8"]


async def test_what_is_told_stays_what_the_records_tell(index: Index, state: StateBranch) -> None:
    dice = random.Random(11)
    kept: dict[str, bytes] = {}
    for _ in range(25):
        changes = _some_changes(dice, kept)
        await state.write(changes, message="Some")
        for change in changes:
            if isinstance(change, WriteFile):
                kept[change.path] = change.content
            else:
                kept.pop(change.path, None)
        await index.follow()
        _check(index, kept)


def _some_changes(dice: random.Random, kept: Mapping[str, bytes]) -> list[Change]:
    changes: list[Change] = []
    for _ in range(dice.randint(1, 4)):
        number = dice.randint(0, 20)
        at = START + timedelta(hours=7 * number)
        path = told(f"r{number}", at).path
        match dice.randint(0, 6):
            case 0:
                changes.append(DeleteFile(path))
            case 1:
                changes.append(WriteFile(path, b"{"))
            case 2:
                pull = {"number": number + 1, "status": dice.choice(["created", "merged"])}
                changes.append(told(f"r{number}", at, pullRequest=pull))
            case _:
                phase = dice.choice(["running", "completed", "failed"])
                usage = {"inputTokens": dice.randint(0, 9), "costUsd": f"0.{dice.randint(0, 9)}"}
                workflow = dice.choice(["fix", "docs"])
                changes.append(told(f"r{number}", at, phase=phase, usage=usage, workflow=workflow))
    return list({change.path: change for change in changes}.values())


def _check(index: Index, kept: Mapping[str, bytes]) -> None:
    records = {path.split("/")[-2]: content for path, content in kept.items()}
    expected = fold(read_record(run, content) for run, content in records.items())
    told_now = index.observed()
    assert dict(told_now.runs) == dict(expected.runs)
    assert told_now.total == expected.total
    assert dict(told_now.history) == dict(expected.history)
    proposed = {one.observed.run for one in index.proposed()}
    assert proposed == {run for run, one in expected.runs.items() if one.is_proposed}
    assert sorted(seen(index)) == sorted(records)
    page = index.page(RunQuery())
    assert {one.place for one in page} == set(kept)
    assert [*index.figures(RunQuery())] == [_figures(kept[one.place]) for one in page]


def _figures(content: bytes) -> Mapping[str, Any]:
    return figures_of({} if content == b"{" else json.loads(content))


async def test_a_deleted_index_is_made_again(
    index: Index, state: StateBranch, scratch: Scratch
) -> None:
    await state.write([told("one")], message="One")
    await index.follow()
    for path in (scratch.folder / "index").iterdir():
        path.unlink()
    await index.follow()
    assert seen(index) == ["one"]


@pytest.mark.parametrize("size", [20, 4096 * 3])
async def test_a_damaged_index_is_made_again(
    state: StateBranch, scratch: Scratch, size: int
) -> None:
    await state.write([told(f"r{n}") for n in range(200)], message="Many")
    folder = scratch.folder / "index"
    first = Index(state, folder, SystemClock())
    await first.follow()
    first.close()
    (path,) = folder.glob("runs-*.db")
    content = path.read_bytes()
    path.write_bytes(b"\xff" * size + content[size:])
    await state.write([told("after")], message="After")
    again = Index(state, folder, SystemClock())
    await again.follow()
    assert len(seen(again)) == 201
    again.close()


async def test_what_another_process_took_in_is_not_taken_from_memory(
    index: Index, state: StateBranch, scratch: Scratch, mirror: Mirror
) -> None:
    await state.write([told("one", phase="running")], message="One")
    await index.follow()
    runs = index.observed().runs
    assert (runs["one"].phase, runs.get("two")) == ("running", None)
    await state.write([told("one"), told("two")], message="Two")
    other = Index(StateBranch(mirror), scratch.folder / "index", SystemClock())
    await other.follow()
    other.close()
    await index.follow()
    assert (runs["one"].phase, runs["two"].phase) == ("completed", "completed")


async def test_a_record_that_says_nothing_stands_where_its_folder_says(
    index: Index, state: StateBranch
) -> None:
    await state.write(
        [
            WriteFile("runs/2026/11/02/odd/run.json", b"[]"),
            WriteFile("runs/2026/11/02/odd/steps/01-x/output.md", b"x"),
            WriteFile("runs/odd-place/run.json", b'{"phase": 7, "steps": 3, "usage": []}'),
        ],
        message="Odd",
    )
    await index.follow()
    assert [(one.observed.run, one.started_at.year) for one in index.page(RunQuery())] == [
        ("odd", 2026),
        ("odd-place", 1970),
    ]


@pytest.mark.parametrize("after", [None, "r3"])
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"phase": "completed"},
        {"project": "demo"},
        {"workflow": "fix"},
        {"workflow": "fix", "phase": "failed"},
        {"project": "demo", "phase": "failed"},
        {"since": START},
    ],
)
async def test_a_page_is_read_in_order_from_where_it_begins(
    index: Index, state: StateBranch, wanted: dict[str, Any], after: str | None
) -> None:
    await state.write([told(f"r{n}") for n in range(6)], message="Runs")
    await index.follow()
    asked: list[str] = []
    index._linked().set_trace_callback(asked.append)
    index.page(RunQuery(limit=2, after=after, **wanted))
    query = next(each for each in asked if "ORDER BY" in each)
    (line,) = index._linked().execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    assert "USING INDEX by_" in line[3]
    assert "TEMP" not in line[3]


@pytest.mark.slow
def test_processes_killed_while_they_take_in_leave_it_whole(
    scratch: Scratch,
) -> None:
    dice = random.Random(5)
    git("init", "-q", "--bare", "-b", "main", str(scratch.folder / "past.git"), cwd=scratch.folder)
    origin = scratch.folder / "past.git"
    folder = scratch.folder / "shared"
    for round_ in range(12):
        write_past(origin, 300 * (round_ + 1), start=300 * round_)
        children = [start(folder, origin) for _ in range(3)]
        timers = [threading.Timer(0.35 + dice.random() * 0.5, child.kill) for child in children]
        for timer in timers:
            timer.start()
        for child, timer in zip(children, timers, strict=True):
            child.communicate()
            timer.cancel()
            assert child.returncode in (-9, 0)
    last = start(folder, origin, "once")
    out, err = last.communicate(timeout=60)
    assert (last.returncode, out.strip()) == (0, "3600"), err
    (path,) = (folder / "index").glob("runs-*.db")
    link = sqlite3.connect(path)
    assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    link.close()


def start(folder: Path, origin: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(folder), str(origin), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
