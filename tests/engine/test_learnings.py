"""A learning from a rejected step: found, proposed, approved, told to the next run, rolled back."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from courier.engine.desired import DesiredState
from courier.engine.dispatcher import Dispatcher
from courier.engine.learnings.desk import LearningDesk
from courier.engine.observation import Observation
from courier.engine.reconciler import Reconciler, Result
from courier.planning.learned.batch import REJECTED
from courier.planning.manifest import Schemas
from courier.ports.repository import Identity
from courier.ports.state import WriteFile
from courier.runs.extraction import PENDING
from courier.runs.pullrequest import PullRequest
from courier.shipped import schema_text
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.models import Asked, Call, Reply, ScriptedModels, Turn

pytestmark = pytest.mark.slow

ANNA = Identity("Anna", "anna@example.com")
LESSON = {
    "description": "The check greps for the word, so any other spelling fails.",
    "trigger": "When you write the file value",
    "correctBehavior": "Write exactly the word good.",
    "severity": "critical",
    "category": "gotcha",
    "roles": ["designer"],
}
DESIGN = """
[ "$COURIER_ITERATION" = 2 ] && echo good > value || echo goood > value
cat "$COURIER_PROMPT_FILE"
"""
CHECK = "grep -qx good value || { echo 'value must be good'; exit 1; }"
WORKFLOW = {
    "type": "designerChecker",
    "steps": [
        {"name": "design", "type": "designer", "run": DESIGN},
        {"name": "check", "type": "checker", "run": CHECK},
    ],
}


def document(kind: str, name: str, spec: Mapping[str, Any]) -> str:
    told = {"apiVersion": "courier/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return json.dumps(told)


def project(**learnings: object) -> str:
    spec = {
        "agent": "shell",
        "learnings": {"extract": "always", **learnings},
        "sessions": {"learning": {"model": "anthropic/small-1"}},
    }
    return document("Project", "demo", spec)


def run(name: str) -> str:
    return document("Run", name, {"workflow": "fix", "prompt": f"Write value for {name}."})


FILES = {
    ".courier/project.yaml": project(),
    ".courier/workflow.yaml": document("Workflow", "fix", WORKFLOW),
    ".courier/runs/one.yaml": run("one"),
    "value": "none\n",
}


def lessons(asked: Asked) -> Reply:
    """Find the lesson in whatever run was rejected."""
    found = [LESSON] if "value must be good" in asked.prompt else []
    return Turn.of(Call("learnings", {"learnings": found}))


@pytest.fixture
def models() -> ScriptedModels:
    return ScriptedModels({"learn": lessons})


@pytest_asyncio.fixture
async def here(tmp_path: Path, sandboxd: Endpoint, models: ScriptedModels) -> AsyncIterator[Scene]:
    origin = make_origin(tmp_path, FILES)
    with models:
        async with scene(
            tmp_path / tmp_path.name,
            origin,
            provider(sandboxd),
            environment={"ANTHROPIC_API_KEY": "key-of-the-model"},
            agent_env={"ANTHROPIC_BASE_URL": models.base_url("run", "learn")},
        ) as opened:
            yield opened


def reconciler(here: Scene) -> Reconciler:
    observation = Observation(here.world, here.engine, remote=str(here.origin))
    return Reconciler(
        here.world,
        DesiredState(here.world, Schemas(schema_text)),
        observation,
        Dispatcher(here.world, here.engine, observation),
    )


def write(here: Scene, files: Mapping[str, str]) -> None:
    """Commit files to the tracked branch, as people do."""
    clone = here.origin.parent / "people"
    if not clone.exists():
        git(here.origin.parent, "clone", "-q", str(here.origin), str(clone))
    git(clone, "pull", "-q")
    for path, content in files.items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(content)
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "Say what is wanted")
    git(clone, "push", "-q")


async def settled(here: Scene, *runs: str, passes: Reconciler | None = None) -> Result:
    """Do passes until the runs, and whatever looks them through, have ended."""
    passes = passes or reconciler(here)
    for _ in range(8):
        result = await passes.reconcile()
        assert not [one for one in result.dispatched if one.how == "failed"], result.dispatched
        for state in await here.engine.list(live=True):
            await here.engine.wait(state.run_id)
        await here.world.state.refresh()
        pending = await here.world.state.paths(PENDING)
        if not pending and all([await here.engine.status(each) for each in runs]):
            break
    return await passes.reconcile()


async def proposals(here: Scene) -> list[PullRequest]:
    return [pull for pull in await here.forge.list() if pull.branch.startswith("courier-l")]


async def content(here: Scene, path: str) -> str:
    return (await here.world.state.read([path]))[path].decode()


async def said(here: Scene, run: str, step: str) -> str:
    await here.world.state.refresh()
    paths = await here.world.state.paths("runs")
    (path,) = [path for path in paths if f"/{run}/steps/01-{step}" in path and "output" in path]
    return await content(here, path)


async def test_a_learning_is_proposed_approved_told_and_rolled_back(
    here: Scene, models: ScriptedModels
) -> None:
    await settled(here, "one")
    first = await here.record("one")
    assert first["learnings"]["status"] == "completed"
    (name,) = first["learnings"]["proposed"]
    assert first["learnings"]["session"] == "one.learn"
    assert "learnings" not in first["steps"][0]
    (proposal,) = await proposals(here)
    assert proposal.title == "1 learning of demo"
    assert "- Do: Write exactly the word good." in proposal.body
    learner = await here.record("one.learn")
    assert (learner["phase"], learner["source"]) == ("completed", "learning")
    assert learner["usage"]["inputTokens"] > 0
    assert "learnings" not in learner

    await here.forge.merge(proposal.number, by=ANNA)
    write(here, {".courier/runs/two.yaml": run("two")})
    await settled(here, "two")
    second = await here.record("two")
    told = second["steps"][0]["learnings"]
    assert (told["version"], [one["name"] for one in told["lessons"]]) == (1, [name])
    assert "Write exactly the word good." in await said(here, "two", "design")
    assert second["steps"][1]["learnings"]["lessons"] == []
    assert second["learnings"]["known"] == [name]
    assert second["learnings"]["proposed"] == []
    assert "Write exactly the word good." in await content(here, "learnings/versions/1.md")
    await rolled_back(here, name)
    assert len(models.logged("run")) == 3


async def rolled_back(here: Scene, name: str) -> None:
    other = {**LESSON, "trigger": "When you deploy", "correctBehavior": "Ask Anna first."}
    write(here, {".courier/learnings/ask.yaml": document("Learning", "ask", other)})
    await settled(here)
    pinned = {".courier/project.yaml": project(pin="1"), ".courier/runs/three.yaml": run("three")}
    write(here, pinned)
    await settled(here, "three")
    third = await here.record("three")
    told = third["steps"][0]["learnings"]
    assert (told["version"], [one["name"] for one in told["lessons"]]) == (1, [name])
    assert "Ask Anna first." not in await said(here, "three", "design")
    assert len(json.loads(await content(here, "learnings/index.json"))["versions"]) == 2


async def test_what_was_closed_is_not_proposed_again(here: Scene) -> None:
    await settled(here, "one")
    (proposal,) = await proposals(here)
    await here.forge.close(proposal.number, by=ANNA)
    write(here, {".courier/runs/two.yaml": run("two")})
    await settled(here, "two")
    second = await here.record("two")
    assert second["learnings"]["message"] == "1 of them is like rejected."
    assert second["learnings"]["proposed"] == []
    assert "learnings" not in second["steps"][0]
    (path,) = await here.world.state.paths(REJECTED)
    told = json.loads(await content(here, path))
    assert (told["number"], told["by"]) == (proposal.number, "Anna <anna@example.com>")
    assert len(await proposals(here)) == 1


async def test_a_version_that_was_edited_on_the_state_branch_is_not_told(here: Scene) -> None:
    await settled(here, "one")
    (proposal,) = await proposals(here)
    await here.forge.merge(proposal.number, by=ANNA)
    await settled(here)
    path = "learnings/versions/1.md"
    was = (await here.world.state.read([path]))[path]
    evil = was.replace(b"exactly the word good", b"whatever you like")
    assert evil != was
    await here.world.state.write([WriteFile(path, evil)], message="Edit by hand")
    write(here, {".courier/project.yaml": project(pin="1"), ".courier/runs/two.yaml": run("two")})
    result = await reconciler(here).reconcile()
    assert result.plan is not None
    (held,) = [one for one in result.plan.held if one.name == "two"]
    assert "the digest differs" in held.message
    assert await here.engine.status("two") is None


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """A port whose process is killed right after it changed the world so many times."""

    def __init__(self, port: Any, left: list[int]) -> None:
        self._port, self._left = port, left

    def __getattr__(self, name: str) -> Any:
        action = getattr(self._port, name)
        if name not in ("write", "push", "propose"):
            return action

        async def fatal(*given: Any, **named: Any) -> Any:
            found = await action(*given, **named)
            self._left[0] -= 1
            if self._left[0] <= 0:
                raise Killed
            return found

        return fatal


async def test_killed_after_every_touch_one_pull_request_and_one_charge_remain(
    here: Scene, models: ScriptedModels
) -> None:
    passes = reconciler(here)
    for _ in range(2):
        result = await passes.reconcile()
        for state in await here.engine.list(live=True):
            await here.engine.wait(state.run_id)
    assert result.catalog is not None
    kills = 0
    for touches in (1, 1, 1, 2, 9):
        await here.world.repository.fetch()
        await here.world.index.follow()
        left = [touches]
        mortal = replace(
            here.world,
            state=Mortal(here.world.state, left),
            repository=Mortal(here.world.repository, left),
            forges={"local": Mortal(here.forge, left)},
        )
        try:
            await LearningDesk(mortal).settle(result.catalog, set())
        except Killed:
            kills += 1
            continue
        break
    assert kills == 4
    await settled(here, "one")
    (proposal,) = await proposals(here)
    assert proposal.status == "created"
    files = git(here.origin, "ls-tree", "-r", "--name-only", proposal.branch).splitlines()
    (path,) = [path for path in files if path.startswith(".courier/learnings/")]
    assert path.endswith(".yaml")
    assert (await here.record("one"))["learnings"]["found"] == 1
    lines = (await here.world.state.paths("usage"))[0]
    keys = [json.loads(line)["key"] for line in (await content(here, lines)).splitlines()]
    assert keys.count("one.learn/learn-1.1") == 1
    assert len(models.logged("run")) == 1
