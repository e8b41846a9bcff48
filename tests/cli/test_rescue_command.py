"""`courier rescue`: lists what was saved, and brings it to a branch."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from courier.cli.views import account
from courier.ports.checkpoints import Line
from courier.ports.repository import Identity
from courier.storage.checkpoints import CheckpointRefs
from tests.cli.program import courier
from tests.contracts.scratch import Scratch, git, make_scratch

pytestmark = pytest.mark.slow

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """A person's clone whose origin holds two checkpoints of one attempt."""
    made = make_scratch(tmp_path)
    base = made.commit({"README.md": "hello\n"})
    made.push()
    works = [made.commit({"work.txt": f"{word}\n"}) for word in ("one", "two")]
    made.push("HEAD:refs/heads/made")
    git("reset", "-q", "--hard", base, cwd=made.human)

    async def save() -> None:
        mirror = await made.mirror(folder=tmp_path / "another-machine").open()
        await mirror.fetch()
        refs = CheckpointRefs(mirror.plumbing, mirror.remote)
        line = Line("fix", "work-1.1", base, Identity("courier", "courier@example.com"))
        for commit in works:
            await refs.add(commit, line=line, at=AT)
        await mirror.delete_branch("made")
        await mirror.close()

    asyncio.run(save())
    return made


def test_listed_and_rescued(scratch: Scratch) -> None:
    listed = courier("rescue", "fix", "--list", cwd=scratch.human)
    rows = [line.split()[:2] for line in listed.out.splitlines()]
    assert rows == [["ATTEMPT", "NUMBER"], ["work-1.1", "1"], ["work-1.1", "2"]], listed.err
    told = courier("rescue", "run/fix", cwd=scratch.human)
    assert told.out.startswith(
        "fix: checkpoint 2 of work-1.1 is on branch courier/fix-rescued ("
    ), told.err
    assert git("show", "courier/fix-rescued:work.txt", cwd=scratch.origin) == "two"


def test_as_json_and_by_number(scratch: Scratch) -> None:
    listed = json.loads(courier("rescue", "fix", "--list", "-o", "json", cwd=scratch.human).out)
    assert [one["number"] for one in listed["checkpoints"]] == [1, 2]
    wanted = ("--attempt", "work-1.1", "--checkpoint", "1", "--branch", "try")
    told = json.loads(courier("rescue", "fix", *wanted, "-o", "json", cwd=scratch.human).out)
    assert (told["branch"], told["checkpoint"]) == ("try", listed["checkpoints"][0])
    assert git("rev-parse", "try", cwd=scratch.origin) == told["commit"]
    missing = courier("rescue", "fix", "--checkpoint", "7", cwd=scratch.human)
    assert (missing.code, "It has 2, counted from 1." in missing.err) == (1, True)


def test_an_account_tells_the_last_checkpoint_of_every_attempt() -> None:
    saved = [
        {"attempt": attempt, "number": number, "commit": "c" * 40, "at": AT.isoformat()}
        for attempt, number in (("work-1.1", 1), ("work-1.1", 2), ("work-1.2", 1))
    ]
    text = account.told({"run": "fix", "checkpoints": saved}, AT)
    block = text[text.index("Checkpoints") :].splitlines()
    assert [line.split()[:2] for line in block[1:4]] == [
        ["ATTEMPT", "SAVED"],
        ["work-1.1", "2"],
        ["work-1.2", "1"],
    ]
