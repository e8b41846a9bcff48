"""A learning from a rejected step: found, proposed, approved, told to the next run, rolled back."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from courier.planning.learned.batch import REJECTED
from courier.ports.state import WriteFile
from tests.engine.learning_worlds import (
    ANNA,
    LESSON,
    content,
    document,
    documents,
    project,
    proposals,
    reconciler,
    run,
    said,
    settled,
    teacher,
    write,
)
from tests.engine.worlds import Scene, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.github.hosting import Hosting
from tests.fakes.models import ScriptedModels

pytestmark = pytest.mark.slow


@pytest.fixture
def taught() -> list[dict[str, object]]:
    """What is found in whatever run was rejected."""
    return [LESSON]


@pytest.fixture
def models(taught: list[dict[str, object]]) -> ScriptedModels:
    return teacher(taught)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return make_origin(tmp_path, {"value": "none\n"})


@pytest.fixture
def hosting(each_forge: Hosting | None) -> Hosting | None:
    return each_forge


@pytest_asyncio.fixture
async def here(
    origin: Path, sandboxd: Endpoint, models: ScriptedModels, hosting: Hosting | None
) -> AsyncIterator[Scene]:
    with models:
        async with scene(
            origin.parent / origin.parent.name,
            origin,
            provider(sandboxd),
            environment={"ANTHROPIC_API_KEY": "key-of-the-model"},
            agent_env={"ANTHROPIC_BASE_URL": models.base_url("run", "learn")},
            hosting=hosting,
        ) as opened:
            write(opened, documents(opened.forge_name))
            yield opened


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
    assert len(models.logged("run")) == 4


async def rolled_back(here: Scene, name: str) -> None:
    other = {**LESSON, "trigger": "When you deploy", "correctBehavior": "Ask Anna first."}
    over = {**other, "correctBehavior": "Ask Bo first.", "expires": "2026-01-01"}
    more = {
        ".courier/learnings/ask.yaml": document("Learning", "ask", other),
        ".courier/learnings/over.yaml": document("Learning", "over", over),
        ".courier/runs/wide.yaml": run("wide"),
    }
    write(here, more)
    await settled(here, "wide")
    wide = (await here.record("wide"))["steps"][0]["learnings"]
    assert (wide["version"], {one["name"] for one in wide["lessons"]}) == (2, {"ask", name})
    assert wide["leftOut"] == [{"because": "expired", "names": ["over"]}]
    prompt = await said(here, "wide", "design")
    assert "Ask Anna first." in prompt
    assert "Ask Bo first." not in prompt
    pinned = {
        ".courier/project.yaml": project(here.forge_name, pin="1"),
        ".courier/runs/three.yaml": run("three"),
    }
    write(here, pinned)
    await settled(here, "three")
    third = await here.record("three")
    told = third["steps"][0]["learnings"]
    assert (told["version"], [one["name"] for one in told["lessons"]]) == (1, [name])
    prompt = await said(here, "three", "design")
    assert "Write exactly the word good." in prompt
    assert "Ask Anna first." not in prompt
    assert {"because": "pin", "names": ["ask"]} in third["steps"][0]["learnings"]["leftOut"]
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
    assert told["number"] == proposal.number
    assert told["by"]
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
    write(
        here,
        {
            ".courier/project.yaml": project(here.forge_name, pin="1"),
            ".courier/runs/two.yaml": run("two"),
        },
    )
    result = await reconciler(here).reconcile()
    assert result.plan is not None
    (held,) = [one for one in result.plan.held if one.name == "two"]
    assert "the digest differs" in held.message
    assert await here.engine.status("two") is None
