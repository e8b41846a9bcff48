"""Chains by command: worked off by one apply, listed, described, gone on with."""

import json

import pytest

from tests.cli.place import Place
from tests.engine.chainscenes import NOTE, sprints

pytestmark = pytest.mark.slow


def test_a_chain_is_worked_off_by_one_apply_and_gone_on_with_by_a_word(place: Place) -> None:
    broken = {"two": "BREAK it."}
    documents = {
        ".courier/note.yaml": NOTE,
        ".courier/chain.yaml": sprints("one", "two", prompts=broken),
    }
    place.publish(documents)
    said = place.courier("plan")
    assert "+ roadmap.one.sprint  SprintChain/roadmap: sprint one, 1 of 2" in said.out
    said = place.courier("apply")
    assert (said.code, said.err) == (1, "")
    assert "✓ pull request #1: courier/roadmap.one.sprint → main" in said.out
    listed = place.courier("get", "chains").out.splitlines()
    assert listed[1].split() == ["roadmap", "SprintChain", "failed", "1/2", "2/2", "two", "-"]
    told = place.courier("describe", "sprintchain/roadmap").out
    assert "courier retry roadmap.two.sprint" in told
    assert "#1 created" in told
    account = json.loads(place.courier("describe", "sprintchain/roadmap", "-o", "json").out)
    assert (account["item"]["currentIndex"], account["item"]["resumeIndex"]) == (1, 1)

    unknown = place.courier("resume", "sprintchain/roadmap", "--from", "too")
    assert (unknown.code, "two" in unknown.err) == (1, True)
    mended = {".courier/chain.yaml": sprints("one", "two")}
    place.publish(mended)
    said = place.courier("resume", "sprintchain/roadmap")
    assert said.out == "SprintChain/roadmap goes on with two.\n"
    assert place.courier("apply").code == 0
    assert "completed" in place.courier("get", "sprintchains").out
    again = place.courier("resume", "sprintchain/roadmap")
    assert (again.code, "waits for no word" in again.err) == (1, True)
    runs = place.courier("get", "runs", "-o", "name").out
    assert "roadmap.two.sprint-2" in runs


def test_a_part_of_a_chain_can_be_simulated(place: Place) -> None:
    place.publish({".courier/note.yaml": NOTE, ".courier/chain.yaml": sprints("one", "two")})
    scenario = "scenario: The second\nrun: roadmap.two.sprint\nexpect: {phase: completed}\n"
    (place.root / "scenes.yaml").write_text(scenario)
    said = place.courier("apply", "--simulate", "scenes.yaml")
    assert (said.code, said.err) == (0, "")
    assert "as expected" in said.out
