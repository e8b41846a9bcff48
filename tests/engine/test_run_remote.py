"""Runs whose remote is out of reach, taken by somebody else, or says no."""

import asyncio
import stat
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from courier.engine.passes.observation import Observation
from courier.forges.local import LocalForge
from courier.ports.repository import Identity
from courier.runs.pullrequests.pullrequest import PullRequest
from tests.engine.worlds import UNTIL_TOLD, Scene, git, single_plan

pytestmark = pytest.mark.slow

WORK = "echo done > value"


async def test_a_remote_out_of_reach_is_waited_for(here: Scene) -> None:
    await here.submit(single_plan(here, f"{UNTIL_TOLD}; {WORK}"))
    await here.printed("fix", "begun")
    away = here.origin.rename(here.origin.with_name("away.git"))
    await here.go_on()
    await here.reached("fix", "deliver/push")
    await asyncio.sleep(1.5)
    away.rename(here.origin)
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert len(await here.forge.list()) == 1


async def test_a_branch_taken_by_somebody_else_is_left_alone(here: Scene) -> None:
    git(here.origin, "branch", "courier/fix", "main")
    other = git(here.origin, "commit-tree", "main^{tree}", "-p", "main", "-m", "Mine")
    git(here.origin, "update-ref", "refs/heads/courier/fix", other)
    state = await here.run(single_plan(here, WORK))
    assert state.result == {"phase": "failed", "reason": "BranchTaken"}
    assert git(here.origin, "rev-parse", "courier/fix") == other
    record = await here.record()
    assert (record["work"]["branch"], bool(record["work"]["commit"])) == (None, True)


async def test_a_remote_that_declines_the_branch_says_so_in_the_record(here: Scene) -> None:
    hook(here.origin, 'read old new ref; case "$ref" in *courier/fix*) echo no; exit 1;; esac')
    state = await here.run(single_plan(here, WORK))
    assert state.result == {"phase": "failed", "reason": "PushDeclined"}


async def test_a_remote_that_declines_transcripts_costs_no_record(here: Scene) -> None:
    hook(here.origin, 'read old new ref; case "$ref" in *transcripts*) exit 1;; esac')
    state = await here.run(single_plan(here, f"echo hello; {WORK}"))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert (await here.record())["transcript"] is None


async def test_a_record_the_remote_declines_is_written_once_it_is_let_in(here: Scene) -> None:
    await here.submit(single_plan(here, f"{UNTIL_TOLD}; {WORK}"))
    await here.printed("fix", "begun")
    refusing = hook(here.origin, 'read o n ref; case "$ref" in */courier/state) exit 1;; esac')
    await here.go_on()
    await here.reached("fix", "deliver/propose")
    await asyncio.sleep(1)
    refusing.unlink()
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result is not None
    assert (await here.record())["phase"] in ("completed", "failed")


async def test_a_base_branch_that_is_gone_is_a_fact_of_the_record(here: Scene) -> None:
    plan = single_plan(here, WORK)
    gone = plan.git.model_copy(update={"base_branch": "gone"})
    state = await here.run(plan.model_copy(update={"git": gone}))
    assert state.result == {"phase": "failed", "reason": "ProposalDeclined"}
    record = await here.record()
    assert record["work"]["branch"] == "courier/fix"


class Blind(LocalForge):
    """A forge that does not know pull requests it has."""

    unknown: tuple[int, ...] = ()

    async def look(self, numbers: Collection[int]) -> Mapping[int, PullRequest]:
        return await super().look([one for one in numbers if one not in self.unknown])


async def test_one_pull_request_that_cannot_be_looked_at_does_not_stop_a_pass(
    here: Scene,
) -> None:
    for run in ("one", "two"):
        await here.run(single_plan(here, f"echo {run} > value", run=run))
    numbers = {one.run: one.number for one in await here.forge.list()}
    await here.forge.close(numbers["two"], by=Identity("Ada", "ada@example.com"))
    outside = here.world
    blind = Blind(repository=outside.repository, state=outside.state, clock=outside.clock)
    blind.unknown = (numbers["one"],)
    world = replace(outside, forges={"local": blind})
    observation = Observation(world, here.engine, remote=str(here.origin))
    await here.world.repository.fetch()
    observed = await observation.look(await here.world.repository.head())
    assert observed.pull_requests == {"one": "created", "two": "closed"}


def hook(origin: Path, script: str) -> Path:
    path = origin / "hooks" / "pre-receive"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
