"""Runs that deliver the same files at the same moment: one pull request, whoever dies."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from courier.ports.repository import Identity
from courier.ports.state import WriteFile
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest
from courier.runs.records.claim import KEPT, LEASE, claim_content, claim_of, claim_path
from courier.runs.records.writeback import to_json
from tests.engine.worlds import UNTIL_TOLD, Scene, git, provider, scene, single_plan
from tests.fakes.embedded import Endpoint
from tests.fakes.github.hosting import Hosting

pytestmark = pytest.mark.slow

ADA = Identity("Ada", "ada@example.com")
DONE = "echo done > value"


@pytest.fixture
def hosting(each_forge: Hosting | None) -> Hosting | None:
    return each_forge


@pytest_asyncio.fixture
async def beside(
    origin: Path, sandboxd: Endpoint, hosting: Hosting | None, here: Scene
) -> AsyncIterator[Scene]:
    """Another courier on the same origin, which knows nothing of the first one."""
    folder = origin.parent / f"{origin.parent.name}-beside"
    async with scene(folder, origin, provider(sandboxd), hosting=hosting) as opened:
        yield opened


async def pulls_of(here: Scene, runs: list[str]) -> list[dict[str, Any]]:
    return [(await here.record(run))["pullRequest"] for run in runs]


async def proposed_by_hand(here: Scene, run: str = "ghost") -> Proposed:
    """Push the work of a run that is nowhere in flight, and return what it would propose."""
    blob = git(here.origin, "rev-parse", "main:keep.txt")
    assert blob
    git(here.origin, "branch", f"courier/{run}", "main")
    seed = here.origin.parent / f"by-{run}"
    git(here.origin.parent, "clone", "-q", "-b", f"courier/{run}", str(here.origin), str(seed))
    (seed / "value").write_text("done\n")
    git(seed, "commit", "-q", "-am", "By hand")
    git(seed, "push", "-q", "origin", f"HEAD:courier/{run}")
    await here.world.repository.fetch()
    head = here.tip(f"courier/{run}")
    return Proposed(run, "By hand", "Why.", base="main", branch=f"courier/{run}", head=head)


async def claimed(here: Scene, proposed: Proposed, *, at: datetime, record: str = "") -> str:
    """Make a claim for somebody; return its file."""
    claim = claim_of(proposed, forge=here.forge_name, record=record, at=at)
    path = claim_path(claim, await here.world.repository.tree(proposed.head))
    await here.world.state.write([WriteFile(path, claim_content(claim))], message="claim")
    return path


async def test_of_many_that_are_opened_at_once_one_is(here: Scene) -> None:
    runs = [f"fix-{number}" for number in range(5)]
    for run in runs:
        await here.submit(single_plan(here, f"{UNTIL_TOLD}; {DONE}", run=run))
    for run in runs:
        await here.printed(run, "begun")
    for run in runs:
        await here.go_on(run)
    ended = await asyncio.gather(*(here.engine.wait(run) for run in runs))
    assert [one.result for one in ended] == [{"phase": "completed", "reason": "Completed"}] * 5
    (opened,) = await here.forge.list()
    told = await pulls_of(here, runs)
    (mine,) = [one for one in told if one["status"] == "created"]
    assert (mine["run"], mine["number"]) == (opened.run, opened.number)
    others = [one for one in told if one["status"] == "skipped"]
    assert len(others) == 4
    why = f"Pull request #{opened.number} of run {opened.run} has exactly the same files."
    assert {(one["number"], one["reason"]) for one in others} == {(opened.number, why)}


async def test_two_couriers_open_one_between_them(here: Scene, beside: Scene) -> None:
    for courier, run in ((here, "one"), (beside, "two")):
        await courier.submit(single_plan(courier, f"{UNTIL_TOLD}; {DONE}", run=run))
    for courier, run in ((here, "one"), (beside, "two")):
        await courier.printed(run, "begun")
    await asyncio.gather(here.go_on("one"), beside.go_on("two"))
    await asyncio.gather(here.engine.wait("one"), beside.engine.wait("two"))
    assert len(await here.forge.list()) == 1
    told = await pulls_of(here, ["one", "two"])
    assert sorted(one["status"] for one in told) == ["created", "skipped"]
    assert {one["number"] for one in told} == {1}


async def test_it_waits_for_one_that_is_about_to_be_opened(here: Scene) -> None:
    ghost = await proposed_by_hand(here)
    record = "runs/2026/01/02/ghost/run.json"
    await claimed(here, ghost, at=datetime.now(UTC), record=record)
    await here.submit(single_plan(here, DONE))
    await here.reached("fix", "deliver/turn-1")
    opened = await here.forge.propose(ghost)
    told = {"run": "ghost", "pullRequest": opened.model_dump(mode="json", by_alias=True)}
    await here.world.state.write([WriteFile(record, to_json(told))], message="opened")
    await here.engine.wait("fix")
    (mine,) = await pulls_of(here, ["fix"])
    assert (mine["status"], mine["number"]) == ("skipped", opened.number)
    assert len(await here.forge.list()) == 1


async def test_nobody_waits_for_a_run_whose_work_there_was_no_need_to_propose(
    here: Scene,
) -> None:
    before = here.base
    await here.run(single_plan(here, DONE, run="first"))
    await here.world.index.follow()
    await here.forge.merge(1, by=ADA)
    await here.world.repository.fetch()
    for run in ("second", "third"):
        plan = single_plan(here, DONE, run=run)
        stale = plan.git.model_copy(update={"base_commit": before})
        await asyncio.wait_for(here.run(plan.model_copy(update={"git": stale})), LEASE.seconds / 4)
        (mine,) = await pulls_of(here, [run])
        assert (mine["status"], mine["number"]) == ("skipped", 0)


async def test_who_is_cancelled_while_it_waits_says_what_for(here: Scene) -> None:
    await claimed(here, await proposed_by_hand(here), at=datetime.now(UTC))
    await here.submit(single_plan(here, DONE))
    await here.reached("fix", "deliver/turn-1")
    await here.engine.cancel("fix", by="Ada", reason="enough")
    await here.engine.wait("fix")
    (mine,) = await pulls_of(here, ["fix"])
    why = "Run ghost is opening a pull request with exactly the same files."
    assert (mine["status"], mine["number"], mine["reason"]) == ("skipped", 0, why)
    assert await here.forge.list() == []


@pytest.mark.parametrize("has_opened", [False, True])
async def test_a_claim_whose_owner_never_came_back_is_taken_over(
    here: Scene, *, has_opened: bool
) -> None:
    ghost = await proposed_by_hand(here)
    path = await claimed(here, ghost, at=datetime.now(UTC) - LEASE)
    found: PullRequest | None = await here.forge.propose(ghost) if has_opened else None
    await here.run(single_plan(here, DONE))
    (mine,) = await pulls_of(here, ["fix"])
    wanted = ("created", 1) if found is None else ("skipped", found.number)
    assert (mine["status"], mine["number"]) == wanted
    assert len(await here.forge.list()) == 1
    if found is None:
        kept = (await here.world.state.read([path]))[path]
        assert b'"run": "fix"' in kept


@pytest.mark.parametrize("decision", ["closed", "pushed over"])
async def test_one_that_is_not_open_with_these_files_any_more_is_in_nobodys_way(
    here: Scene, decision: str
) -> None:
    await here.run(single_plan(here, DONE, run="first"))
    await here.world.index.follow()
    if decision == "closed":
        await here.forge.close(1, by=ADA)
    else:
        moved = git(here.origin, "commit-tree", "main^{tree}", "-p", "courier/first", "-m", "No")
        git(here.origin, "update-ref", "refs/heads/courier/first", moved)
    await here.run(single_plan(here, DONE, run="second"))
    (mine,) = await pulls_of(here, ["second"])
    assert (mine["status"], mine["number"]) == ("created", 2)


async def test_claims_of_long_ago_are_taken_away(here: Scene) -> None:
    ghost = await proposed_by_hand(here)
    path = await claimed(here, ghost, at=datetime.now(UTC) - KEPT)
    await here.run(single_plan(here, "echo other > value"))
    paths = await here.world.state.paths("claims")
    assert path not in paths
    assert len(paths) == 1
