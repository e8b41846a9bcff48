"""A recurring task on the real engine, with real sandboxes and real git."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from courier.engine.accounts.diaries import TaskRequest
from courier.engine.desired.desired import DesiredState
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler
from courier.planning.documents.manifest import Schemas
from courier.planning.observed.diary import Diary, path_of
from courier.ports.clock import Clock
from courier.ports.repository import Identity
from courier.ports.state import WriteFile
from courier.shipped import schema_text
from courier.system import SystemClock
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.github.hosting import Hosting
from tests.fakes.github.hosting import hosting as hosted

DOCUMENTS = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec: {title: Demo}
---
apiVersion: courier/v1
kind: Workflow
metadata: {name: note}
spec:
  steps:
    - {name: work, type: custom, run: 'echo "$COURIER_TASK" > note'}
---
apiVersion: courier/v1
kind: RecurringTask
metadata: {name: nightly}
spec:
  workflow: note
  prompt: Every night.
  schedule: {frequency: daily, hour: 3, timezone: Europe/Berlin}
"""
NAME = "nightly-20261121t0200z"


class OtherTime:
    """The system's clock, set to another moment at the start."""

    def __init__(self, at: datetime) -> None:
        self._clock = SystemClock()
        self._shift = at - self._clock.now()

    def now(self) -> datetime:
        return self._clock.now() + self._shift

    def leap(self, by: timedelta) -> None:
        """Put it on, for tests that cannot wait."""
        self._shift += by

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


@asynccontextmanager
async def night(
    folder: Path, sandboxd: Endpoint, clock: Clock, *, hosting: Hosting | None = None
) -> AsyncIterator[tuple[Scene, Reconciler]]:
    origin = folder / "origin.git"
    if not origin.exists():
        make_origin(folder, {".courier/all.yaml": DOCUMENTS, "note": "none\n"})
    async with scene(folder / "state", origin, provider(sandboxd), hosting=hosting) as here:
        world = replace(here.world, clock=clock)
        observation = Observation(world, here.engine, remote=here.remote)
        dispatcher = Dispatcher(world, here.engine, observation)
        desired = DesiredState(world, Schemas(schema_text))
        yield here, Reconciler(world, desired, observation, dispatcher)


async def diary_of(here: Scene) -> Diary:
    await here.world.state.refresh()
    path = path_of("nightly")
    return Diary.model_validate_json((await here.world.state.read([path]))[path])


@pytest.mark.slow
async def test_it_starts_in_its_second_and_its_record_says_why(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    clock = OtherTime(datetime(2026, 11, 21, 1, 59, 57, tzinfo=UTC))
    async with night(tmp_path, sandboxd, clock) as (here, reconciler):
        first = await reconciler.reconcile()
        while True:
            pause = (await reconciler.reconcile()).requeue_after
            if await here.engine.status(NAME) is not None:
                break
            assert pause is not None
            assert pause <= 3
            await clock.sleep(pause)
        assert first.requeue_after
        assert (
            timedelta()
            <= clock.now() - datetime(2026, 11, 21, 2, tzinfo=UTC)
            < timedelta(seconds=1)
        )
        await here.engine.wait(NAME)
        record = await here.record(NAME)
        assert (record["phase"], record["source"]) == ("completed", "scheduled")
        assert {each["kind"] for each in record["inputs"]} == {
            "Project",
            "Workflow",
            "RecurringTask",
        }
        assert git(here.origin, "show", f"courier/{NAME}:note") == "Every night."
        await reconciler.reconcile()
        (entry,) = (await diary_of(here)).recent
        assert (entry.run, entry.phase) == (NAME, "completed")


ON_GITHUB = DOCUMENTS.replace("spec: {title: Demo}", "spec: {repository: {forge: github}}")


@pytest.mark.slow
@pytest.mark.parametrize("forge", ["local", "github"])
async def test_what_is_due_is_proposed_once_and_its_merge_is_on_record(
    tmp_path: Path, sandboxd: Endpoint, forge: str
) -> None:
    documents = ON_GITHUB if forge == "github" else DOCUMENTS
    origin = make_origin(tmp_path, {".courier/all.yaml": documents, "note": "none\n"})
    clock = OtherTime(datetime(2026, 11, 21, 1, 58, tzinfo=UTC))
    host = hosted(tmp_path / "github", origin) if forge == "github" else nullcontext()
    with host as hosting:
        async with night(tmp_path, sandboxd, clock, hosting=hosting) as (here, reconciler):
            await reconciler.reconcile()
            clock.leap(timedelta(minutes=3))
            await reconciler.reconcile()
            await here.engine.wait(NAME)
            (pull,) = await here.forge.list()
            assert (pull.run, pull.status, pull.forge) == (NAME, "created", forge)
            await here.forge.merge(pull.number, by=Identity("Ada", "ada@example.com"))
            reconciler.look_again()
            await reconciler.reconcile()
            await reconciler.reconcile()
            assert (await here.record(NAME))["pullRequest"]["status"] == "merged"
            assert len(await here.forge.list()) == 1
            assert git(here.origin, "show", "main:note") == "Every night."


@pytest.mark.slow
async def test_a_restart_between_the_start_and_the_diary_starts_nothing_twice(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    async with night(tmp_path, sandboxd, OtherTime(datetime(2026, 11, 20, tzinfo=UTC))) as (_, one):
        await one.reconcile()
    due = OtherTime(datetime(2026, 11, 21, 2, 0, 1, tzinfo=UTC))
    async with night(tmp_path, sandboxd, due) as (here, reconciler):
        path = path_of("nightly")
        before = (await here.world.state.read([path]))[path]
        await reconciler.reconcile()
        await here.engine.wait(NAME)
        # As if the process had died before the diary was written.
        await here.world.state.write([WriteFile(path, before)], message="Lose a write")
    async with night(tmp_path, sandboxd, due) as (here, reconciler):
        result = await reconciler.reconcile()
        assert [one for one in result.dispatched if one.how == "started"] == []
        runs = [state.run_id for state in await here.engine.list()]
        assert runs == [NAME]
        assert (await diary_of(here)).decided == datetime(2026, 11, 21, 2, tzinfo=UTC)


@pytest.mark.slow
async def test_what_people_ask_for_by_hand_runs_and_says_who(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    clock = OtherTime(datetime(2026, 11, 21, 12, tzinfo=UTC))
    async with night(tmp_path, sandboxd, clock) as (here, reconciler):
        await reconciler.reconcile()
        at = datetime(2026, 11, 21, 12, 0, 1, tzinfo=UTC)
        request = TaskRequest("trigger", "nightly", Identity("T", "t@example.com"), at)
        await here.world.state.write([request.file], message="trigger")
        await reconciler.reconcile()
        await reconciler.reconcile()
        run = "nightly-20261121t120001z"
        await here.engine.wait(run)
        assert (await here.record(run))["source"] == "manual"
        await reconciler.reconcile()
        told = await diary_of(here)
        assert [(one.run, one.by, one.phase) for one in told.recent] == [
            (run, "T <t@example.com>", "completed")
        ]
        assert json.loads(request.file.content)["action"] == "trigger"
