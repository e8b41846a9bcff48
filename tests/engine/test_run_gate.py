"""What agents do to their repository: their own commits, and what the gate refuses."""

import pytest

from tests.engine.worlds import Scene, git, single_plan

ME = "-c user.name=Me -c user.email=me@example.com"

pytestmark = pytest.mark.slow


async def test_an_agents_own_commits_are_kept(here: Scene) -> None:
    commands = """
    echo one > value; git commit -qam "One step"
    git switch -qc elsewhere; echo two > value; git commit -qam "Another step"
    echo loose > loose.txt
    """
    await here.run(single_plan(here, commands))
    log = git(here.origin, "log", "--format=%s|%an", "main..courier/fix").splitlines()
    assert log == ["Fix the value|courier", "Another step|courier", "One step|courier"]
    assert git(here.origin, "show", "courier/fix:value") == "two"


async def test_somebody_elses_name_on_a_commit_is_refused(here: Scene) -> None:
    commands = "git -c user.email=ceo@example.com -c user.name=Boss commit -qm x --allow-empty"
    state = await here.run(single_plan(here, commands + "; echo x > value"))
    assert isinstance(state.result, dict)
    assert state.result["phase"] == "failed"
    assert here.branches() == {"main"}


@pytest.mark.parametrize(
    "harm",
    [
        "rm -rf .git",
        "echo broken > .git/HEAD",
        f"rm -rf .git; git init -q; git add -A; git {ME} commit -qm mine",
        "git checkout -q --orphan new; git commit -qam mine",
        "touch .git/index.lock",
        "echo garbage > .git/index",
        "chmod -R a-w .git",
    ],
)
async def test_whatever_happens_to_git_inside_the_work_comes_out(here: Scene, harm: str) -> None:
    state = await here.run(single_plan(here, f"echo work > value; {harm}"))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert git(here.origin, "show", "courier/fix:value") == "work"
    assert git(here.origin, "merge-base", "main", "courier/fix") == here.base


async def test_a_repository_inside_the_repository_is_refused(here: Scene) -> None:
    commands = "mkdir inner; cd inner; git init -q; echo x > x; git add x; git commit -qm x"
    state = await here.run(single_plan(here, commands))
    assert state.result == {"phase": "failed", "reason": "NestedRepository"}
    assert "inner" in (await here.record())["message"]


async def test_a_lost_work_tree_is_said_to_be_lost(here: Scene) -> None:
    state = await here.run(single_plan(here, "rm -rf ~/repo"))
    assert state.result == {"phase": "failed", "reason": "WorkspaceLost"}


async def test_an_agent_that_tears_its_own_supervision_down_loses_no_work(here: Scene) -> None:
    state = await here.run(single_plan(here, "echo work > value; rm -rf ~/.courier/processes"))
    assert isinstance(state.result, dict)
    assert state.result["phase"] == "failed"
    assert git(here.origin, "show", "courier/fix:value") == "work"
    assert await here.tidy()
