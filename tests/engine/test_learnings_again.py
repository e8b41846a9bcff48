"""Learnings that came to nothing at first: sessions done again, and what nobody could see yet."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from courier.engine.learnings.deciding import Deciding, Decision
from courier.engine.learnings.desk import LearningDesk
from courier.engine.learnings.memory import Memory
from courier.engine.requests.requests import Request, put_on_record
from courier.planning.learned.batch import BATCHES, REJECTED, Proposed, begun
from courier.ports.repository import Identity
from courier.ports.state import DeleteFile, WriteFile
from courier.runs.records.extraction import PENDING
from tests.engine.learning_worlds import (
    ANNA,
    LESSON,
    content,
    documents,
    proposals,
    reconciler,
    run,
    settled,
    write,
)
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.models import Asked, Call, Fail, Reply, ScriptedModels, Turn
from tests.unit.runs.lessons import lesson

pytestmark = pytest.mark.slow

OTHER = {**LESSON, "trigger": "When you deploy", "correctBehavior": "Ask Anna first."}


@pytest.fixture
def answers() -> list[Reply | list[dict[str, object]]]:
    """What the model answers, one after the other; the last one ever after."""
    return [[LESSON]]


@pytest_asyncio.fixture
async def here(
    tmp_path: Path, sandboxd: Endpoint, answers: list[Reply | list[dict[str, object]]]
) -> AsyncIterator[Scene]:
    def lessons(_asked: Asked) -> Reply:
        told = answers.pop(0) if len(answers) > 1 else answers[0]
        return Turn.of(Call("learnings", {"learnings": told})) if isinstance(told, list) else told

    origin = make_origin(tmp_path, {"value": "none\n"})
    with ScriptedModels({"learn": lessons}) as models:
        async with scene(
            tmp_path / tmp_path.name,
            origin,
            provider(sandboxd),
            environment={"ANTHROPIC_API_KEY": "key-of-the-model"},
            agent_env={"ANTHROPIC_BASE_URL": models.base_url("run", "learn")},
        ) as opened:
            write(opened, documents(opened.forge_name))
            yield opened


async def again(here: Scene, name: str) -> None:
    """Ask for another try at the session of run one, and see it through."""
    asked = Request(
        "retry",
        "one.learn",
        ANNA,
        here.world.clock.now(),
        "the provider is back",
        name=name,
        step="start",
    )
    await put_on_record(asked, state=here.world.state)
    await settled(here, name)


@pytest.mark.parametrize("answers", [[Fail(400, "invalid_request_error", "No."), [LESSON]]])
async def test_a_failed_session_done_again_brings_what_it_finds(here: Scene) -> None:
    await settled(here, "one")
    first = (await here.record("one"))["learnings"]
    assert (first["status"], first["session"]) == ("error", "one.learn")
    assert "`courier retry one.learn` has it done again." in first["message"]
    await again(here, "one.learn.r2")
    told = (await here.record("one"))["learnings"]
    assert (told["status"], told["session"], told["found"]) == ("completed", "one.learn.r2", 1)
    assert (told["reason"], told["message"]) == ("", "")
    (pull,) = await proposals(here)
    (name,) = told["proposed"]
    assert f"`{name}`" in pull.body
    assert "seen in `one`" in pull.body
    assert await here.world.state.paths(PENDING) == []
    assert (await here.record("one.learn.r2"))["phase"] == "completed"
    passes = reconciler(here)
    await passes.reconcile()
    assert (await passes.reconcile()).was_idle


@pytest.mark.parametrize("answers", [[[LESSON], [LESSON, OTHER]]])
async def test_a_session_done_again_adds_to_what_the_first_one_found(here: Scene) -> None:
    await settled(here, "one")
    (first,) = (await here.record("one"))["learnings"]["proposed"]
    await again(here, "one.learn.r2")
    told = (await here.record("one"))["learnings"]
    assert (told["found"], told["proposed"][0], told["known"]) == (2, first, [])
    assert len(told["proposed"]) == 2
    (pull,) = await proposals(here)
    assert pull.title == "2 learnings of demo"


@pytest.mark.parametrize("answers", [[[LESSON], Fail(400, "invalid_request_error", "No.")]])
async def test_a_session_done_again_in_vain_takes_nothing_away(here: Scene) -> None:
    await settled(here, "one")
    before = (await here.record("one"))["learnings"]
    await again(here, "one.learn.r2")
    told = (await here.record("one"))["learnings"]
    assert (told["status"], told["session"]) == ("error", "one.learn.r2")
    assert (told["found"], told["proposed"]) == (1, before["proposed"])
    assert len(await proposals(here)) == 1


@pytest.mark.parametrize("answers", [[[LESSON], [LESSON, OTHER]]])
async def test_what_came_too_late_for_a_closed_pull_request_is_proposed_by_another(
    here: Scene,
) -> None:
    await settled(here, "one")
    write(here, {".courier/runs/two.yaml": run("two")})
    passes = reconciler(here)
    for _ in range(2):
        await passes.reconcile()
        for state in await here.engine.list(live=True):
            await here.engine.wait(state.run_id)
    # The session has ended and nobody has taken it in; a person closes what is there.
    (first,) = await proposals(here)
    await here.forge.close(first.number, by=Identity("Bo", "bo@example.com"))
    await settled(here, "two")
    (path,) = await here.world.state.paths(REJECTED)
    assert (
        json.loads(await content(here, path))["lesson"]["correctBehavior"]
        == (LESSON["correctBehavior"])
    )
    closed, opened = sorted(await proposals(here), key=lambda one: one.number)
    assert (closed.status, opened.status) == ("closed", "created")
    listed = git(here.origin, "ls-tree", "-r", "--name-only", opened.branch).splitlines()
    (one,) = [path for path in listed if path.startswith(".courier/learnings/when-you-deploy")]
    assert "Ask Anna first." in git(here.origin, "show", f"{opened.branch}:{one}")
    assert "Write exactly" not in opened.body


async def test_of_two_who_keep_a_batch_the_second_hears_that_it_was_late(here: Scene) -> None:
    one, other = Memory(here.world.state), Memory(here.world.state)
    empty = begun("demo", lesson("first"), forge="local")
    assert await one.keep(empty, message="begin")
    await one.batches()
    await other.batches()
    ours, theirs = (
        empty.model_copy(update={"learnings": (Proposed(lesson=lesson(name)),)})
        for name in ("ours", "theirs")
    )
    assert await one.keep(ours, message="ours")
    assert not await other.keep(theirs, message="theirs")
    assert (await other.batches())["demo"] == ours
    assert await other.keep(theirs, message="theirs again")
    assert await here.world.state.paths(BATCHES) == [f"{BATCHES}/demo.json"]


@pytest.mark.parametrize("answers", [[[LESSON], [OTHER]]])
async def test_two_couriers_that_take_in_at_once_lose_and_double_nothing(here: Scene) -> None:
    write(here, {".courier/runs/two.yaml": run("two")})
    passes = reconciler(here)
    for _ in range(2):
        result = await passes.reconcile()
        for state in await here.engine.list(live=True):
            await here.engine.wait(state.run_id)
    assert result.catalog is not None
    await here.world.repository.fetch()
    await here.world.index.follow()
    desks = [LearningDesk(here.world) for _ in range(2)]
    for _ in range(3):
        await asyncio.gather(*(desk.settle(result.catalog, set()) for desk in desks))
    accounts = [(await here.record(run))["learnings"] for run in ("one", "two")]
    assert [(one["status"], one["found"]) for one in accounts] == [("completed", 1)] * 2
    names = {name for one in accounts for name in one["proposed"]}
    (pull,) = await proposals(here)
    assert pull.title == "2 learnings of demo"
    listed = git(here.origin, "ls-tree", "-r", "--name-only", pull.branch).splitlines()
    assert {f".courier/learnings/{name}.yaml" for name in names} <= {*listed}
    assert len(names) == 2
    assert await here.world.state.paths(PENDING) == []
    assert await here.world.state.paths(REJECTED) == []


async def test_what_is_proposed_and_cannot_be_read_is_left_as_it_is(
    here: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"{BATCHES}/demo.json"
    await here.world.state.write([WriteFile(path, b"[]")], message="Edit by hand")
    passes = reconciler(here)
    for _ in range(4):
        result = await passes.reconcile()
        for state in await here.engine.list(live=True):
            await here.engine.wait(state.run_id)
    (failed,) = [one for one in result.dispatched if one.how == "failed"]
    assert (failed.run, "cannot be read" in failed.message) == ("one.learn", True)
    assert await content(here, path) == "[]"
    assert caplog.text.count(f"{path} on the state branch cannot be read") <= 3
    await here.world.state.write([DeleteFile(path)], message="Give it up")
    await settled(here, "one")
    assert (await here.record("one"))["learnings"]["status"] == "completed"
    assert len(await proposals(here)) == 1


async def test_nothing_is_approved_that_the_pull_request_does_not_show(here: Scene) -> None:
    await settled(here, "one")
    memory = Memory(here.world.state)
    batch = (await memory.batches())["demo"]
    late = lesson("late")
    late = late.model_copy(update={"path": ".courier/learnings/late.yaml"})
    grown = batch.model_copy(update={"learnings": (*batch.learnings, Proposed(lesson=late))})
    assert await memory.keep(grown, message="learnings found: two")
    deciding = Deciding(here.world)
    names = tuple(one.name for one in grown.lessons)
    found = await deciding.batch_of(names)
    assert found is not None
    assert found.unpublished == ()
    at = here.world.clock.now().replace(microsecond=0)
    await deciding.approve(found, Decision("approve", names, ANNA, at))
    await here.world.repository.fetch()
    files = git(here.origin, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert {f".courier/learnings/{name}.yaml" for name in names} <= {*files}
    assert await here.world.state.paths(REJECTED) == []
