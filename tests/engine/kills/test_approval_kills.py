"""Runs that wait for people under kill -9: asked once, answered once, delivered once."""

from pathlib import Path

import pytest

from tests.engine.kills.asking import files, kill_in_turn, left_over, record
from tests.engine.kills.invariants import problems_of
from tests.fakes.embedded import Endpoint


@pytest.mark.slow
@pytest.mark.parametrize(
    ("story", "places"),
    [
        ("approvals", ["designed", "designed", "ship"]),
        (
            "held-back",
            ["protected-paths", "designed", "protected-paths", "designed", "ship"],
        ),
    ],
    ids=["asked", "held-back"],
)
async def test_a_run_killed_at_every_fact_around_its_approvals_ends_as_if_nothing_had_happened(
    tmp_path: Path, sandboxd: Endpoint, story: str, places: list[str]
) -> None:
    folder = tmp_path / "asked"
    assert kill_in_turn(folder, sandboxd, story) > 150
    assert problems_of(folder, ["fix"]) == []
    origin = folder / "origin.git"
    asked = record(origin)["approvals"]
    assert [one["approval"] for one in asked] == places
    assert [one["answer"]["answer"] for one in asked] == ["approved"] * len(places)
    assert len(files(origin, "requests")) == len(places)
    assert await left_over(folder, sandboxd) == 0
