"""What `get`, `describe` and `logs` tell from the state branch alone, in any clone."""

import asyncio
import json
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from courier.engine.requests.requests import Request
from courier.ports.repository import Identity
from courier.ports.state import Change, WriteFile
from courier.runs.records.writeback import record_files, transcript_path
from courier.runs.run.events import RunEnded, RunEvent, RunStarted
from courier.runs.run.run import fold
from courier.runs.usage.usage import Usage
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock
from tests.cli.program import courier
from tests.contracts.scratch import git, put
from tests.unit.runs.builders import START, attempted, completed, frozen, passed, rejected

PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  git: {name: courier, email: courier@example.com}
"""
LINES = (
    b'{"at": "2026-11-21T10:00:00+00:00", "attempt": "design-1.1-turn-1", "kind": "text", '
    b'"text": "I will \\u001b[2Jfix it."}\n'
    b'{"at": "2026-11-21T10:01:00+00:00", "attempt": "check-1.1-turn-1", "kind": "text", '
    b'"text": "No."}\n'
)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of a repository whose state branch holds two runs somebody else made."""
    folder = tmp_path_factory.mktemp("records")
    origin, root = folder / "origin.git", folder / "clone"
    git("init", "-q", "--bare", "-b", "main", str(origin), cwd=folder)
    git("clone", "-q", str(origin), str(root), cwd=folder)
    git("switch", "-q", "-c", "main", cwd=root)
    put(root, {".courier/project.yaml": PROJECT})
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "First", cwd=root)
    git("push", "-q", "origin", "main", cwd=root)
    asyncio.run(write(folder, origin))
    return root


async def write(folder: Path, origin: Path) -> None:
    used = completed(
        "Done.", usage=Usage(input_tokens=1200, output_tokens=34, cost_usd=Decimal("0.05"))
    )
    done: list[RunEvent] = [
        RunStarted(at=START),
        attempted(outcome=used, commit="d" * 40),
        attempted("check", verdict=rejected("Tests fail.\nAll of them.")),
        attempted(iteration=2, outcome=used, commit="e" * 40),
        attempted("check", iteration=2, verdict=passed()),
        RunEnded(at=START + timedelta(minutes=4), phase="completed", reason="Completed"),
    ]
    files = {
        **record_files(frozen(), fold(done)),
        **record_files(frozen(run="older"), fold([RunStarted(at=START - timedelta(days=3))])),
        "runs/2026/11/20/broken/run.json": b"{",
    }
    mirror = Mirror(folder / "writer", remote=str(origin), clock=SystemClock())
    await mirror.open()
    state = StateBranch(mirror)
    changes: list[Change] = [WriteFile(path, content) for path, content in files.items()]
    await state.write(changes, message="Records")
    await state.keep_transcripts({transcript_path("fix-auth", START): LINES})
    await state.close()
    await mirror.close()


def test_runs_are_listed_newest_first(clone: Path) -> None:
    said = courier("get", "runs", cwd=clone)
    names = [line.split()[0] for line in said.out.splitlines()]
    assert names == ["NAME", "fix-auth", "broken", "older"]
    assert "$0.1000" in said.out
    assert "unreadable  it is not JSON" in re.sub(" {3,}", "  ", said.out)


def test_pages_follow_one_another(clone: Path) -> None:
    first = courier("get", "runs", "--limit", "2", cwd=clone)
    assert first.out.count("\n") == 3
    assert "There are more: `courier get runs --after broken`" in first.err
    last = courier("get", "runs", "--limit", "2", "--after", "broken", cwd=clone)
    assert [line.split()[0] for line in last.out.splitlines()] == ["NAME", "older"]
    assert last.err == ""
    told = json.loads(courier("get", "runs", "--limit", "1", "-o", "json", cwd=clone).out)
    assert ([item["run"] for item in told["items"]], told["next"]) == (["fix-auth"], "fix-auth")
    lost = courier("get", "runs", "--after", "nobody", cwd=clone)
    assert (lost.code, "nobody" in lost.err) == (1, True)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (("--phase", "completed"), ["fix-auth"]),
        (("--phase", "running", "--since", "2026-11-18"), ["older"]),
        (("--since", "2026-11-20"), ["fix-auth", "broken"]),
        (("--since", "2026-11-21T10:00:01"), []),
        (("--workflow", "nothing"), []),
        (("--project", "demo", "--limit", "0"), ["fix-auth", "older"]),
    ],
)
def test_runs_are_chosen(clone: Path, asked: tuple[str, ...], names: list[str]) -> None:
    told = json.loads(courier("get", "runs", *asked, "-o", "json", cwd=clone).out)
    assert [item["run"] for item in told["items"]] == names


def test_lists_have_every_form(clone: Path) -> None:
    told = json.loads(courier("get", "runs", "-o", "json", cwd=clone).out)
    assert told["formatVersion"] == 1
    assert [item["run"] for item in told["items"]] == ["fix-auth", "broken", "older"]
    assert told["items"][0]["steps"][0]["agent"] == "claude"
    names = courier("get", "runs", "-o", "name", cwd=clone).out
    assert names == "run/fix-auth\nrun/broken\nrun/older\n"
    assert "courier/fix-auth" not in courier("get", "run", "older", "-o", "yaml", cwd=clone).out


def test_a_run_is_described_from_its_record(clone: Path) -> None:
    said = courier("describe", "run/fix-auth", cwd=clone)
    assert said.code == 0
    assert "Phase:         completed\n" in said.out
    assert "      Tests fail.\n      All of them.\n" in said.out
    assert "check 2   claude  pass" in said.out
    assert "tokens          2,400 in (0 cached), 68 out" in said.out
    value = json.loads(courier("describe", "run/fix-auth", "-o", "json", cwd=clone).out)
    assert value["item"]["steps"][1]["verdict"]["passed"] is False


def test_logs_come_from_the_kept_transcript(clone: Path) -> None:
    said = courier("logs", "fix-auth", cwd=clone)
    assert said.out == (
        "design-1.1-turn-1  2026-11-21 10:00:00\n"
        "    I will \\x1b[2Jfix it.\n"
        "check-1.1-turn-1  2026-11-21 10:01:00\n"
        "    No.\n"
    )
    only = courier("logs", "fix-auth", "--step", "check", "-o", "json", cwd=clone).out
    assert [json.loads(line)["text"] for line in only.splitlines()] == ["No."]
    assert courier("logs", "-f", "fix-auth", "--step", "check-2", cwd=clone).out == ""


def test_a_run_without_a_transcript_says_so(clone: Path) -> None:
    said = courier("logs", "older", cwd=clone)
    assert (said.code, said.err) == (1, "Error: No transcript of run older was kept.\n")


def test_a_broken_record_is_named(clone: Path) -> None:
    said = courier("describe", "run/broken", cwd=clone)
    assert said.code == 1
    assert "runs/2026/11/20/broken/run.json" in said.err


def test_a_run_that_has_ended_is_not_cancelled(clone: Path) -> None:
    said = courier("cancel", "fix-auth", "--reason", "late", cwd=clone)
    assert said.out == "fix-auth has ended already: completed.\n"


def test_cancelling_a_run_elsewhere_is_put_on_record(clone: Path) -> None:
    said = courier("cancel", "run/older", "--reason", "no need", cwd=clone)
    assert "not in flight on this machine" in said.out
    tree = git("ls-tree", "-r", "--name-only", "courier/state", cwd=clone.parent / "origin.git")
    [path] = [line for line in tree.splitlines() if line.startswith("requests/")]
    value = json.loads(git("show", f"courier/state:{path}", cwd=clone.parent / "origin.git"))
    assert value["by"] == "Hana <hana@example.org>"
    assert (value["action"], value["run"], value["reason"]) == ("cancel", "older", "no need")


def test_ids_of_requests_come_from_what_they_say() -> None:
    hana = Identity("Hana", "hana@example.org")
    one = Request("cancel", "x", hana, START, "why")
    assert one.id == Request("cancel", "x", hana, START, "why").id
    assert one.id != Request("cancel", "x", hana, START, "because").id
    assert one.id.startswith("20261121t100000z-cancel-")
