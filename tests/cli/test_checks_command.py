"""`courier pr check`: any CI tells what it found, and people see it."""

import asyncio
import json
from pathlib import Path

import pytest

from courier.forges.local import LocalForge
from courier.runs.pullrequests.pullrequest import Proposed
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from courier.system import SystemClock
from tests.cli.program import courier, repository
from tests.contracts.scratch import git, put

pytestmark = pytest.mark.slow


async def propose(root: Path) -> str:
    """Open pull request 1 for a branch of the repository; return its head."""
    git("switch", "-q", "-c", "courier/fix", cwd=root)
    put(root, {"fix.txt": "x\n"})
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "Fix", cwd=root)
    head = git("rev-parse", "HEAD", cwd=root).strip()
    git("switch", "-q", "main", cwd=root)
    mirror = await Mirror(root.parent / "mirror", remote=str(root), clock=SystemClock()).open()
    state = StateBranch(mirror)
    forge = LocalForge(repository=mirror, state=state, clock=SystemClock())
    await mirror.fetch()
    await forge.propose(Proposed("fix", "Fix", "Why.\n", "main", "courier/fix", head))
    await state.close()
    await mirror.close()
    return head


def test_a_result_is_kept_and_shown(tmp_path: Path) -> None:
    root = repository(tmp_path, {})
    head = asyncio.run(propose(root))
    (root / "ci.log").write_text("E  assert 1 == 2\n")

    def said(*argv: str) -> str:
        found = courier("pr", *argv, cwd=root)
        assert (found.code, found.err) == (0, "")
        return found.out

    first = ("check", "#1", "--name", "tests", "--status", "failure", "--log", "ci.log")
    assert f"tests of {head[:10]} is failure." in said(*first)
    second = ("check", "courier/fix", "--name", "lint", "--status", "success", "-o", "json")
    told = json.loads(said(*second))
    assert (told["commit"], told["name"], told["status"]) == (head, "lint", "success")
    third = ("check", "main", "--commit", head[:12], "--name", "docs", "--status", "skipped")
    said(*third, "--required", "--url", "https://ci.example.com/1")
    shown = said("show", "1")
    assert "Checks:      failure" in shown
    assert "  skipped  docs   required  https://ci.example.com/1" in shown
    assert "  failure  tests" in shown


@pytest.mark.parametrize(
    ("argv", "wrong"),
    [
        (("check", "nowhere", "--name", "a", "--status", "success"), "nowhere"),
        (("check", "7", "--name", "a", "--status", "success"), "#7"),
        (("check", "#x", "--name", "a", "--status", "success"), "neither"),
        (("check", "main", "--commit", "abcdef1", "--name", "a", "--status", "success"), "abcdef1"),
        (("check", "main", "--name", "a", "--status", "failure", "--log", "no.log"), "no.log"),
    ],
)
def test_what_cannot_be_told_is_said_and_nothing_is_kept(
    tmp_path: Path, argv: tuple[str, ...], wrong: str
) -> None:
    root = repository(tmp_path, {})
    said = courier("pr", *argv, cwd=root)
    assert said.code in (1, 2)
    assert wrong in said.err
    assert "courier/state" not in git("branch", "--list", "courier/state", cwd=root)
