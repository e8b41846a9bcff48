"""Pull requests beyond one run: tried again later, not opened twice, stacked on one another."""

import json
from datetime import UTC, datetime

import pytest

from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.planning.plan import PublishRun
from courier.ports.repository import Identity
from courier.runs.run.frozen import FrozenPlan
from tests.engine.worlds import Scene, git, shell_plan, single_plan
from tests.fakes.github.hosting import Hosting

pytestmark = pytest.mark.slow

ADA = Identity("Ada", "ada@example.com")


@pytest.fixture
def hosting(each_forge: Hosting | None) -> Hosting | None:
    return each_forge


def desk(here: Scene) -> Dispatcher:
    return Dispatcher(
        here.world, here.engine, Observation(here.world, here.engine, remote=here.remote)
    )


def onto(plan: FrozenPlan, base: str, commit: str) -> FrozenPlan:
    git_ = plan.git.model_copy(update={"base_branch": base, "base_commit": commit})
    return plan.model_copy(update={"git": git_})


async def test_a_pull_request_the_forge_declines_is_opened_later_without_any_agent(
    here: Scene,
) -> None:
    plan = onto(single_plan(here, "echo done > value"), "release", here.base)
    state = await here.run(plan)
    assert state.result == {"phase": "failed", "reason": "ProposalDeclined"}
    before = await here.record()
    failed = before["pullRequest"]
    assert (failed["status"], failed["number"]) == ("failed", 0)
    assert "no such branch" in failed["reason"]
    office = desk(here)
    await here.world.index.follow()
    assert not await office.propose_again(())
    git(here.origin, "branch", "release", "main")
    await here.world.repository.fetch()
    assert not await office.propose_again(()), "it is asked again only after a while"
    assert await desk(here).propose_again(()) == ["fix"]
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("completed", "Completed")
    assert (record["pullRequest"]["status"], record["pullRequest"]["number"]) == ("created", 1)
    assert record["pullRequest"]["body"] == failed["body"]
    assert record["steps"] == before["steps"]
    await here.world.index.follow()
    assert await desk(here).propose_again(()) == []
    assert len(await here.forge.list()) == 1


async def test_one_that_is_opened_later_gives_way_to_the_same_files(here: Scene) -> None:
    await here.run(onto(single_plan(here, "echo done > value"), "release", here.base))
    git(here.origin, "branch", "release", "main")
    await here.world.repository.fetch()
    await here.run(onto(single_plan(here, "echo done > value", run="b"), "release", here.base))
    await here.world.index.follow()
    assert await desk(here).propose_again(()) == []
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("completed", "Completed")
    assert (record["pullRequest"]["status"], record["pullRequest"]["number"]) == ("skipped", 1)
    assert record["message"] == "Pull request #1 of run b has exactly the same files."
    assert [pull.run for pull in await here.forge.list()] == ["b"]


async def test_a_failed_one_whose_branch_moved_is_left_alone(here: Scene) -> None:
    await here.run(onto(single_plan(here, "echo done > value"), "release", here.base))
    git(here.origin, "branch", "release", "main")
    git(here.origin, "branch", "-f", "courier/fix", "main")
    await here.world.repository.fetch()
    await here.world.index.follow()
    assert await desk(here).propose_again(()) == []
    assert (await here.record())["pullRequest"]["status"] == "failed"


async def test_the_same_files_are_proposed_once(here: Scene) -> None:
    await here.run(single_plan(here, "echo done > value", run="first"))
    await here.world.index.follow()
    state = await here.run(single_plan(here, "echo done > value", run="second"))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    pull = (await here.record("second"))["pullRequest"]
    assert (pull["status"], pull["number"]) == ("skipped", 1)
    assert pull["reason"] == "Pull request #1 of run first has exactly the same files."
    assert [each.run for each in await here.forge.list()] == ["first"]
    await here.run(single_plan(here, "echo other > value", run="third"))
    assert {each.run for each in await here.forge.list()} == {"first", "third"}


@pytest.mark.parametrize("squash", [False, True])
async def test_a_stack_moves_down_when_its_lowest_is_merged(here: Scene, *, squash: bool) -> None:
    await here.run(single_plan(here, "echo one > one.txt", run="low"))
    for lower, run in (("low", "middle"), ("middle", "high")):
        await here.world.repository.fetch()
        at = here.tip(f"courier/{lower}")
        commands = f"echo {run} > {run}.txt"
        await here.run(onto(single_plan(here, commands, run=run), f"courier/{lower}", at))
    bodies = {pull.run: pull.body for pull in await here.forge.list()}
    assert "1. **#1 Fix the value `courier/low` ← this one**" in bodies["low"]
    assert "3. #3 Fix the value `courier/high`" in bodies["low"]
    assert "2. **Fix the value `courier/middle`" in bodies["middle"].replace("#2 ", "")
    assert bodies["high"].count("## Stack") == 1
    await here.forge.merge(1, by=ADA, squash=squash)
    await here.world.index.follow()
    publish = PublishRun(run="low", reason="merged", pull_request_status="merged")
    await desk(here)._do(publish, lambda _project: ())
    pulls = {pull.run: pull for pull in await here.forge.list()}
    assert (pulls["low"].status, pulls["middle"].base) == ("merged", "main")
    assert pulls["high"].base == "courier/middle"
    assert "(merged)" not in pulls["middle"].body
    assert "1. **#2 Fix the value `courier/middle` ← this one**" in pulls["middle"].body
    await here.forge.merge(2, by=ADA, squash=squash)
    merged = await here.forge.get(2)
    assert merged.status == "merged"
    assert git(here.origin, "show", "main:middle.txt") == "middle"


async def test_work_for_a_branch_that_was_merged_goes_where_that_went(here: Scene) -> None:
    await here.run(single_plan(here, "echo one > one.txt", run="low"))
    at = here.tip("courier/low")
    await here.world.repository.fetch()
    await here.forge.merge(1, by=ADA)
    git(here.origin, "branch", "-D", "courier/low")
    await here.run(onto(single_plan(here, "echo 2 > two.txt", run="high"), "courier/low", at))
    pull = (await here.record("high"))["pullRequest"]
    assert (pull["status"], pull["base"]) == ("created", "main")


async def test_work_let_past_protected_paths_says_so_on_its_pull_request(here: Scene) -> None:
    plan = shell_plan(
        here, design="mkdir -p .github/workflows; echo x > .github/workflows/ci.yml", check="true"
    )
    await here.submit(plan)
    await here.reached("fix", "approval")
    waiting = await here.record()
    assert waiting["reason"] == "AwaitingApproval"
    assert "refs/courier/waiting/fix" in waiting["message"]
    assert "courier approve fix" in waiting["message"]
    assert here.branches() == {"main"}, "nothing of it may start continuous integration"
    given = {
        "at": datetime.now(UTC).isoformat(),
        "approval": "protected-paths",
        "commit": waiting["approvals"][0]["commit"],
        "tree": waiting["approvals"][0]["tree"],
        "words": None,
        "answer": "approved",
        "by": "Grace Hopper <grace@example.com>",
        "how": "command",
        "comment": "The action is pinned.",
    }
    await here.engine.send("fix", "approval", json.dumps(given))
    state = await here.engine.wait("fix")
    assert state.result == {"phase": "completed", "reason": "Completed"}
    body = (await here.record())["pullRequest"]["body"]
    assert "Protected paths (in a change of `.github/workflows/ci.yml`): let through by" in body
    assert "Grace Hopper" in body
    assert "grace@" not in body
    assert "The action is pinned." in body
    assert git(here.origin, "show", "courier/fix:.github/workflows/ci.yml") == "x"
