"""Workers on one PostgreSQL under kill -9, SIGSTOP and a database that dies."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from courier.engine.postgres.schema import Database
from courier.engine.postgres.session import Session
from tests.engine.journal_invariants import Aftermath, marks_of
from tests.fakes.postgres import Server, serving

ROOT = Path(__file__).parents[2]
RUNS = int(os.environ.get("POSTGRES_RUNS", "120"))
KILLS = int(os.environ.get("POSTGRES_KILLS", "12"))
SEED = int(os.environ.get("POSTGRES_SEED", "1"))


def read_aftermath(folder: Path, database: Database) -> Aftermath:
    """Read a database after its last worker has gone."""
    session = Session(database.url, name="aftermath", schema=database.schema)
    try:
        runs = session.execute("SELECT seq, id, flow, phase, error FROM runs").fetchall()
        steps = {
            run: session.execute(
                "SELECT name, phase, tries, result, error FROM steps WHERE run = ?"
                " ORDER BY position",
                (seq,),
            ).fetchall()
            for seq, run, *_ in runs
        }
        (left_over,) = session.execute("SELECT count(*) FROM signals").fetchone()
    finally:
        session.close()
    return Aftermath(runs, steps, left_over, "ok", marks_of(folder))


def torment(folder: Path, database: Database, *options: str) -> dict[str, int]:
    where = ["--url", database.url, "--schema", database.schema]
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.postgres_child", str(folder), *where, *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@pytest.mark.slow
def test_killed_and_stopped_workers_lose_double_and_stick_nothing(
    tmp_path: Path, postgres: Server
) -> None:
    database = postgres.database()
    options = ("--runs", str(RUNS), "--kills", str(KILLS), "--seed", str(SEED))
    counts = torment(tmp_path, database, *options)
    aftermath = read_aftermath(tmp_path, database)
    assert counts["kills"] >= KILLS
    assert counts["stops"] > 0
    assert len(aftermath.runs) >= RUNS
    assert aftermath.problems == []


@pytest.mark.slow
def test_a_database_killed_twice_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with serving("max_connections=100") as server:
        database = server.database()

        def kill_it() -> None:
            for _ in range(2):
                time.sleep(2)
                server.kill()
                time.sleep(1)
                server.start()

        killing = threading.Thread(target=kill_it)
        killing.start()
        torment(tmp_path, database, "--runs", "240", "--kills", "4", "--seed", str(SEED))
        killing.join()
        aftermath = read_aftermath(tmp_path, database)
    assert len(aftermath.runs) >= 240
    assert aftermath.problems == []
