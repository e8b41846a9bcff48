"""Budgets of runs and projects at work: what stops, what waits, and what lets it go on."""

import asyncio
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from courier.runs.records.charges import month_path
from courier.runs.run.frozen import FrozenPlan
from courier.runs.usage.budget import SIGNAL, Caps, Grant
from courier.runs.usage.pricing import FrozenRate, FrozenRates
from courier.runs.usage.spending import read_lines
from tests.engine.worlds import Scene, Sharing, git, single_plan

pytestmark = pytest.mark.slow

DONE = """echo '{"outcome": {"text": "Done."}}'"""


@pytest.fixture
def shared(either: Sharing | None) -> Sharing | None:
    return either


def costs(usd: str) -> str:
    return f"""echo '{{"kind": "usage", "usage": {{"costUsd": "{usd}"}}}}'"""


def spender(here: Scene, commands: str, *, run: str = "fix", **changes: object) -> FrozenPlan:
    return single_plan(here, commands, run=run, agent="teller").model_copy(update=changes)


async def usage(here: Scene) -> list[dict[str, Any]]:
    await here.world.state.refresh()
    path = month_path(here.world.clock.now())
    return [dict(line) for line in read_lines((await here.world.state.read([path]))[path])]


async def grant(here: Scene, given: Grant, *, run: str = "fix") -> None:
    await here.engine.send(run, SIGNAL, given.model_dump_json(by_alias=True))


async def test_a_run_whose_budget_is_used_up_waits_and_goes_on_when_it_is_raised(
    here: Scene,
) -> None:
    commands = f"""
    echo x >> value
    {costs("0.60")}
    [ "$(grep -c x value)" = 2 ] && {{ {DONE}; exit; }}
    sleep 300
    """
    plan = spender(here, commands, budget_usd=Decimal("0.50"), caps=Caps(on_exceed="park"))
    await here.submit(plan)
    await here.reached("fix", SIGNAL)
    assert await here.tidy()
    record = await here.record()
    assert (record["phase"], record["reason"]) == ("parked", "BudgetExceeded")
    assert record["message"] == "The run has cost $0.60 of its budget of $0.50."
    assert [line["key"] for line in await usage(here)] == ["fix/work-1.1"]
    await grant(here, Grant(per_run=Decimal(2)))
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert git(here.origin, "show", "courier/fix:value").split() == ["none", "x", "x"]
    assert [line["key"] for line in await usage(here)] == ["fix/work-1.1", "fix/work-1.2"]
    assert (await here.record())["usage"]["costUsd"] == "1.20"


async def test_a_raise_that_is_not_enough_lets_nothing_start(here: Scene) -> None:
    plan = spender(
        here, f"{costs('2')}; sleep 300", budget_usd=Decimal(1), caps=Caps(on_exceed="park")
    )
    await here.submit(plan)
    await here.reached("fix", SIGNAL)
    await grant(here, Grant(per_run=Decimal("1.5")))
    async with asyncio.timeout(30):
        while sum(step.name.startswith("freed") for step in await here.engine.steps("fix")) < 1:
            await asyncio.sleep(0.02)
    await here.reached("fix", SIGNAL)
    assert len((await here.record())["steps"]) == 1
    await here.engine.cancel("fix", by="ada", reason="too dear")
    state = await asyncio.wait_for(here.engine.wait("fix"), 60)
    assert state.result == {"phase": "cancelled", "reason": "Cancelled"}


@pytest.mark.parametrize("on_exceed", ["park", "fail"])
async def test_runs_that_share_a_day_stop_together_at_its_cap(here: Scene, on_exceed: str) -> None:
    # What it prints while it is being stopped was spent too, so it reports slowly.
    loop = f"for n in $(seq 100); do {costs('0.30')}; sleep 2; done; {DONE}"
    caps = Caps.model_validate({"perDay": Decimal("2"), "onExceed": on_exceed})
    runs = ("one", "two", "three")
    for run in runs:
        await here.submit(spender(here, loop, run=run, caps=caps))
    for run in runs:
        if on_exceed == "park":
            await here.reached(run, SIGNAL)
        else:
            state = await asyncio.wait_for(here.engine.wait(run), 60)
            assert state.result == {"phase": "failed", "reason": "DayBudgetExceeded"}
    spent = sum(Decimal(line["usage"]["costUsd"]) for line in await usage(here))
    assert Decimal(2) <= spent <= Decimal(2) + len(runs) * Decimal("0.30")
    for run in runs:
        record = await here.record(run)
        assert record["reason"] == "DayBudgetExceeded"
        assert "of its budget of" in record["message"]
        assert await here.tidy(run)


async def test_without_anything_left_no_sandbox_is_made(here: Scene) -> None:
    first = spender(here, f"{costs('3')}; {DONE}", run="dear", caps=Caps(per_month=Decimal(5)))
    assert (await here.run(first)).result == {"phase": "completed", "reason": "NoChanges"}
    caps = Caps(per_month=Decimal(3))
    state = await here.run(spender(here, DONE, caps=caps))
    assert state.result == {"phase": "failed", "reason": "MonthBudgetExceeded"}
    assert "work-1.1/sandbox" not in [step.name for step in await here.engine.steps("fix")]
    record = await here.record()
    assert record["steps"] == []
    assert record["message"].startswith("The project has spent $3.00 of its budget of ")


async def test_tokens_without_a_cost_count_by_their_rates(here: Scene) -> None:
    told = """echo '{"kind": "usage", "usage": {"inputTokens": 1000000}}'"""
    rate = FrozenRate(
        service="teller",
        metric="inputTokens",
        usd=Decimal(3),
        per=1_000_000,
        effective_from=date(2026, 1, 1),
    )
    plan = spender(
        here,
        f"{told}; sleep 0.5; {told}; sleep 300",
        budget_usd=Decimal(5),
        rates=FrozenRates(rates=(rate,)),
    )
    assert (await here.run(plan)).result == {"phase": "failed", "reason": "BudgetExceeded"}
    used = (await here.record())["usage"]
    assert (used["costUsd"], used["pricedUsd"], used["inputTokens"]) == (None, "6", 2_000_000)
    (line,) = await usage(here)
    assert json.loads(json.dumps(line))["service"] == "teller"
