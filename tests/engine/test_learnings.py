"""A learning from a rejected step: found, proposed, approved, told to the next run, rolled back."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

import pytest
import pytest_asyncio

from courier.engine.desired import DesiredState
from courier.engine.dispatcher import Dispatcher
from courier.engine.learnings.deciding import Deciding, Decision
from courier.engine.learnings.desk import LearningDesk
from courier.engine.observation import Observation
from courier.engine.reconciler import Reconciler, Result
from courier.errors import Conflict
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
LESSON: dict[str, object] = {
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


PLAIN = {"type": "single", "steps": [{"name": "work", "type": "custom", "run": "echo x > value"}]}
FENCE = "```"


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


@pytest.fixture
def taught() -> list[dict[str, object]]:
    """What is found in whatever run was rejected."""
    return [LESSON]


@pytest.fixture
def models(taught: list[dict[str, object]]) -> ScriptedModels:
    def lessons(asked: Asked) -> Reply:
        found = taught if "value must be good" in asked.prompt else []
        return Turn.of(Call("learnings", {"learnings": found}))

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


async def test_one_is_taken_out_of_the_pull_request_and_the_other_approved(
    here: Scene, taught: list[dict[str, object]]
) -> None:
    taught.append({**LESSON, "trigger": "When you deploy", "correctBehavior": "Ask Anna first."})
    await settled(here, "one")
    first, second = (await here.record("one"))["learnings"]["proposed"]
    deciding = Deciding(here.world)
    batch = await deciding.batch_of([first])
    assert batch is not None
    at = here.world.clock.now().replace(microsecond=0)
    with pytest.raises(Conflict, match="proposes other learnings too"):
        await deciding.approve(batch, Decision("approve", (second,), ANNA, at))
    await deciding.reject(batch, Decision("reject", (first,), ANNA, at, "no"))
    (proposal,) = await proposals(here)
    assert proposal.title == "1 learning of demo"
    batch = await deciding.batch_of([second])
    assert batch is not None
    merged = await deciding.approve(batch, Decision("approve", (second,), ANNA, at))
    assert merged.status == "merged"
    files = git(here.origin, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert [path for path in files if "learnings" in path] == [f".courier/learnings/{second}.yaml"]
    assert await deciding.batch_of([first, second]) is None
    assert len(await here.world.state.paths(REJECTED)) == 1
    asked = [path for path in await here.world.state.paths("requests") if "learnings" in path]
    assert len(asked) == 2
    told = json.loads(await content(here, asked[0]))
    assert (told["by"], told["learnings"]) == ("Anna <anna@example.com>", [second])


async def test_the_last_one_taken_out_closes_the_pull_request(here: Scene) -> None:
    await settled(here, "one")
    (name,) = (await here.record("one"))["learnings"]["proposed"]
    deciding = Deciding(here.world)
    batch = await deciding.batch_of([name])
    assert batch is not None
    await deciding.reject(batch, Decision("reject", (name,), ANNA, here.world.clock.now()))
    (proposal,) = await proposals(here)
    assert proposal.status == "closed"
    assert await deciding.batch_of([name]) is None


async def test_a_second_run_adds_to_the_pull_request_that_is_open(
    here: Scene, taught: list[dict[str, object]]
) -> None:
    await settled(here, "one")
    taught.append({**LESSON, "correctBehavior": "Never write the word good."})
    write(here, {".courier/runs/two.yaml": run("two")})
    await settled(here, "two")
    record = (await here.record("two"))["learnings"]
    assert (record["found"], len(record["proposed"]), len(record["known"])) == (2, 1, 1)
    (proposal,) = await proposals(here)
    assert proposal.title == "2 learnings of demo"
    assert f"**Contradicts `{record['known'][0]}`**" in proposal.body
    files = git(here.origin, "ls-tree", "-r", "--name-only", proposal.branch).splitlines()
    assert len([path for path in files if path.startswith(".courier/learnings/")]) == 2


async def test_commands_alone_without_a_rejection_cost_no_token(
    here: Scene, models: ScriptedModels
) -> None:
    write(here, {"value2": "", ".courier/workflow.yaml": document("Workflow", "fix", PLAIN)})
    await settled(here, "one")
    record = (await here.record("one"))["learnings"]
    assert (record["status"], record["reason"]) == ("skipped", "NothingToLearn")
    assert models.logged("run") == []
    assert await here.engine.status("one.learn") is None


async def test_an_agent_looks_where_one_is_named(here: Scene, models: ScriptedModels) -> None:
    told = json.loads(project())
    told["spec"]["sessions"] = {"learning": {"agent": "scribe"}}
    answer = json.dumps({"learnings": [LESSON]})
    said = f"I looked.\n\n{FENCE}json\n{answer}\n{FENCE}\n"
    commands = f"grep -q 'value must be good' || exit 3; echo spoilt > value; echo {quote(said)}"
    scribe = {"start": ["sh", "-c", commands]}
    files = {".courier/agent.yaml": document("Agent", "scribe", scribe)}
    write(here, {**files, ".courier/project.yaml": json.dumps(told)})
    await settled(here, "one")
    learner = await here.record("one.learn")
    assert (learner["phase"], learner["steps"][0]["agent"]) == ("completed", "scribe")
    assert len(await proposals(here)) == 1
    assert models.logged("run") == []
