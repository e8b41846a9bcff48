"""What courier commits besides the work of runs is signed too: budgets, learnings, merges."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from courier.engine.desired.desired import DesiredState
from courier.engine.desired.keys import Keys
from courier.engine.learnings.deciding import Deciding, Decision
from courier.engine.learnings.desk import LearningDesk
from courier.engine.passes.raises import Raises
from courier.forges.local import LocalForge
from courier.planning.documents.manifest import Schemas
from courier.planning.learned.batch import Batch, Proposed, batch_path
from courier.planning.plan import Raise
from courier.ports.repository import Identity
from courier.ports.state import WriteFile
from courier.runs.pullrequests.pullrequest import Proposed as Wanted
from courier.runs.records.writeback import to_json
from courier.shipped import schema_text
from courier.system import EnvironmentSecrets
from tests.cli.program import courier
from tests.engine.test_dispatch import planned
from tests.engine.test_signing import verified
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.unit.runs.lessons import lesson

pytestmark = pytest.mark.slow

ADA = Identity("Ada", "ada@example.com")
PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  git:
    signing: {format: ssh, keyRef: SIGNING_KEY}
  budgets:
    perDay: 1.50
"""


@pytest_asyncio.fixture
async def here(tmp_path: Path, sandboxd: Endpoint, key: Path) -> AsyncIterator[Scene]:
    origin = make_origin(tmp_path, {".courier/project.yaml": PROJECT, "value": "none\n"})
    keyed = {"SIGNING_KEY": key.read_text()}
    async with scene(tmp_path / "x", origin, provider(sandboxd), environment=keyed) as opened:
        yield opened


def a_raise(**changes: object) -> Raise:
    told: dict[str, object] = {
        "project": "demo",
        "field": "budgets.perDay",
        "period": "2026-01-02",
        "path": ".courier/project.yaml",
        "line": 8,
        "column": 13,
        "was": Decimal("1.5"),
        "to": Decimal(3),
        "message": "Used up.",
        "signing_key": "SIGNING_KEY",
    }
    return Raise.model_validate(told | changes)


async def test_a_raise_of_a_budget_is_signed_or_not_proposed(here: Scene, key: Path) -> None:
    head = await here.world.repository.head()
    known = {"commit": head.commit, "branch": "main"}
    unkeyed = a_raise(period="2026-01-03", signing_key="NOT_SET_HERE")
    wanted = planned().model_copy(update={**known, "raises": (a_raise(), unkeyed)})
    done = await Raises(here.world, here.engine).carry_out(wanted)
    assert [one.branch for one in done] == ["courier-budget/demo-perDay-2026-01-02"]
    assert here.branches() == {"main", done[0].branch}
    assert verified(here, key, done[0].branch)
    assert "perDay: 3" in git(here.origin, "show", f"{done[0].branch}:.courier/project.yaml")


async def test_learnings_are_signed_when_proposed_and_when_some_are_taken_out(
    here: Scene, key: Path
) -> None:
    found = tuple(Proposed(lesson=lesson(name)) for name in ("lint", "deploy"))
    batch = Batch(project="demo", branch="courier-learnings/demo-1", learnings=found)
    content = to_json(batch.model_dump(mode="json", by_alias=True))
    await here.world.state.write([WriteFile(batch_path("demo"), content)], message="Batch")
    desired = DesiredState(here.world, Schemas(schema_text))
    catalog = (await desired.at(await here.world.repository.head())).catalog
    assert catalog is not None
    assert (await LearningDesk(here.world).settle(catalog, set())).failed == []
    first = here.tip(batch.branch)
    assert verified(here, key, first)
    deciding = Deciding(here.world)
    open_batch = await deciding.batch_of(["lint"])
    assert open_batch is not None
    no = Decision("reject", ("lint",), ADA, datetime(2026, 1, 2, tzinfo=UTC))
    await deciding.reject(open_batch, no)
    second = here.tip(batch.branch)
    assert git(here.origin, "rev-parse", f"{second}^") == first
    assert verified(here, key, second)
    files = git(here.origin, "ls-tree", "-r", "--name-only", second, ".courier/learnings")
    assert files.splitlines() == [".courier/learnings/deploy.yaml"]


@pytest.mark.parametrize("how", [(), ("--squash",)])
async def test_a_merge_by_command_is_signed_or_not_made(
    here: Scene, key: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    repository = here.world.repository
    head = await repository.head()
    change = {"value": b"some\n"}
    work = await repository.with_files(head.commit, change, message="Work", author=ADA)
    await repository.push(work, branch="courier/fix", expected=None)
    await here.forge.propose(Wanted("fix", "Fix", "Why.\n", "main", "courier/fix", work))
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(here.origin), str(clone))
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
        subprocess.run(["git", "config", name, value], cwd=clone, check=True)
    merge = partial(courier, "pr", "merge", "1", *how, cwd=clone)
    refused = await asyncio.to_thread(merge)
    assert refused.code == 1
    assert "SIGNING_KEY" in refused.err
    assert "by hand" in refused.err
    assert here.tip("main") == head.commit
    said = await asyncio.to_thread(merge, SIGNING_KEY=key.read_text())
    assert (said.code, said.err) == (0, "")
    merged = here.tip("main")
    assert verified(here, key, merged)
    assert not verified(here, key, work)
    assert git(here.origin, "show", "main:value") == "some"


async def test_what_is_to_merge_by_itself_waits_for_its_key(here: Scene, key: Path) -> None:
    repository, clock = here.world.repository, here.world.clock
    head = await repository.head()
    work = await repository.with_files(
        head.commit, {"value": b"some\n"}, message="Work", author=ADA
    )
    await repository.push(work, branch="courier/fix", expected=None)
    wanted = Wanted("fix", "Fix", "", "main", "courier/fix", work, auto_merge=True)

    def forge(**environment: str) -> LocalForge:
        world = replace(here.world, secrets=EnvironmentSecrets(environment))
        return LocalForge(
            repository=repository, state=here.world.state, clock=clock, key_of=Keys(world).of
        )

    keyless = forge()
    await keyless.propose(wanted)
    assert (await keyless.look([1]))[1].status == "created"
    assert (await forge(SIGNING_KEY=key.read_text()).look([1]))[1].status == "merged"
    assert verified(here, key, "main")
