"""Replays of real runs: exact where nothing changed, and loud where something did."""

import json
from datetime import datetime

import pytest

from courier.engine.accounts.records import RunRecords
from courier.engine.accounts.replay import Replayed, replay
from courier.engine.running.question import SIGNAL
from courier.engine.running.recording import Recording
from courier.errors import Misconfigured, NotFound
from courier.runs.briefs.assets import FrozenScript
from courier.runs.records.writeback import journal_path
from courier.runs.run.frozen import FrozenApproval
from tests.engine.contest import candidate, contest
from tests.engine.test_run_approvals import say, settle
from tests.engine.worlds import UNTIL_TOLD, Scene, shell_plan, single_plan

pytestmark = pytest.mark.slow

DESIGN = "echo $COURIER_ITERATION > value; echo said $COURIER_ITERATION"
CHECK = 'test "$(cat value)" = 2 || { echo "it is $(cat value)"; exit 1; }'


async def again(here: Scene, run: str = "fix") -> Replayed:
    return await replay(here.world, here.engine, run)


async def journal(here: Scene) -> bytes:
    """Return the kept journal."""
    records = RunRecords(here.world.state, here.world.index)
    found = await records.find("fix")
    assert found is not None
    return await records.journal(found)


async def tamper(here: Scene, old: str, new: str, *, candidate: int | None = None) -> None:
    """Change the kept journal of the run, or that of a candidate."""
    records = RunRecords(here.world.state, here.world.index)
    found = await records.find("fix")
    assert found is not None
    path = journal_path(
        "fix", datetime.fromisoformat(found.value["startedAt"]), candidate=candidate
    )
    content = ((await here.world.state.read_transcript(path)) or b"").decode()
    assert old in content
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


async def test_what_candidates_did_comes_out_the_same(here: Scene) -> None:
    await here.run(contest(here, candidate("one"), candidate("two")))
    record = await here.record()
    found = await again(here)
    assert found.is_exact, (found.differences, found.diverged)
    assert found.account["steps"] == record["steps"]
    assert found.account["candidates"] == record["candidates"]
    alone = Recording.read((await journal(here)).decode())
    assert found.answers > len(alone.steps) + 2 * 16


async def test_another_prompt_or_way_of_a_candidate_is_told(here: Scene) -> None:
    await here.run(contest(here, candidate("one"), candidate("two")))
    await tamper(here, '"task": "Fix the value."', '"task": "Mend the value."', candidate=1)
    found = await again(here)
    assert {each.what for each in found.differences} == {"promptDigest"}
    assert len(found.differences) == 4
    await tamper(here, '"maxIterations": 3', '"maxIterations": 1', candidate=2)
    found = await again(here)
    assert found.diverged is not None
    assert "design-2.1" in found.diverged


async def test_stopped_candidates_come_out_the_same(here: Scene) -> None:
    design = f'echo "$WORD" > value; {UNTIL_TOLD}'
    await here.submit(contest(here, *(candidate(word, design=design) for word in ("one", "two"))))
    await here.reached("fix.c1", "design-1.1/turn-1")
    await here.reached("fix.c2", "design-1.1/turn-1")
    await here.engine.cancel("fix", by="ana", reason="enough")
    await here.engine.wait("fix")
    record, found = await here.record(), await again(here)
    assert found.is_exact, (found.differences, found.diverged)
    assert [one["phase"] for one in record["candidates"]] == ["cancelled", "cancelled"]
    assert len(record["steps"]) == 2
    assert found.account["candidates"] == record["candidates"]


SAYS_NO = FrozenScript(name="lint", when="postStep", run="echo untidy; exit 1", on_failure="warn")
SCRIPTS = (
    FrozenScript(name="set-up", when="preRun", run="echo ready"),
    FrozenScript(name="facts", when="context", run="echo The value was $(cat value)."),
    SAYS_NO,
    FrozenScript(name="last", when="postRun", run="test $(cat value) = done"),
)


@pytest.mark.parametrize("answer", ["approve", "reject"])
async def test_scripts_and_peoples_answers_come_out_the_same(here: Scene, answer: str) -> None:
    plan = single_plan(here, "echo done > value", scripts=SCRIPTS)
    before = (FrozenApproval(name="ship", before="delivery", reason="Look."),)
    await here.submit(plan.model_copy(update={"approvals": before}))
    await here.reached("fix", SIGNAL)
    await say(here, answer)
    await settle(here)
    await here.engine.wait("fix")
    record, found = await here.record(), await again(here)
    assert found.is_exact, (found.differences, found.diverged)
    for field in ("steps", "approvals", "afterwards", "phase", "reason", "message"):
        assert found.account[field] == record[field], field
    assert record["phase"] == {"approve": "completed", "reject": "failed"}[answer]
    assert [each["name"] for each in record["steps"][0]["scripts"]] == ["set-up", "facts", "lint"]
    assert record["approvals"][0]["answer"]["answer"] == f"{answer.removesuffix('e')}ed"


async def test_nobodys_answer_comes_out_the_same(here: Scene) -> None:
    hasty = FrozenApproval(name="ship", before="delivery", reason="Look.", timeout_seconds=1)
    plan = shell_plan(here, design="echo done > value", approvals=(hasty,))
    await here.run(plan)
    found = await again(here)
    assert found.is_exact, (found.differences, found.diverged)
    assert found.account["reason"] == "ApprovalTimedOut"


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
