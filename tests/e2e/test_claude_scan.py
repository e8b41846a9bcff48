"""The real Claude Code scans for issues: its words become files once they can be read."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.run.frozen import FrozenStep
from tests.e2e.claude_run_child import KEY
from tests.e2e.clis import local
from tests.engine.harvests import ANSWER
from tests.engine.worlds import git, make_origin, plan_of, provider, scene
from tests.fakes.embedded import Endpoint, serving
from tests.fakes.models import Asked, Call, Reply, Say, ScriptedModels, Turn

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (local.TOOLS / "claude").exists(), reason="Claude Code is not installed: `make tools`"
    ),
]


def _scans(asked: Asked) -> Reply:
    """Change a file, answer without the fence, and properly when asked again."""
    if "could not be read" in asked.prompt:
        return Turn.of(Say(f"```json\n{json.dumps(ANSWER)}\n```"))
    if asked.turns == 0:
        return Turn.of(Call("Write", {"file_path": "stray.txt", "content": "stray\n"}))
    return Turn.of(Say("I found two issues."))


@pytest.fixture
def sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    place = tmp_path_factory.mktemp("scan-sandboxd")
    shown = ("--expose", str(local.TOOLS.parent), "--expose", str(local.TOOLS))
    with serving(place, "--allow-plain", *shown) as endpoint:
        yield endpoint


async def test_words_of_the_real_cli_become_files(tmp_path: Path, sandboxes: Endpoint) -> None:
    origin = make_origin(tmp_path, {"README.md": "# Answers\n"})
    step = FrozenStep(name="scan", type="custom", agent="claude", harvests="issues")
    harvest = FrozenHarvest(sort="issues", kind="IssueScan", name="weekly")
    with ScriptedModels({"scan": _scans}) as models:
        env = {"ANTHROPIC_BASE_URL": models.base_url("run", "scan")}
        opening = scene(
            tmp_path / "home", origin, provider(sandboxes), environment=KEY, agent_env=env
        )
        async with opening as here:
            plan = plan_of(here.base, "fix", (step,))
            state = await here.run(plan.model_copy(update={"harvest": harvest}))
            assert state.result == {"phase": "completed", "reason": "Completed"}
            (pull,) = await here.forge.list()
    assert pull.title == "2 issues and 1 question from scan weekly"
    assert git(origin, "diff", "--name-only", "main", "courier/fix").splitlines() == [
        ".courier/answers/weekly-1.yaml",
        ".courier/issues/keep-less.yaml",
        ".courier/issues/the-value-is-wrong.yaml",
    ]
