"""Red checks mended by who did the work: in the same conversation where there still is one."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from courier.engine.accounts.retelling import retell
from courier.engine.running.question import SIGNAL, answer_to
from courier.runs.run.frozen import FrozenApproval, FrozenDelivery, FrozenPlan, FrozenSandbox
from courier.runs.steps.approvals import waiting
from tests.engine.contest import candidate, contest
from tests.engine.test_run_ci import QUICK, ended, proposed, tell
from tests.engine.worlds import Scene, git, make_origin, provider, scene, single_plan, teller_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

TALK = """
echo "$SESSION|$(git status --porcelain | tr -d ' \\n')" >> ~/turns
if grep -q 'continuous integration rejected' "$COURIER_PROMPT_FILE"; then
  cp "$COURIER_PROMPT_FILE" asked; cp ~/turns turns; echo right > value
else
  echo wrong > value; echo scratch > ignored.tmp
fi
echo '{"kind": "usage", "usage": {"inputTokens": 7, "costUsd": "0.60"}}'
echo '{"outcome": {"text": "Done.", "session": "s1"}}'
"""
CANDIDATE = """
if [ -z "$COURIER_FEEDBACK" ]; then echo $WORD > value; else echo repaired $WORD >> value; fi
"""
PASS = """echo '{"outcome": {"text": "```json\\n{\\"verdict\\": \\"pass\\"}\\n```"}}'"""


@pytest.fixture
async def here(tmp_path: Path, sandboxd: Endpoint) -> AsyncIterator[Scene]:
    origin = make_origin(tmp_path, {"value": "none\n", ".gitignore": "*.tmp\n"})
    async with scene(tmp_path / "home", origin, provider(sandboxd)) as opened:
        yield opened


def talking(here: Scene, **changes: object) -> FrozenPlan:
    return teller_plan(here, design=TALK, check=PASS, ci=QUICK, **changes)


async def states(here: Scene) -> list[str]:
    found = await here.world.sandboxes.find({"courier-run": "fix", **here.labels})
    return [one.state for one in found]


@pytest.mark.parametrize("reuse", ["perStep", "perRun"])
async def test_the_conversation_rests_and_goes_on(here: Scene, reuse: str) -> None:
    machine = FrozenSandbox.model_validate({"reuse": reuse})
    await here.submit(talking(here, sandbox=machine))
    first = await proposed(here)
    assert await states(here) == ["paused"]
    await tell(here, first.head, "failure", log="E  value is wrong")
    second = await proposed(here, first.head)
    # No further attempt is allowed, so nothing rests any more.
    assert await states(here) == []
    await tell(here, second.head, "success")
    record = await ended(here)
    assert (record["phase"], record["reason"]) == ("completed", "Completed")
    design, check, repair = record["steps"]
    assert (design["sandbox"], design["outcome"]["session"]) == (repair["sandbox"], "s1")
    assert (check["sandbox"] == design["sandbox"]) == (reuse == "perRun")
    shown = git(here.origin, "show", "courier/fix:turns").splitlines()
    assert (shown[0], shown[-1]) == ("|", "s1|")
    asked = git(here.origin, "show", "courier/fix:asked")
    assert asked.startswith("# Checks of the delivered work failed")
    assert '<data from="check tests">' in asked
    assert "value is wrong" in asked


async def test_a_conversation_that_is_gone_begins_anew_with_the_work_so_far(here: Scene) -> None:
    await here.submit(talking(here))
    first = await proposed(here)
    for one in await here.world.sandboxes.find({"courier-run": "fix", **here.labels}):
        await here.world.sandboxes.kill(one.id)
    await tell(here, first.head, "failure", log="E  value is wrong")
    second = await proposed(here, first.head)
    await tell(here, second.head, "success")
    record = await ended(here)
    design, _, repair = record["steps"]
    assert design["sandbox"] != repair["sandbox"]
    assert git(here.origin, "show", "courier/fix:turns") == "|"
    asked = git(here.origin, "show", "courier/fix:asked")
    assert "# The task" in asked
    assert "value is wrong" in asked


async def test_a_repair_is_charged_and_a_budget_stops_the_next(here: Scene) -> None:
    ci = QUICK.model_copy(update={"fix_attempts": 5})
    plan = talking(here, budget_usd=Decimal(1)).model_copy(update={"ci": ci})
    await here.submit(plan)
    first = await proposed(here)
    await tell(here, first.head, "failure")
    second = await proposed(here, first.head)
    await tell(here, second.head, "failure")
    record = await ended(here)
    assert (record["phase"], record["reason"]) == ("failed", "BudgetExceeded")
    assert len(record["steps"]) == 3
    assert Decimal(record["usage"]["costUsd"]) == Decimal("1.20")
    assert record["ciChecks"]["needsHuman"] is True


async def test_the_chosen_candidate_mends_its_work(here: Scene) -> None:
    parts = [candidate(word, design=CANDIDATE, check="true") for word in ("one", "two")]
    plan = contest(here, *parts, after=()).model_copy(update={"ci": QUICK})
    await here.submit(plan)
    first = await proposed(here)
    await tell(here, first.head, "failure", log="E  wrong")
    second = await proposed(here, first.head)
    await tell(here, second.head, "success")
    record = await ended(here)
    assert record["phase"] == "completed"
    last = record["steps"][-1]
    assert (last["step"], last["commit"]) == ("design", second.head)
    assert git(here.origin, "show", "courier/fix:value") == "two\nrepaired two"


async def test_a_single_step_without_a_conversation_is_done_again(here: Scene) -> None:
    await here.submit(single_plan(here, "date +%N > value").model_copy(update={"ci": QUICK}))
    first = await proposed(here)
    assert await states(here) == []
    await tell(here, first.head, "failure")
    second = await proposed(here, first.head)
    assert git(here.origin, "rev-parse", f"{second.head}^") == first.head
    await tell(here, second.head, "success")
    assert (await ended(here))["phase"] == "completed"


@pytest.mark.parametrize("answer", ["approved", "rejected"])
async def test_a_repair_of_protected_paths_waits_for_a_person(here: Scene, answer: str) -> None:
    touches = """
    if [ -z "$COURIER_FEEDBACK" ]; then echo wrong > value; exit; fi
    echo right > value; mkdir -p locked; echo mine > locked/file
    """
    delivery = FrozenDelivery(protected_paths=("locked/",))
    changes = {"ci": QUICK, "delivery": delivery}
    await here.submit(single_plan(here, touches).model_copy(update=changes))
    first = await proposed(here)
    await tell(here, first.head, "failure")
    await here.reached("fix", SIGNAL)
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("parked", "AwaitingApproval")
    told = await retell(here.world, here.engine, "fix")
    assert told is not None
    asked = waiting(told.run)
    assert asked is not None
    given = answer_to(asked, here.world.clock.now(), answer=answer, by="Ada", how="command")
    await here.engine.send("fix", SIGNAL, given.model_dump_json(by_alias=True))
    if answer == "approved":
        second = await proposed(here, first.head)
        assert git(here.origin, "show", "courier/fix:locked/file") == "mine"
        await tell(here, second.head, "success")
    record = await ended(here)
    expected = (
        ("completed", "Completed") if answer == "approved" else ("failed", "ApprovalRejected")
    )
    assert (record["phase"], record["reason"]) == expected
    assert record["ciChecks"]["needsHuman"] is (answer == "rejected")


async def test_a_repair_is_approved_anew_where_delivery_is(here: Scene) -> None:
    places = (FrozenApproval(name="ship", before="delivery"),)
    plan = single_plan(here, "date +%N > value").model_copy(
        update={"ci": QUICK, "approvals": places}
    )
    await here.submit(plan)
    heads: list[str] = []
    for at in range(2):
        await here.reached("fix", SIGNAL)
        told = await retell(here.world, here.engine, "fix")
        asked = waiting(told.run) if told is not None else None
        assert asked is not None
        given = answer_to(asked, here.world.clock.now(), answer="approved", by="A", how="command")
        await here.engine.send("fix", SIGNAL, given.model_dump_json(by_alias=True))
        pull = await proposed(here, heads[-1] if heads else None)
        heads.append(pull.head)
        await tell(here, pull.head, "success" if at else "failure")
    record = await ended(here)
    assert (record["phase"], record["work"]["commit"]) == ("completed", heads[-1])
    assert len(await here.forge.list()) == 1
