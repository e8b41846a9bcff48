"""Chains on the real engine, with real sandboxes, real git and the forge."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from courier.engine.requests.requests import Request, put_on_record
from tests.engine.chainscenes import (
    NOTE,
    PERSON,
    Ground,
    chain_scene,
    ground_on,
    issues,
    sprints,
)
from tests.engine.worlds import UNTIL_TOLD, git
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow


@pytest.fixture(params=["local", "github"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """Both forges, one after the other."""
    with ground_on(request.param, tmp_path) as found:
        yield found


async def test_three_issues_in_one_pull_request(ground: Ground, sandboxd: Endpoint) -> None:
    async with chain_scene(ground, sandboxd, issues("a", "b", "c")) as scene:
        await scene.settle()
        assert await scene.pulls() == [(1, "main", "courier/backlog", "created")]
        assert scene.log("courier/backlog") == ["Mend a", "Mend b", "Mend c"]
        pull = await scene.here.forge.get(1)
        assert pull.title == "backlog: 3 issues"
        assert "1. Mend a (`backlog.a.chain`)" in pull.body
        assert "3. **Mend c ← the last that came**" in pull.body
        course = await scene.course("WorkChain", "backlog")
        assert course.phase == "completed"
        assert [part.number for part in course.parts] == [1, 1, 1]
        record = await scene.here.record("backlog.b.chain")
        assert record["source"] == "workChain"
        told = {f"{each['kind']}/{each['name']}" for each in record["inputs"]}
        assert {"WorkChain/backlog", "Issue/b"} <= told
        await scene.merge(1)
        await scene.settle()
        course = await scene.course("WorkChain", "backlog")
        assert {part.pull_request for part in course.parts} == {"merged"}
        assert scene.log("main") == ["Mend a", "Mend b", "Mend c"]
        assert await scene.runs() == ["backlog.a.chain", "backlog.b.chain", "backlog.c.chain"]


async def test_three_issues_in_a_pull_request_each(ground: Ground, sandboxd: Endpoint) -> None:
    documents = issues("a", "b", "c", pullRequest="perIssue")
    async with chain_scene(ground, sandboxd, documents) as scene:
        await scene.settle()
        assert await scene.pulls() == [
            (1, "main", "courier/backlog.a.chain", "created"),
            (2, "courier/backlog.a.chain", "courier/backlog.b.chain", "created"),
            (3, "courier/backlog.b.chain", "courier/backlog.c.chain", "created"),
        ]
        assert scene.log("courier/backlog.c.chain") == ["Mend a", "Mend b", "Mend c"]
        pull = await scene.here.forge.get(2)
        assert pull.title == "Mend b"
        assert "1. Mend a #1 (`backlog.a.chain`)" in pull.body
        assert "3. Mend c (to come)" in pull.body


async def test_failed_work_stays_off_the_branch_others_go_on_with(
    ground: Ground, sandboxd: Endpoint
) -> None:
    documents = issues("a", "b", "c", onFailure="continue")
    documents = documents.replace("title: Mend b", "title: BREAK b")
    async with chain_scene(ground, sandboxd, documents) as scene:
        await scene.settle()
        assert scene.log("courier/backlog") == ["Mend a", "Mend c"]
        course = await scene.course("WorkChain", "backlog")
        assert [part.phase for part in course.parts] == ["completed", "failed", "completed"]
        assert course.phase == "failed"


async def test_three_sprints_with_a_failure_in_the_second(
    ground: Ground, sandboxd: Endpoint
) -> None:
    broken = sprints("one", "two", "three", prompts={"two": "BREAK it."})
    async with chain_scene(ground, sandboxd, broken) as scene:
        result = await scene.settle()
        course = await scene.course("SprintChain", "roadmap")
        assert (course.phase, course.current, course.resume) == ("failed", 1, 1)
        assert result.plan
        assert "roadmap.two.sprint" in str([each.message for each in result.plan.held])
    async with chain_scene(ground, sandboxd) as scene:
        # Another process, and a person who mended the plan and says to go on.
        mended = sprints("one", "two", "three", resumeFrom="two")
        scene.commit({".courier/chain.yaml": mended})
        await scene.settle()
        course = await scene.course("SprintChain", "roadmap")
        assert course.phase == "completed"
        assert await scene.runs() == [
            "roadmap.one.sprint",
            "roadmap.two.sprint",
            "roadmap.two.sprint-2",
            "roadmap.three.sprint",
        ]
        assert await scene.pulls() == [
            (1, "main", "courier/roadmap.one.sprint", "created"),
            (2, "courier/roadmap.one.sprint", "courier/roadmap.two.sprint-2", "created"),
            (3, "courier/roadmap.two.sprint-2", "courier/roadmap.three.sprint", "created"),
        ]
        assert scene.log("courier/roadmap.three.sprint") == ["Do one", "Do two", "Do three"]


@pytest.mark.parametrize("squash", [False, True])
async def test_sprints_that_wait_for_each_merge(
    ground: Ground, sandboxd: Endpoint, squash: bool
) -> None:
    documents = sprints("one", "two", "three", base="merged")
    async with chain_scene(ground, sandboxd, documents) as scene:
        for number, name in enumerate(("one", "two", "three"), start=1):
            await scene.settle()
            branch = f"courier/roadmap.{name}.sprint"
            assert (await scene.pulls())[-1] == (number, "main", branch, "created")
            await scene.merge(number, squash=squash)
            git(scene.here.origin, "branch", "-D", branch)
        await scene.settle()
        assert (await scene.course("SprintChain", "roadmap")).phase == "completed"
        assert scene.log("main") == ["Do one", "Do two", "Do three"]


async def test_sprints_together_go_on_with_what_people_pushed(
    ground: Ground, sandboxd: Endpoint
) -> None:
    documents = sprints("one", "two", pullRequest="single", range={"to": "one"})
    async with chain_scene(ground, sandboxd, documents) as scene:
        await scene.settle()
        scene.commit({"by-hand": "yes\n"}, branch="courier/roadmap")
        scene.commit({".courier/chain.yaml": sprints("one", "two", pullRequest="single")})
        await scene.settle()
        assert await scene.pulls() == [(1, "main", "courier/roadmap", "created")]
        assert scene.log("courier/roadmap") == ["Do one", "Do two"]
        assert git(scene.here.origin, "show", "courier/roadmap:by-hand") == "yes"


async def test_a_branch_deleted_by_hand_stops_the_chain_until_it_is_back(
    ground: Ground, sandboxd: Endpoint
) -> None:
    documents = issues("a", "b")
    async with chain_scene(ground, sandboxd, issues("a")) as scene:
        await scene.settle()
        tip = scene.here.tip("courier/backlog")
        git(scene.here.origin, "branch", "-D", "courier/backlog")
        scene.commit({".courier/chain.yaml": documents})
        await scene.settle()
        course = await scene.course("WorkChain", "backlog")
        if ground.hosting is not None:
            # GitHub closes what has no branch any more.
            assert (course.phase, course.reason) == ("stopped", "PullRequestClosed")
            return
        assert (course.phase, course.reason) == ("stopped", "BranchGone")
        git(scene.here.origin, "branch", "courier/backlog", tip)
        await scene.settle()
        assert scene.log("courier/backlog") == ["Mend a", "Mend b"]
        assert await scene.pulls() == [(1, "main", "courier/backlog", "created")]


async def test_nothing_is_built_on_what_was_closed_by_hand(
    ground: Ground, sandboxd: Endpoint
) -> None:
    async with chain_scene(ground, sandboxd, issues("a")) as scene:
        await scene.settle()
        await scene.here.forge.close(1, by=PERSON)
        scene.commit({".courier/chain.yaml": issues("a", "b")})
        await scene.settle()
        course = await scene.course("WorkChain", "backlog")
        assert (course.phase, course.reason) == ("stopped", "PullRequestClosed")
        assert await scene.runs() == ["backlog.a.chain"]


async def test_an_issue_is_carried_out(ground: Ground, sandboxd: Endpoint) -> None:
    issue = issues("a").split("---")[0].replace("broken.}", "broken., execute: note}")
    async with chain_scene(ground, sandboxd, issue) as scene:
        await scene.settle()
        assert await scene.pulls() == [(1, "main", "courier/a.issue", "created")]
        course = await scene.course("Issue", "a")
        assert (course.phase, course.parts[0].run) == ("completed", "a.issue")
        assert scene.log("courier/a.issue") == ["Mend a"]


@pytest.mark.parametrize("squash", [False, True])
async def test_a_stack_goes_on_where_it_was_merged(
    ground: Ground, sandboxd: Endpoint, squash: bool
) -> None:
    async with chain_scene(ground, sandboxd, sprints("one", "two", range={"to": "one"})) as scene:
        await scene.settle()
        await scene.merge(1, squash=squash)
        git(scene.here.origin, "branch", "-D", "courier/roadmap.one.sprint")
        await scene.settle()
        scene.commit({".courier/chain.yaml": sprints("one", "two")})
        await scene.settle()
        assert (await scene.pulls())[1:] == [
            (2, "main", "courier/roadmap.two.sprint", "created"),
        ]
        assert scene.log("courier/roadmap.two.sprint") == ["Do one", "Do two"]


async def test_a_retried_issue_lets_its_chain_go_on(ground: Ground, sandboxd: Endpoint) -> None:
    flaky = NOTE.replace(
        "if grep -q 'BREAK' <<< \"$COURIER_TASK\"; then exit 3; fi",
        'if [ "$COURIER_RUN" = backlog.b.chain ]; then exit 3; fi',
    ).replace("name: note", "name: flaky")
    chain = issues("a", "b", "c", workflow="flaky")
    async with chain_scene(ground, sandboxd, f"{chain}---\n{flaky}") as scene:
        await scene.settle()
        assert (await scene.course("WorkChain", "backlog")).phase == "failed"
        again = Request(
            "retry",
            "backlog.b.chain",
            PERSON,
            scene.here.world.clock.now(),
            reason="",
            name="backlog.b.chain.r2",
            step="start",
        )
        await put_on_record(again, state=scene.here.world.state)
        await scene.settle()
        course = await scene.course("WorkChain", "backlog")
        assert course.phase == "completed"
        assert course.parts[1].run == "backlog.b.chain.r2"
        assert await scene.pulls() == [(1, "main", "courier/backlog", "created")]
        assert scene.log("courier/backlog") == ["Mend a", "Mend b", "Mend c"]


async def test_a_chain_goes_on_once_a_declined_pull_request_is_open(
    ground: Ground, sandboxd: Endpoint
) -> None:
    waiting = NOTE.replace(
        "if grep -q", f'if [ "$COURIER_RUN" = backlog.a.chain ]; then {UNTIL_TOLD}; fi; if grep -q'
    )
    git(ground.origin, "branch", "release", "main")
    first = "backlog.a.chain"
    async with chain_scene(ground, sandboxd, issues("a", "b")) as scene:
        project = ground.project(defaultBranch="release")
        scene.commit({".courier/all.yaml": f"{project}---\n{waiting}"})
        await scene.reconciler.reconcile()
        await scene.here.printed(first, "begun")
        git(ground.origin, "branch", "-D", "release")
        await scene.here.go_on(first)
        await scene.settle()
        assert await scene.runs() == [first]
        course = await scene.course("WorkChain", "backlog")
        assert (course.phase, course.reason) == ("failed", "ProposalDeclined")
    git(ground.origin, "branch", "release", "main")
    async with chain_scene(ground, sandboxd) as scene:
        await scene.settle()
        await scene.settle()
        course = await scene.course("WorkChain", "backlog")
        assert course.phase == "completed", course
        assert await scene.pulls() == [(1, "release", "courier/backlog", "created")]
        assert scene.log("courier/backlog") == ["Mend a", "Mend b"]
        assert (await scene.here.record(first))["message"] == "Its pull request was opened later."
