from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from courier.forges.local import LocalForge, ReportedChecks
from courier.ports.forges import Proposed
from courier.runs.checks import Check
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from tests.contracts.scratch import Scratch, git, make_scratch
from tests.fakes.clock import FakeClock


@dataclass(frozen=True)
class Place:
    """A local forge on a repository with a human's clone beside it."""

    scratch: Scratch
    mirror: Mirror
    state: StateBranch
    clock: FakeClock
    forge: LocalForge

    async def tell(self, commit: str, check: Check) -> None:
        """Have continuous integration say how a check stands."""
        await ReportedChecks(self.state, self.clock).tell(commit, check)

    async def work(self, name: str, content: str = "x\n", *, run: str = "") -> Proposed:
        """Push a run's branch with one more file and return what to propose."""
        scratch = self.scratch
        branch = f"courier/agent/{run or name}"
        git("fetch", "-q", "origin", cwd=scratch.human)
        git("checkout", "-q", "-B", branch, "origin/main", cwd=scratch.human)
        head = scratch.commit({name: content}, f"Add {name}")
        scratch.push(f"+HEAD:refs/heads/{branch}")
        git("checkout", "-q", "-B", "main", "origin/main", cwd=scratch.human)
        await self.mirror.fetch()
        return Proposed(
            run=run or name,
            title=f"Add {name}",
            body="Why.\n",
            base="main",
            branch=branch,
            head=head,
        )


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    scratch = make_scratch(tmp_path)
    scratch.commit({"README.md": "hello\n", "b.txt": "1\n2\n3\n"})
    scratch.push()
    mirror = await scratch.mirror().open()
    await mirror.fetch()
    state, clock = StateBranch(mirror), FakeClock()
    yield Place(
        scratch, mirror, state, clock, LocalForge(repository=mirror, state=state, clock=clock)
    )
    await state.close()
    await mirror.close()
