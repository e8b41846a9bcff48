"""Sandboxes for people whose keeper was away, and agents that keep or lose their conversation."""

import asyncio
import json
from pathlib import Path

import pytest

from courier.resources.agent import AgentSpec
from tests.engine.guests import Guest, sandbox_plan, sit
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

AGENT = """
prompt=$(cat)
if [ "$1" = resume ] && [ -e ~/talk ]; then echo "$prompt" >>~/talk; else echo "$prompt" >~/talk; fi
tail -n 1 ~/talk >>said
printf '{"id": "talk", "text": "heard %s", "usage": {"out": 5}}\\n' "$(grep -c Say ~/talk)"
"""

SPEC = {
    "start": ["sh", "-c", AGENT, "mine", "start"],
    "continue": ["sh", "-c", AGENT, "mine", "resume", "{session}"],
    "output": {"format": "jsonLines", "text": "text", "session": "id"},
    "usage": {"outputTokens": "usage.out"},
}

LOST = """
[ -n "$SESSION" ] && {
    echo '{"outcome": {"status": "failed", "reason": "SessionLost"}}'; exit
}
echo '{"kind": "text", "text": "anew"}'
echo '{"outcome": {"text": "anew", "session": "s"}}'
"""


async def test_nobody_there_when_its_time_is_up_its_work_is_rescued_later(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    origin = make_origin(tmp_path, {"value": "none\n"})
    home = tmp_path / tmp_path.name
    async with scene(home, origin, provider(sandboxd)) as first:
        guest = Guest(first, sandbox_plan(first, "echo kept > saved", lives_seconds=12))
        await guest.ask()
        await guest.answers(1)
        (machine,) = await first.world.sandboxes.find({"courier-run": guest.run})
        inside = await first.world.sandboxes.connect(machine.id, timeout_seconds=1)
        await inside.write({f"{inside.home}/repo/later": b"by hand\n"})
        await inside.extend(1)
    watcher = provider(sandboxd)
    async with asyncio.timeout(30):
        while [one.state for one in await watcher.find({"courier-run": guest.run})] != ["paused"]:
            await asyncio.sleep(0.2)
    await asyncio.sleep(10)
    await watcher.close()
    async with scene(home, origin, provider(sandboxd)) as second:
        state = await Guest(second, guest.plan).gone()
    assert state.result == {"state": "killed", "reason": "TimedOut"}
    assert git(origin, "show", "courier/desk:later") == "by hand"


async def test_a_described_agent_goes_on_with_its_conversation(here: Scene) -> None:
    described = AgentSpec.model_validate_json(json.dumps(SPEC))
    guest = await sit(here, "Say one.", agent="mine", described=described)
    await guest.answers(1)
    await guest.say("Say two.", id="two")
    first, second = await guest.answers(2)
    assert (first["content"], second["content"]) == ("heard 1", "heard 2")
    assert first["session"] == second["session"] == "talk"
    await guest.kill()
    assert git(here.origin, "show", "courier/desk:said") == "Say one.\nSay two."
    assert (await guest.account())["usage"]["outputTokens"] == 10


async def test_a_lost_conversation_starts_anew_with_the_same_message(here: Scene) -> None:
    begin = """echo '{"outcome": {"text": "begun", "session": "s"}}'"""
    guest = await sit(here, begin, agent="teller")
    await guest.answers(1)
    await guest.say(LOST, id="lost")
    _, answer = await guest.answers(2)
    assert (answer["status"], answer["content"]) == ("completed", "anew")
    assert answer["streamLog"].endswith("turn-3")
    await guest.kill()
