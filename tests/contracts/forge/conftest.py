from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from courier.forges.github import GitHubForge, Limits, Token, Transport, address_of
from courier.forges.local import LocalForge, ReportedChecks
from courier.ports.forges import Forge
from courier.ports.repository import Identity
from courier.runs.pullrequests.checks import Check
from courier.runs.pullrequests.pullrequest import Proposed
from courier.storage.mirror import Mirror
from courier.storage.state import StateBranch
from tests.contracts.scratch import Scratch, git, make_scratch
from tests.fakes.clock import FakeClock
from tests.fakes.github import Hub, serving
from tests.fakes.github.hub import TOKEN
from tests.fakes.github.models import Repo

Kind = Literal["local", "github"]


@dataclass(frozen=True)
class Place:
    """A forge on a repository with a human's clone beside it."""

    scratch: Scratch
    mirror: Mirror
    state: StateBranch
    clock: FakeClock
    forge: Forge
    kind: Kind
    repo: Repo | None = None

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

    async def tell(self, commit: str, check: Check, *, required: bool = True) -> None:
        """Have continuous integration say how a check stands, which GitHub requires or not."""
        if self.repo is None:
            await ReportedChecks(self.state, self.clock).tell(commit, check)
            return
        conclusion = None if check.status == "pending" else check.status
        self.repo.check(commit, check.name, conclusion)
        if required:
            self.repo.required = [check.name]

    def who(self, by: Identity) -> str:
        """Who a decision is told to be by: GitHub knows who holds the token."""
        return "ada" if self.kind == "github" else f"{by.name} <{by.email}>"

    def beside(self) -> Forge:
        """Another process's forge on the same repository."""
        if self.repo is not None:
            return GitHubForge(way_to(self.repo, self.clock), self.mirror)
        return LocalForge(repository=self.mirror, state=self.state, clock=self.clock)


def way_to(repo: Repo, clock: FakeClock) -> Transport:
    """Return a way to a repository of a fake GitHub."""
    address = address_of(f"{repo.web}/{repo.owner}/{repo.name}.git")
    return Transport(address, Token(lambda: TOKEN), Limits(), clock)


@contextmanager
def github(folder: Path, scratch: Scratch, clock: FakeClock) -> Iterator[Repo]:
    """Serve a fake GitHub that has the scratch repository."""
    with serving(Hub(folder / "github", now=clock.now)) as hub:
        yield hub.add("acme", "demo", scratch.origin)


@pytest.fixture(params=["local", "github"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async for one in _place(request.param, tmp_path):
        yield one


@pytest.fixture
async def local_place(tmp_path: Path) -> AsyncIterator[Place]:
    async for one in _place("local", tmp_path):
        yield one


@pytest.fixture
async def github_place(tmp_path: Path) -> AsyncIterator[Place]:
    async for one in _place("github", tmp_path):
        yield one


async def _place(kind: Kind, folder: Path) -> AsyncIterator[Place]:
    scratch = make_scratch(folder)
    scratch.commit({"README.md": "hello\n", "b.txt": "1\n2\n3\n"})
    scratch.push()
    mirror = await scratch.mirror().open()
    await mirror.fetch()
    state, clock = StateBranch(mirror), FakeClock()
    if kind == "local":
        forge = LocalForge(repository=mirror, state=state, clock=clock)
        yield Place(scratch, mirror, state, clock, forge, kind)
    else:
        with github(folder, scratch, clock) as repo:
            transport = way_to(repo, clock)
            yield Place(
                scratch, mirror, state, clock, GitHubForge(transport, mirror, window=0), kind, repo
            )
            await transport.close()
    await state.close()
    await mirror.close()
