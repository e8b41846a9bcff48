"""Chaos: a team's daemons, workers, sandbox server, database and links fail at random."""

import os
import random
import time
from pathlib import Path

import pytest

from courier.sandboxd import launcher
from tests.cli.crew import Crew, crew, ended
from tests.contracts.scratch import git, put
from tests.engine.kills.invariants import problems_of
from tests.engine.kills.runs import CHECK, DESIGN
from tests.fakes.postgres import serving

RUNS = int(os.environ.get("CHAOS_RUNS", "16"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
SECONDS = 60 + 6 * RUNS
"""How long all runs may take altogether."""

PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  git: {name: courier, email: courier@example.com}
  concurrency: {runs: 6, sandboxes: 12, openPullRequests: 10000}
"""
WORKFLOW = f"""\
apiVersion: courier/v1
kind: Workflow
metadata: {{name: fix}}
spec:
  type: designerChecker
  steps:
    - name: design
      type: designer
      agent: shell
      run: |
        {DESIGN.strip().replace(chr(10), chr(10) + "        ")}
        echo "$COURIER_RUN" > run  # Equal work is proposed once.
    - name: check
      type: checker
      agent: shell
      run: |
        {CHECK.strip().replace(chr(10), chr(10) + "        ")}
"""


def asked(name: str) -> str:
    return (
        f"apiVersion: courier/v1\nkind: Run\nmetadata: {{name: {name}}}\n"
        "spec: {workflow: fix, prompt: Fix the value.}\n"
    )


def repository(folder: Path, runs: list[str]) -> Path:
    """Make an origin that asks for the runs; return a clone of it."""
    clone = folder / "clone"
    git("init", "-q", "--bare", "-b", "main", str(folder / "origin.git"), cwd=folder)
    git("clone", "-q", str(folder / "origin.git"), str(clone), cwd=folder)
    documents = {"project.yaml": PROJECT, "fix.yaml": WORKFLOW}
    documents |= {f"runs/{run}.yaml": asked(run) for run in runs}
    git("switch", "-q", "-c", "main", cwd=clone)
    put(clone, {f".courier/{name}": text for name, text in documents.items()})
    put(clone, {"value": "none\n", "keep.txt": "keep\n"})
    git("add", "-A", cwd=clone)
    git("commit", "-q", "-m", "Ask", cwd=clone)
    git("push", "-q", "-u", "origin", "main", cwd=clone)
    return clone


def play(team: Crew, dice: random.Random) -> None:
    """Let bad things happen until every run has ended."""
    end = time.monotonic() + SECONDS
    while (done := ended(team.clone))["completed"] + done["failed"] < RUNS:
        assert time.monotonic() < end, (done, team.happened)
        pause = time.monotonic() + dice.uniform(0.5, 4)
        while time.monotonic() < pause:
            team.tend()
            time.sleep(0.1)
        team.torment(dice)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 120)
def test_every_run_ends_exactly_once_whatever_fails(tmp_path: Path) -> None:
    runs, dice = [f"fix-{number:03d}" for number in range(RUNS)], random.Random(SEED)
    clone = repository(tmp_path, runs)
    with serving("max_connections=300") as database, crew(tmp_path, clone, database) as team:
        for role in ("daemon", "daemon", "worker", "worker", "worker"):
            team.hire(role)
        begun = time.monotonic()
        play(team, dice)
        seconds = time.monotonic() - begun
        alive = [hand for hand in team.hands if hand.is_alive]
        assert [hand.dismiss() for hand in alive] == [0] * len(alive)
        found = problems_of(tmp_path, runs, home=next((alive[-1].home / "repositories").iterdir()))
        assert found == [], team.happened
        server = launcher.status(team.sandboxd)
        assert server.sandboxes == 0
        assert sum(team.happened.values()) > RUNS // 3, team.happened
        print(f"{RUNS} runs in {seconds:.0f} s: {dict(team.happened)}")  # noqa: T201 - the figure
