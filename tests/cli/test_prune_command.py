"""`courier prune`: it tells what would go, and then that goes and nothing else."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from courier.ports.state import Change, WriteFile
from courier.runs.records.writeback import record_files, transcript_path
from courier.runs.run.events import RunEnded, RunStarted
from courier.runs.run.run import fold
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock
from tests.cli.program import courier
from tests.contracts.scratch import git, put
from tests.unit.runs.builders import frozen

OLD = datetime(2020, 3, 2, 10, 0, tzinfo=UTC)
PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  git: {name: courier, email: courier@example.com}
  retention: {transcripts: 3650d}
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a repository with one run of long ago, whose transcript is kept."""
    origin, root = tmp_path / "origin.git", tmp_path / "clone"
    git("init", "-q", "--bare", "-b", "main", str(origin), cwd=tmp_path)
    git("clone", "-q", str(origin), str(root), cwd=tmp_path)
    git("switch", "-q", "-c", "main", cwd=root)
    commit(root, PROJECT)
    asyncio.run(write(tmp_path, origin))
    return root


def commit(root: Path, project: str) -> None:
    put(root, {".courier/project.yaml": project})
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "Say", cwd=root)
    git("push", "-q", "origin", "main", cwd=root)


async def write(folder: Path, origin: Path) -> None:
    ended = RunEnded(at=OLD + timedelta(minutes=4), phase="failed", reason="Crashed")
    files = record_files(frozen(run="old"), fold([RunStarted(at=OLD), ended]))
    mirror = await Mirror(folder / "writer", remote=str(origin), clock=SystemClock()).open()
    state = StateBranch(mirror)
    changes: list[Change] = [WriteFile(path, content) for path, content in files.items()]
    await state.write(changes, message="Record")
    await state.write([WriteFile("usage/x.jsonl", b"{}\n")], message="More")
    await state.keep_transcripts({transcript_path("old", OLD): b'{"kind": "text"}\n'})
    await state.close()
    await mirror.close()


def test_what_is_kept_long_enough_goes_when_the_project_says_so(clone: Path) -> None:
    assert courier("prune", cwd=clone).out == "Nothing is over that takes room.\n"
    commit(clone, PROJECT.replace("3650d", "30d"))
    path = "2020/03/02/old/transcript.jsonl.zst"
    told = json.loads(courier("prune", "--dry-run", "-o", "json", cwd=clone).out)
    (item,) = told["items"]
    assert (told["dryRun"], item["what"], item["run"], item["name"]) == (
        True,
        "transcript",
        "old",
        path,
    )
    said = courier("prune", cwd=clone)
    assert said.code == 0
    assert path in said.out
    assert "Gone: 1 transcript; " in said.out
    assert courier("prune", cwd=clone).out == "Nothing is over that takes room.\n"
    assert courier("logs", "old", cwd=clone).err == "Error: No transcript of run old was kept.\n"
    assert "old" in courier("get", "runs", cwd=clone).out


def test_history_is_compacted_when_asked(clone: Path) -> None:
    origin = clone.parent / "origin.git"
    said = courier("prune", "--compact", "1d", cwd=clone)
    assert "nothing to compact that is older than 1d" in said.err
    assert git("rev-list", "--count", "courier/state", cwd=origin) == "2"
    wrong = courier("prune", "--compact", "soon", cwd=clone)
    assert (wrong.code, "Say it as 30d or 12h" in wrong.err) == (2, True)
