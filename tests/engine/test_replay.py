"""Replays of real runs: exact where nothing changed, and loud where something did."""

import json
from datetime import datetime

import pytest

from courier.engine.recording import Recording
from courier.engine.records import RunRecords
from courier.engine.replay import Replayed, replay
from courier.errors import Misconfigured, NotFound
from courier.runs.writeback import journal_path
from tests.engine.worlds import UNTIL_TOLD, Scene, shell_plan

pytestmark = pytest.mark.slow

DESIGN = "echo $COURIER_ITERATION > value; echo said $COURIER_ITERATION"
CHECK = 'test "$(cat value)" = 2 || { echo "it is $(cat value)"; exit 1; }'


async def again(here: Scene, run: str = "fix") -> Replayed:
    return await replay(here.world, here.engine, run)


async def tamper(here: Scene, old: str, new: str, *, run: str = "fix") -> None:
    """Change the kept journal."""
    found = await RunRecords(here.world.state).find(run)
    assert found is not None
    content = (await RunRecords(here.world.state).journal(found)).decode()
    assert old in content
    path = journal_path(run, datetime.fromisoformat(found.value["startedAt"]))
    await here.world.state.keep_transcripts({path: content.replace(old, new).encode()})


async def test_an_ended_run_comes_out_the_same(here: Scene) -> None:
    await here.run(shell_plan(here, design=DESIGN, check=CHECK))
    record = await here.record()
    found = await again(here)
    assert found.is_exact, (found.differences, found.diverged)
    assert found.account["steps"] == record["steps"]
    assert (found.account["phase"], len(record["steps"])) == ("completed", 4)
    assert record["journal"] is not None
    assert found.answers > 16


async def test_a_cancelled_run_comes_out_the_same(here: Scene) -> None:
    plan = shell_plan(here, design=f"echo done > value; {UNTIL_TOLD}")
    await here.submit(plan)
    await here.printed("fix", "begun")
    await here.engine.cancel("fix", by="ana", reason="too slow")
    await here.engine.wait("fix")
    found = await again(here)
    assert found.is_exact, (found.differences, found.diverged)
    assert found.account["phase"] == "cancelled"


async def test_another_prompt_is_told(here: Scene) -> None:
    await here.run(shell_plan(here, design=DESIGN, check=CHECK))
    await tamper(here, '"projectInstructions": ""', '"projectInstructions": "Be kind."')
    found = await again(here)
    assert {each.what for each in found.differences} == {"promptDigest"}
    assert len(found.differences) == 4


async def test_another_way_is_told(here: Scene) -> None:
    await here.run(shell_plan(here, design=DESIGN, check=CHECK))
    await tamper(here, '"maxIterations": 3', '"maxIterations": 1')
    found = await again(here)
    assert not found.is_exact
    assert found.diverged is not None
    assert "design-2.1" in found.diverged


async def test_what_cannot_be_replayed_says_why(here: Scene) -> None:
    with pytest.raises(NotFound, match="no run"):
        await again(here)
    await here.run(shell_plan(here, design="true"))
    await tamper(here, '"recordingVersion": 1', '"recordingVersion": 99')
    with pytest.raises(Misconfigured, match="cannot be read"):
        await again(here)


def test_a_recording_survives_its_text() -> None:
    line = {
        "name": "a",
        "kind": "step",
        "phase": "failed",
        "tries": 2,
        "startedAt": "2026-11-21T10:00:00+00:00",
        "endedAt": "2026-11-21T10:00:01+00:00",
        "result": None,
        "error": {"type": "Conflict", "message": "x"},
    }
    head = {
        "recordingVersion": 1,
        "input": {"run": "ä"},
        "cancellation": {"by": "a", "reason": "b"},
    }
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in (head, line))
    assert Recording.read(text).to_text() == text


@pytest.mark.parametrize("text", ["", "{}", "[]\n", '{"recordingVersion": 1}', "not json"])
def test_a_broken_recording_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        Recording.read(text)
