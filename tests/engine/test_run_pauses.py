"""Agents that have to wait for their provider: their sandbox is paused, and they go on in it."""

from datetime import UTC, datetime, timedelta

import pytest

from courier.engine.accounts.replay import replay
from courier.engine.inflight import Phase
from courier.runs.briefs.assets import FrozenScript
from tests.engine.worlds import Scene, git, single_plan

pytestmark = pytest.mark.slow

DONE = """echo '{"outcome": {"text": "Done.", "session": "s1"}}'"""
SCRIPT = FrozenScript(name="set-up", when="preRun", run="echo ready")


def limited(*, seconds: float, session: str = '"s1"') -> str:
    """Return commands that begin, and are told to wait once."""
    until = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    return f"""
    if [ "$(date +%s)" -lt "$(date -d {until} +%s)" ]; then
      echo first > value
      sleep 300 >/dev/null 2>&1 & echo $! > ~/left-behind
      echo '{{"kind": "usage", "usage": {{"inputTokens": 7, "costUsd": "0.25"}}}}'
      echo '{{"outcome": {{"status": "limited", "reason": "RateLimited", "retryAt": "{until}",
        "session": {session}}}}}' | tr -d '\\n'; echo; exit
    fi
    echo "$SESSION again" >> value
    cp "$COURIER_PROMPT_FILE" prompt
    [ ! -e ~/left-behind ] || ! kill -0 $(cat ~/left-behind) || echo alive >> value
    echo '{{"kind": "usage", "usage": {{"inputTokens": 5, "costUsd": "0.50"}}}}'
    {DONE}
    """


async def start(here: Scene, commands: str) -> None:
    plan = single_plan(here, commands, agent="teller", scripts=(SCRIPT,), checkpoint_seconds=120)
    await here.submit(plan)
    await here.reached("fix", "work-1.2/wait")


async def paused(here: Scene) -> list[str]:
    found = await here.world.sandboxes.find({"courier-run": "fix", **here.labels})
    assert all(one.state == "paused" for one in found)
    return [one.id for one in found]


async def test_it_goes_on_in_the_same_sandbox_and_conversation(here: Scene) -> None:
    await start(here, limited(seconds=3))
    (sandbox,) = await paused(here)
    waiting = await here.record()
    assert (waiting["phase"], waiting["reason"]) == ("parked", "RateLimited")
    assert (await here.engine.wait("fix")).phase is Phase.COMPLETED
    record = await here.record()
    first, second = record["steps"]
    assert {first["sandbox"], second["sandbox"]} == {sandbox}
    assert git(here.origin, "show", "courier/fix:value") == "first\ns1 again\nalive"
    assert git(here.origin, "show", "courier/fix:prompt").startswith("The limit that stopped you")
    assert git(here.origin, "rev-list", "--count", "main..courier/fix") == "1"
    assert ([one["name"] for one in first["scripts"]], second["scripts"]) == (["set-up"], [])
    assert (record["usage"]["inputTokens"], record["usage"]["costUsd"]) == (12, "0.75")
    assert await here.tidy()
    assert (await replay(here.world, here.engine, "fix")).is_exact


async def test_without_its_sandbox_it_begins_anew_with_its_work(here: Scene) -> None:
    await start(here, limited(seconds=4))
    (sandbox,) = await paused(here)
    await here.world.sandboxes.kill(sandbox)
    assert (await here.engine.wait("fix")).phase is Phase.COMPLETED
    first, second = (await here.record())["steps"]
    assert first["sandbox"] != second["sandbox"]
    assert [one["name"] for one in second["scripts"]] == ["set-up"]
    assert second["resumed"]["commit"] == first["commit"]


async def test_without_a_conversation_nothing_is_kept_waiting(here: Scene) -> None:
    await start(here, limited(seconds=2, session="null"))
    assert await paused(here) == []
    await here.engine.wait("fix")


async def test_stopped_while_it_waits_it_leaves_its_work(here: Scene) -> None:
    await start(here, limited(seconds=300))
    await here.engine.cancel("fix", by="ada", reason="too long")
    assert (await here.engine.wait("fix")).phase is Phase.CANCELLED
    assert git(here.origin, "show", "courier/fix:value") == "first"
    assert await here.tidy()
