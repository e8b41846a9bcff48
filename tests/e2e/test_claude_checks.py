"""The real Claude Code mends red checks in the conversation in which it did the work."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from courier.runs.run.frozen import FrozenPlan, FrozenStep
from tests.e2e.claude_run_child import KEY
from tests.e2e.clis import local
from tests.e2e.test_claude_run import claude_sandboxd
from tests.engine.test_run_ci import QUICK, ended, proposed, tell
from tests.engine.worlds import Scene, git, make_origin, plan_of, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.models import Asked, Call, Reply, Say, ScriptedModels, Turn

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (local.TOOLS / "claude").exists(), reason="Claude Code is not installed: `make tools`"
    ),
]

__all__ = ["claude_sandboxd"]

RED = "continuous integration rejected"


def _answers(asked: Asked) -> Reply:
    """Write what is wrong, and put it right once told of red checks."""
    if not asked.has_tools:
        return Turn.of(Say("Answers"))
    right = RED in asked.prompt
    if asked.turns_since_prompt:
        return Turn.of(Say("Mended." if right else "Done."))
    content = "42\n" if right else "41\n"
    steps = (Call("Read", {"file_path": "answer.txt"}),) if right else ()
    return Turn.of(*steps, Call("Write", {"file_path": "answer.txt", "content": content}))


@pytest.fixture
async def here(
    tmp_path: Path, claude_sandboxd: Endpoint
) -> AsyncIterator[tuple[Scene, ScriptedModels]]:
    origin = make_origin(tmp_path, {"README.md": "# Answers\n"})
    with ScriptedModels({"answers": _answers}) as models:
        env = {"ANTHROPIC_BASE_URL": models.base_url("run", "answers")}
        opening = scene(
            tmp_path / "home", origin, provider(claude_sandboxd), environment=KEY, agent_env=env
        )
        async with opening as opened:
            yield opened, models


def plan(here: Scene) -> FrozenPlan:
    step = FrozenStep(name="design", type="designer", agent="claude", timeout_seconds=120)
    made = plan_of(here.base, "fix", (step,))
    return made.model_copy(update={"ci": QUICK, "task": "Put 42 into answer.txt."})


async def test_the_turn_that_mends_continues_the_conversation(
    here: tuple[Scene, ScriptedModels],
) -> None:
    scene, models = here
    await scene.submit(plan(scene))
    first = await proposed(scene)
    await tell(scene, first.head, "failure", log="E  assert 41 == 42")
    second = await proposed(scene, first.head)
    await tell(scene, second.head, "success")
    record = await ended(scene)
    assert (record["phase"], record["reason"]) == ("completed", "Completed")
    assert git(scene.origin, "show", "courier/fix:answer.txt") == "42"
    design, repair = record["steps"]
    assert design["sandbox"] == repair["sandbox"]
    last = models.asked("run")[-1]
    assert len(last.prompts) == 2
    assert "Put 42 into answer.txt." in last.prompts[0]
    assert RED in last.prompts[1]
    assert "assert 41 == 42" in last.prompts[1]
    # What the first turn cost is not charged a second time.
    requests = len([asked for asked in models.asked("run") if asked.has_tools])
    assert record["usage"]["outputTokens"] == 50 * requests
    costs = [Decimal(step["usage"]["costUsd"]) for step in record["steps"]]
    assert sum(costs) == Decimal(record["usage"]["costUsd"]) > 0
