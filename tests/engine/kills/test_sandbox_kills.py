"""A sandbox kept through kill -9 at every fact: nothing lost, nothing twice."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.engine.kills.asking import kill_in_turn, left_over
from tests.engine.kills.sandboxes import NAMES
from tests.engine.worlds import git
from tests.fakes.embedded import Endpoint


@pytest.mark.slow
async def test_a_sandbox_kept_through_kills_at_every_fact_ends_as_if_nothing_had_happened(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    folder = tmp_path / "kept"
    assert kill_in_turn(folder, sandboxd, "sandbox") > 80
    origin = folder / "origin.git"
    told = json.loads(git(origin, "show", "courier/state:sandboxes/desk.json"))
    assert (told["state"], told["reason"]) == ("killed", "Killed")
    answers = [one for one in told["messages"] if one["role"] == "assistant"]
    assert [one["status"] for one in answers] == ["completed"] * 3
    lines = [line for one in answers for line in one["content"].splitlines()]
    assert lines == [f"{name} line {number}" for name in NAMES for number in (1, 2, 3)]
    # An agent that was started twice for one message would have counted to more.
    assert git(origin, "show", "courier/desk:starts").split() == ["start"] * 3
    assert git(origin, "show", "courier/desk:value").split() == ["none", *NAMES]
    parts = [part["part"] for part in told["going"]]
    assert set(parts) >= {"rescue", "push", "propose", "destroy", "keep"}
    assert max(Counter(parts).values()) == 1
    assert [part["fault"] for part in told["going"] if part["fault"]] == []
    assert told["pullRequest"]["number"] == 1
    used = git(origin, "show", "courier/state:usage/" + told["endedAt"][:7] + ".jsonl")
    parts = [json.loads(line)["key"].partition("/")[2] for line in used.splitlines()]
    assert parts == ["turn-1", "turn-2", "turn-3", "machine"]
    transcripts = sorted((folder / folder.name / "transcripts" / "sandbox.desk").iterdir())
    spoken = [json.loads(line) for path in transcripts for line in path.read_text().splitlines()]
    assert [one["text"] for one in spoken if one["kind"] == "output"] == lines
    assert await left_over(folder, sandboxd) == 0
