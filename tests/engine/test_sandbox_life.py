"""Whole lives of sandboxes for people, with shell agents in real sandboxes."""

import asyncio

import pytest

from courier.engine.accounts.rescue import Rescue, Wanted
from courier.ports.repository import Identity
from courier.runs.interactive.frozen import Word
from tests.engine.guests import sit
from tests.engine.worlds import UNTIL_TOLD, Scene, git

pytestmark = pytest.mark.slow


async def test_messages_are_answered_in_one_sandbox_and_its_work_is_proposed(here: Scene) -> None:
    guest = await sit(here, "echo one | tee value")
    await guest.answers(1)
    await guest.say("echo two >> value; cat value", id="again")
    first, second = await guest.answers(2)
    assert [first["status"], second["status"]] == ["completed", "completed"]
    assert second["content"].split() == ["one", "two"]
    state = await guest.kill()
    assert state.result == {"state": "killed", "reason": "Killed"}
    assert git(here.origin, "show", "courier/desk:value") == "one\ntwo"
    told = await guest.account()
    assert (told["state"], told["by"], told["message"]) == (
        "killed",
        "Ada <ada@example.com>",
        "enough",
    )
    assert [part["part"] for part in told["going"]] == [
        "rescue",
        "push",
        "propose",
        "destroy",
        "keep",
    ]
    assert [part["fault"] for part in told["going"]] == [None] * 5
    assert told["work"]["branch"] == "courier/desk"
    assert told["usage"]["sandboxSeconds"] > 0
    (proposal,) = await here.forge.list()
    assert (proposal.status, proposal.title) == ("created", "Sit at the desk")
    assert "two" in proposal.body
    assert await guest.machines() == []


async def test_work_in_the_middle_of_an_answer_is_rescued(here: Scene) -> None:
    guest = await sit(here, f"echo half > value; {UNTIL_TOLD}")
    await guest.printed("begun")
    await guest.kill()
    assert git(here.origin, "show", "courier/desk:value") == "half"
    told = await guest.account()
    assert told["going"][0]["part"] == "stop"
    _, answer = told["messages"]
    assert (answer["status"], answer["reason"]) == ("error", "Stopped")
    assert await guest.machines() == []


async def test_a_pause_keeps_the_agent_and_it_goes_on_where_it_was(here: Scene) -> None:
    guest = await sit(here, f"echo $$ > ~/pid; {UNTIL_TOLD}; echo $$ | diff - ~/pid && echo same")
    await guest.printed("begun")
    await guest.tell(Word(do="pause", by="Ada"))
    await guest.until(lambda told: told["state"] == "paused")
    assert await guest.machines() == ["paused"]
    await guest.say("echo later", id="later")
    told = await guest.until(lambda told: len(told["messages"]) == 3)
    assert told["state"] == "paused"
    await guest.tell(Word(do="resume", by="Ada"))
    await guest.until(lambda told: told["state"] == "running")
    await guest.go_on()
    first, second = await guest.answers(2)
    assert (first["status"], second["content"].strip()) == ("completed", "later")
    assert first["content"].count("begun") == 1
    assert "same" in first["content"]
    await guest.kill()


async def test_a_message_said_twice_is_answered_once(here: Scene) -> None:
    guest = await sit(here)
    await guest.say("echo x >> marks; cat marks", id="mark")
    await guest.say("echo x >> marks; cat marks", id="mark")
    await guest.say("cat marks", id="look")
    _, look = await guest.answers(2)
    assert look["content"].split() == ["x"]
    await guest.kill()


async def test_time_that_runs_out_is_noticed_and_the_work_is_rescued(here: Scene) -> None:
    guest = await sit(here, "echo kept > value", lives_seconds=8)
    state = await guest.gone()
    assert state.result == {"state": "killed", "reason": "TimedOut"}
    assert git(here.origin, "show", "courier/desk:value") == "kept"
    assert await guest.machines() == []


async def test_an_agent_that_works_until_the_time_is_up_is_stopped_and_its_work_rescued(
    here: Scene,
) -> None:
    guest = await sit(here, f"echo late > value; {UNTIL_TOLD}", lives_seconds=8)
    state = await guest.gone()
    assert state.result == {"state": "killed", "reason": "TimedOut"}
    assert git(here.origin, "show", "courier/desk:value") == "late"


async def test_a_sandbox_that_is_lost_is_an_error_and_the_last_answer_s_work_is_pushed(
    here: Scene,
) -> None:
    guest = await sit(here, "echo saved > value")
    await guest.answers(1)
    (machine,) = await here.world.sandboxes.find({"courier-run": guest.run})
    await here.world.sandboxes.kill(machine.id)
    await guest.say("echo never", id="next")
    state = await guest.gone()
    assert state.result == {"state": "error", "reason": "SandboxLost"}
    told = await guest.account()
    assert told["state"] == "error"
    assert told["message"]
    assert git(here.origin, "show", "courier/desk:value") == "saved"


async def test_what_an_unfinished_answer_had_saved_outlives_a_lost_sandbox(here: Scene) -> None:
    guest = await sit(here, "echo half > value; echo begun; sleep 60", checkpoint_seconds=1)
    async with asyncio.timeout(20):
        while not await here.world.checkpoints.of(guest.run):
            await asyncio.sleep(0.1)
    (machine,) = await here.world.sandboxes.find({"courier-run": guest.run})
    await here.world.sandboxes.kill(machine.id)
    state = await guest.gone()
    assert state.result == {"state": "error", "reason": "SandboxLost"}
    rescue = Rescue(here.world, here.engine, by=Identity("Ada", "ada@example.com"))
    rescued = await rescue.bring(Wanted("sandbox/desk"))
    assert rescued.branch == "courier/desk-rescued"
    assert git(here.origin, "show", f"{rescued.branch}:value") == "half"


async def test_a_machine_that_cannot_be_made_is_an_error_that_says_why(here: Scene) -> None:
    guest = await sit(here, secrets=("NO_SUCH_SECRET",))
    state = await guest.gone()
    assert state.result == {"state": "error", "reason": "CannotOpen"}
    assert "NO_SUCH_SECRET" in (await guest.account())["message"]
    assert await guest.machines() == []


async def test_work_on_a_branch_goes_back_to_it(here: Scene) -> None:
    git(here.origin, "branch", "feature", "main")
    await here.world.repository.fetch()
    guest = await sit(here, "echo more > value", branch="feature")
    await guest.answers(1)
    await guest.kill()
    assert git(here.origin, "show", "feature:value") == "more"
    (proposal,) = await here.forge.list()
    assert (proposal.branch, proposal.base) == ("feature", "main")


async def test_work_on_a_branch_that_moved_meanwhile_goes_to_its_own(here: Scene) -> None:
    git(here.origin, "branch", "feature", "main")
    await here.world.repository.fetch()
    guest = await sit(here, "echo more > value", branch="feature")
    await guest.answers(1)
    tree = git(here.origin, "rev-parse", "main^{tree}")
    moved = git(here.origin, "commit-tree", tree, "-p", "main", "-m", "Somebody else")
    git(here.origin, "update-ref", "refs/heads/feature", moved)
    await guest.kill()
    assert git(here.origin, "rev-parse", "feature") == moved
    assert git(here.origin, "show", "courier/desk:value") == "more"


async def test_what_the_gate_refuses_is_told_and_the_rest_of_going_is_done(here: Scene) -> None:
    guest = await sit(here, "mkdir -p .courier; echo x > .courier/evil.yaml")
    told = await guest.until(lambda told: told["work"]["refusal"] is not None)
    await guest.kill()
    told = await guest.account()
    assert told["state"] == "killed"
    assert told["going"][0]["part"] == "rescue"
    assert told["going"][0]["fault"]
    assert await guest.machines() == []
