"""Runs that wait for people: parked with their work in sight, and bound to exactly that work."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from courier.engine.requests.approver import Approver
from courier.engine.requests.requests import Request, Requests, put_on_record
from courier.engine.running.question import SIGNAL
from courier.engine.seam import RunState
from courier.planning.catalog.permission import Member
from courier.ports.repository import Identity
from courier.runs.run.events import ApprovalAnswered
from courier.runs.run.frozen import FrozenApproval, FrozenPlan
from tests.engine.worlds import Scene, git, shell_plan, single_plan

pytestmark = pytest.mark.slow

ADA = Identity("Ada", "ada@example.com")
BOB = Identity("Bob", "bob@example.com")
TEAM = (Member("ada@example.com", "owner"), Member("bob@example.com", "member"))
BEFORE_DELIVERY = FrozenApproval(name="ship", before="delivery", reason="Look at the value.")


def held(here: Scene, *approvals: FrozenApproval, **changes: object) -> FrozenPlan:
    plan = shell_plan(here, design="echo good > value", check="true")
    return plan.model_copy(update={"approvals": approvals or (BEFORE_DELIVERY,), **changes})


async def parked(here: Scene) -> dict[str, Any]:
    """Wait until the run waits for somebody; return its record."""
    await here.reached("fix", SIGNAL)
    return await here.record()


async def say(here: Scene, action: str, *, by: Identity = ADA, **changes: object) -> Request:
    """Put an answer to what the run asks now on record."""
    asked = (await here.record())["approvals"][-1]
    told = {"approval": asked["approval"], "tree": asked["tree"], "words": asked["words"]}
    said = {"action": action, "run": "fix", "by": by, "at": datetime.now(UTC), "reason": "Because"}
    request = Request(**{**said, **told, **changes})
    await put_on_record(request, state=here.world.state)
    return request


async def settle(here: Scene, team: tuple[Member, ...] = ()) -> ApprovalAnswered | None:
    requests = Requests(here.world.state)
    await here.world.state.refresh()
    return await Approver(here.world, here.engine, requests).settle("fix", lambda _: team)


async def ended(here: Scene) -> RunState:
    async with asyncio.timeout(60):
        return await here.engine.wait("fix")


async def test_it_parks_with_its_work_on_its_branch_and_goes_on_once_approved(here: Scene) -> None:
    await here.submit(held(here))
    record = await parked(here)
    assert (record["phase"], record["reason"]) == ("parked", "AwaitingApproval")
    assert "`courier approve fix`" in record["message"]
    assert "Look at the value." in record["message"]
    assert git(here.origin, "show", "courier/fix:value") == "good"
    (asked,) = record["approvals"]
    assert asked["tree"] == git(here.origin, "rev-parse", "courier/fix^{tree}")
    assert asked["answer"] is None
    (draft,) = await here.forge.list()
    assert (draft.draft, draft.status) == (True, "created")
    assert 'approval "ship"' in draft.body
    assert await here.tidy()

    assert await settle(here) is None
    await say(here, "approve")
    assert await settle(here) is not None
    state = await ended(here)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    (ready,) = await here.forge.list()
    assert (ready.number, ready.draft, ready.status) == (draft.number, False, "created")
    assert "approval" not in ready.body
    (asked,) = (await here.record())["approvals"]
    assert asked["answer"]["by"] == "Ada <ada@example.com>"
    assert (asked["answer"]["answer"], asked["answer"]["how"]) == ("approved", "command")


async def test_a_rejection_fails_it_keeps_the_branch_and_closes_the_draft(here: Scene) -> None:
    await here.submit(held(here))
    await parked(here)
    await say(here, "reject")
    await settle(here)
    state = await ended(here)
    assert state.result == {"phase": "failed", "reason": "ApprovalRejected"}
    record = await here.record()
    assert record["message"] == 'At approval "ship" Ada <ada@example.com> said no: Because'
    assert git(here.origin, "show", "courier/fix:value") == "good"
    assert [pull.status for pull in await here.forge.list()] == ["closed"]
    assert record["pullRequest"]["status"] == "closed"


async def test_nobody_answering_in_time_fails_it(here: Scene) -> None:
    hasty = BEFORE_DELIVERY.model_copy(update={"timeout_seconds": 1})
    state = await here.run(held(here, hasty))
    assert state.result == {"phase": "failed", "reason": "ApprovalTimedOut"}
    assert git(here.origin, "show", "courier/fix:value") == "good"
    (asked,) = (await here.record())["approvals"]
    assert (asked["answer"]["answer"], asked["answer"]["by"]) == ("timedOut", None)


async def test_merging_its_pull_request_means_yes(here: Scene) -> None:
    await here.submit(held(here))
    await parked(here)
    (draft,) = await here.forge.list()
    await here.forge.merge(draft.number, by=ADA)
    given = await settle(here, TEAM)
    assert given is not None
    assert (given.how, given.by) == ("pullRequest", "Ada <ada@example.com>")
    state = await ended(here)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert [pull.status for pull in await here.forge.list()] == ["merged"]
    assert (await here.record())["pullRequest"]["status"] == "merged"
    assert git(here.origin, "show", "main:value") == "good"


async def test_a_merge_by_somebody_who_may_not_is_on_record_and_no_yes(here: Scene) -> None:
    await here.submit(held(here))
    await parked(here)
    (draft,) = await here.forge.list()
    await here.forge.merge(draft.number, by=BOB)
    assert await settle(here, TEAM) is None
    await here.engine.cancel("fix", by="ada", reason="not so")
    await ended(here)
    record = await here.record()
    assert (record["phase"], record["pullRequest"]["status"]) == ("cancelled", "merged")


async def test_closing_its_pull_request_means_no(here: Scene) -> None:
    await here.submit(held(here))
    await parked(here)
    (draft,) = await here.forge.list()
    await here.forge.close(draft.number, by=BOB)
    await settle(here, TEAM)
    assert (await ended(here)).result == {"phase": "failed", "reason": "ApprovalRejected"}


async def test_who_may_not_cannot_let_it_go_on(here: Scene) -> None:
    await here.submit(held(here))
    await parked(here)
    await say(here, "approve", by=BOB)
    await say(here, "approve", by=Identity("Eve", "eve@example.com"))
    assert await settle(here, TEAM) is None
    await say(here, "approve", user="ada@example.com", by=Identity("A.", "a@example.com"))
    assert await settle(here, TEAM) is not None
    await ended(here)
    (asked,) = (await here.record())["approvals"]
    assert asked["answer"]["by"] == "A. <a@example.com> (ada@example.com)"


async def test_an_approval_of_another_tree_does_not_count(here: Scene) -> None:
    await here.submit(held(here))
    await parked(here)
    await say(here, "approve", tree="0" * 40)
    await say(here, "approve", approval="elsewhere")
    assert await settle(here) is None
    stray = {"approval": "ship", "commit": "c" * 40, "tree": "0" * 40, "answer": "approved"}
    told = ApprovalAnswered.model_validate({"at": datetime.now(UTC), "how": "command", **stray})
    await here.engine.send("fix", SIGNAL, told.model_dump_json(by_alias=True))
    await here.engine.send("fix", SIGNAL, "nonsense")
    await asyncio.sleep(0.3)
    await here.reached("fix", SIGNAL)
    await say(here, "approve")
    await settle(here)
    assert (await ended(here)).result == {"phase": "completed", "reason": "Completed"}


async def test_changed_work_is_asked_about_anew_and_the_same_work_once(here: Scene) -> None:
    after = FrozenApproval(name="design-done", after="design")
    again = FrozenApproval(name="before-check", before="check")
    design = """
    if [ -z "$COURIER_FEEDBACK" ]; then echo wrong > value; else echo right > value; fi
    """
    check = 'test "$(cat value)" = right'
    plan = shell_plan(here, design=design, check=check, approvals=(after, again))
    await here.submit(plan)
    for _ in range(4):
        await parked(here)
        await say(here, "approve")
        waits = (await here.record())["approvals"][-1]
        await settle(here)
        await asyncio.sleep(0.1)
        async with asyncio.timeout(30):
            while (await here.record())["approvals"][-1]["tree"] == waits["tree"] and (
                await here.record()
            )["approvals"][-1]["approval"] == waits["approval"]:
                if (await here.engine.status("fix")).phase.ended:  # type: ignore[union-attr]
                    break
                await asyncio.sleep(0.05)
    assert (await ended(here)).result == {"phase": "completed", "reason": "Completed"}
    record = await here.record()
    places = [asked["approval"] for asked in record["approvals"]]
    assert places == ["design-done", "before-check", "design-done", "before-check"]
    assert len({asked["tree"] for asked in record["approvals"]}) == 2
    assert git(here.origin, "show", "courier/fix:value") == "right"
    assert [pull.status for pull in await here.forge.list()] == ["created"]


async def test_a_cancel_while_it_waits_closes_the_draft_and_keeps_the_branch(here: Scene) -> None:
    await here.submit(held(here))
    await parked(here)
    await here.engine.cancel("fix", by="ada", reason="not needed")
    await ended(here)
    record = await here.record()
    assert (record["phase"], record["message"]) == ("cancelled", "Cancelled by ada: not needed")
    assert [pull.status for pull in await here.forge.list()] == ["closed"]
    assert git(here.origin, "show", "courier/fix:value") == "good"


PROTECTED = "echo 'kind: Evil' > .courier/project.yaml; echo good > value"


async def test_protected_paths_ask_a_person_and_nothing_acts_on_them_meanwhile(here: Scene) -> None:
    await here.submit(single_plan(here, PROTECTED))
    record = await parked(here)
    assert record["reason"] == "AwaitingApproval"
    assert ".courier/project.yaml" in record["message"]
    assert record["steps"][0]["refusal"]["needsApproval"] is True
    assert record["steps"][0]["files"] == [".courier/project.yaml", "value"]
    assert here.branches() == {"main"}
    assert git(here.origin, "show", "refs/courier/waiting/fix:value") == "good"
    assert await here.tidy()
    await say(here, "approve")
    await settle(here)
    assert (await ended(here)).result == {"phase": "completed", "reason": "Completed"}
    assert git(here.origin, "show", "courier/fix:.courier/project.yaml") == "kind: Evil"
    record = await here.record()
    assert record["steps"][0]["commit"] == git(here.origin, "rev-parse", "courier/fix")
    assert [pull.status for pull in await here.forge.list()] == ["created"]


async def test_protected_work_that_is_rejected_stays_off_every_branch(here: Scene) -> None:
    await here.submit(single_plan(here, PROTECTED))
    await parked(here)
    await say(here, "reject")
    await settle(here)
    assert (await ended(here)).result == {"phase": "failed", "reason": "ApprovalRejected"}
    assert here.branches() == {"main"}
    assert git(here.origin, "show", "refs/courier/waiting/fix:value") == "good"


async def test_each_change_of_protected_paths_is_asked_about_by_itself(here: Scene) -> None:
    design = """
    echo "kind: $COURIER_ITERATION" > .courier/project.yaml
    echo $COURIER_ITERATION > value
    """
    await here.submit(shell_plan(here, design=design, check='test "$(cat value)" = 2'))
    for count in (1, 2):
        async with asyncio.timeout(30):
            while len((await parked(here))["approvals"]) < count:
                await asyncio.sleep(0.05)
        await say(here, "approve")
        await settle(here)
    assert (await ended(here)).result == {"phase": "completed", "reason": "Completed"}
    record = await here.record()
    assert [asked["answer"]["answer"] for asked in record["approvals"]] == ["approved"] * 2
    assert git(here.origin, "show", "courier/fix:value") == "2"


async def test_other_refusals_stay_final(here: Scene) -> None:
    secret = "echo s3cret-demo-token > leak; echo x > .courier/project.yaml"
    state = await here.run(single_plan(here, secret, secrets=("DEMO_TOKEN",)))
    assert state.result == {"phase": "failed", "reason": "Secret"}


async def test_work_that_passed_before_protected_work_stays_on_its_branch(here: Scene) -> None:
    design = """
    echo $COURIER_ITERATION > value
    if [ -n "$COURIER_FEEDBACK" ]; then
      mkdir -p .github/workflows
      echo x > .github/workflows/a.yml
    fi
    """
    await here.submit(shell_plan(here, design=design, check="echo no; false"))
    await parked(here)
    await say(here, "reject")
    await settle(here)
    assert (await ended(here)).result == {"phase": "failed", "reason": "ApprovalRejected"}
    assert git(here.origin, "show", "courier/fix:value") == "1"
