"""Whole runs with shell agents: real sandboxes, real git, the local forge."""

import pytest

from tests.engine.worlds import Scene, git, shell_plan

CHECK = 'test "$(cat value)" = right || { echo "value is $(cat value), not right"; exit 1; }'
DESIGN = """
if [ -z "$COURIER_FEEDBACK" ]; then echo wrong > value; else echo right > value; fi
echo "wrote $(cat value)"
"""


@pytest.mark.slow
async def test_the_checker_rejects_the_designer_tries_again_and_the_work_is_proposed(
    here: Scene,
) -> None:
    state = await here.run(shell_plan(here, design=DESIGN, check=CHECK))
    assert state.result == {"phase": "completed", "reason": "Completed"}
    assert git(here.origin, "show", "courier/fix:value") == "right"
    assert git(here.origin, "show", "main:value") == "none"
    record = await here.record("fix")
    steps = record["steps"]
    assert isinstance(steps, list)
    assert [(step["step"], step["iteration"]) for step in steps] == [
        ("design", 1),
        ("check", 1),
        ("design", 2),
        ("check", 2),
    ]
    assert "value is wrong, not right" in steps[1]["verdict"]["feedback"]
    (proposal,) = await here.forge.list()
    assert (proposal.status, proposal.branch, proposal.title) == (
        "created",
        "courier/fix",
        "Fix the value",
    )
    assert await here.world.sandboxes.find({"courier-run": "fix"}) == []
