"""Taking in what runs taught: killed anywhere, in parts, twice, by an agent, not at all."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

import pytest
import pytest_asyncio

from courier.engine.learnings.deciding import Deciding, Decision
from courier.engine.learnings.desk import LearningDesk
from courier.errors import Conflict, Unavailable
from courier.planning.learned.batch import REJECTED
from courier.runs.pullrequests.pullrequest import Proposed, PullRequest
from tests.engine.learning_worlds import (
    ANNA,
    FENCE,
    LESSON,
    PLAIN,
    content,
    document,
    documents,
    project,
    proposals,
    reconciler,
    run,
    settled,
    teacher,
    write,
)
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.models import Asked, Call, Hang, Reply, ScriptedModels, Turn

pytestmark = pytest.mark.slow


@pytest.fixture
def taught() -> list[dict[str, object]]:
    """What is found in whatever run was rejected."""
    return [LESSON]


@pytest.fixture
def models(taught: list[dict[str, object]]) -> ScriptedModels:
    return teacher(taught)


@pytest_asyncio.fixture
async def here(tmp_path: Path, sandboxd: Endpoint, models: ScriptedModels) -> AsyncIterator[Scene]:
    origin = make_origin(tmp_path, {"value": "none\n"})
    with models:
        async with scene(
            tmp_path / tmp_path.name,
            origin,
            provider(sandboxd),
            environment={"ANTHROPIC_API_KEY": "key-of-the-model"},
            agent_env={"ANTHROPIC_BASE_URL": models.base_url("run", "learn")},
        ) as opened:
            write(opened, documents(opened.forge_name))
            yield opened


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


class Unreached:
    """A forge that opens no pull request of courier's own now."""

    def __init__(self, forge: Any) -> None:
        self._forge = forge

    def __getattr__(self, name: str) -> Any:
        return getattr(self._forge, name)

    async def propose(self, proposed: Proposed) -> PullRequest:
        if proposed.branch.startswith("courier-learnings/"):
            raise Unavailable("The forge does not answer.")
        found: PullRequest = await self._forge.propose(proposed)
        return found


async def test_a_forge_out_of_reach_is_tried_again_by_the_next_pass(here: Scene) -> None:
    forges: dict[str, Any] = {"local": Unreached(here.forge)}
    cut_off = replace(here, world=replace(here.world, forges=forges))
    passes = reconciler(cut_off)
    for _ in range(4):
        result = await passes.reconcile()
        for state in await here.engine.list(live=True):
            await here.engine.wait(state.run_id)
    assert [one.message for one in result.dispatched if one.how == "failed"] == [
        "The forge does not answer."
    ]
    assert not (await passes.reconcile()).was_idle
    assert await proposals(here) == []
    await settled(here, "one")
    assert len(await proposals(here)) == 1


async def test_a_session_cut_off_while_it_asks_is_charged_once(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    origin = make_origin(tmp_path, {"value": "none\n"})
    asked: list[Asked] = []

    def lessons(seen: Asked) -> Reply:
        asked.append(seen)
        if len(asked) == 1:
            return Hang()
        return Turn.of(Call("learnings", {"learnings": [LESSON]}))

    async def opened(models: ScriptedModels, work: Callable[[Scene], Awaitable[None]]) -> None:
        async with scene(
            tmp_path / tmp_path.name,
            origin,
            provider(sandboxd),
            environment={"ANTHROPIC_API_KEY": "key-of-the-model"},
            agent_env={"ANTHROPIC_BASE_URL": models.base_url("run", "learn")},
        ) as here:
            await work(here)

    async def begin(here: Scene) -> None:
        write(here, documents("local"))
        passes = reconciler(here)
        await passes.reconcile()
        await here.engine.wait("one")
        await passes.reconcile()
        await here.reached("one.learn", "learn-1.1/ask")
        async with asyncio.timeout(20):
            while not asked:
                await asyncio.sleep(0.02)

    async def end(here: Scene) -> None:
        await here.engine.wait("one.learn")
        await settled(here, "one")
        assert (await here.record("one"))["learnings"]["found"] == 1
        assert len(await proposals(here)) == 1
        (month,) = await here.world.state.paths("usage")
        keys = [json.loads(line)["key"] for line in (await content(here, month)).splitlines()]
        assert [key for key in keys if key.startswith("one.learn")] == ["one.learn/learn-1.1"]

    with ScriptedModels({"learn": lessons}) as models:
        await opened(models, begin)
        await opened(models, end)
    assert len(asked) == 2
