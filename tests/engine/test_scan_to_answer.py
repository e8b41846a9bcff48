"""From a scan on a schedule to a run that is told what a person approved, merge by merge."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from courier.engine.desired.desired import DesiredState
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler
from courier.planning.answers.writing import with_approval
from courier.planning.documents.manifest import Schemas
from courier.planning.documents.references import Ref
from courier.ports.clock import Clock
from courier.ports.repository import Identity
from courier.shipped import schema_text
from tests.engine.test_recurring_run import OtherTime
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint

SCRIPT = """
import json, sys
prompt = sys.stdin.read()
if "propose" in prompt.lower() and "maxIssues" not in prompt and "Look through" in prompt:
    issues = [
        {"title": "Name the value", "description": "`value` has no name.", "priority": "high"},
        {"title": "Drop the note", "description": "Nobody reads it.", "priority": "low"},
    ]
    questions = [{"text": "Who reads the value?"}, {"text": "How is it written?"}]
    answer = {"issues": issues, "questions": questions}
else:
    answers = [
        {"question": "who-reads-the-value", "answer": "The robot reads it.", "confidence": 0.9},
        {"question": "how-is-it-written", "answer": "Backwards.", "confidence": 0.2},
    ]
    answer = {"answers": answers}
print("Done.\\n\\n```json\\n" + json.dumps(answer) + "\\n```")
"""

DOCUMENTS = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  sessions:
    issue: {agent: oracle}
    answering: {agent: oracle}
---
apiVersion: courier/v1
kind: Agent
metadata: {name: oracle}
spec:
  start: [python3, oracle.py]
  prompt: stdin
---
apiVersion: courier/v1
kind: Workflow
metadata: {name: note}
spec:
  steps:
    - {name: work, type: custom, run: 'cat "$COURIER_PROMPT_FILE" > value'}
---
apiVersion: courier/v1
kind: IssueScan
metadata: {name: nightly}
spec:
  prompt: Find what nobody needs.
  schedule: {frequency: daily, hour: 3, timezone: Europe/Berlin}
"""
PATH = ".courier/answers/nightly-1.yaml"
SCAN = "nightly.20261121t0200z.scan"
PERSON = Identity("Ada", "ada@example.com")


class Leaping(OtherTime):
    """A clock that can be put on."""

    def leap(self, by: timedelta) -> None:
        self._shift += by


@asynccontextmanager
async def world_at(
    folder: Path, sandboxd: Endpoint, clock: Clock
) -> AsyncIterator[tuple[Scene, Reconciler]]:
    origin = folder / "origin.git"
    if not origin.exists():
        files = {".courier/all.yaml": DOCUMENTS, "value": "none\n", "oracle.py": SCRIPT}
        make_origin(folder, files)
    async with scene(folder / "state", origin, provider(sandboxd)) as here:
        world = replace(here.world, clock=clock)
        observation = Observation(world, here.engine, remote=str(origin))
        dispatcher = Dispatcher(world, here.engine, observation)
        desired = DesiredState(world, Schemas(schema_text))
        yield here, Reconciler(world, desired, observation, dispatcher)


async def started(here: Scene, reconciler: Reconciler) -> list[str]:
    """Look once; return the runs that started, when they have ended."""
    result = await reconciler.reconcile()
    assert not result.diagnostics, result.diagnostics
    assert result.plan is not None
    assert not result.plan.held, result.plan.held
    runs = [one.run for one in result.dispatched if one.how == "started"]
    for run in runs:
        await here.engine.wait(run)
    return runs


async def merge(here: Scene, number: int) -> None:
    await here.forge.get(number)
    await here.forge.merge(number, by=PERSON)


async def commit(here: Scene, branch: str, files: Mapping[str, bytes], words: str) -> None:
    repository = here.world.repository
    await repository.fetch()
    tip = (await repository.head(branch)).commit
    made = await repository.with_files(tip, files, message=words, author=PERSON)
    await repository.push(made, branch=branch, expected=tip)
    await repository.fetch()


def shown(here: Scene, branch: str, path: str) -> bytes:
    return (git(here.origin, "show", f"{branch}:{path}") + "\n").encode()


async def scanned(here: Scene, reconciler: Reconciler, clock: Leaping) -> None:
    assert await started(here, reconciler) == []
    clock.leap(timedelta(minutes=2))
    assert await started(here, reconciler) == [SCAN]
    record = await here.record(SCAN)
    assert (record["phase"], record["source"]) == ("completed", "scan"), record
    (pull,) = await here.forge.list()
    assert pull.title == "2 issues and 2 questions from scan nightly"
    assert await started(here, reconciler) == []
    await merge(here, pull.number)


async def answered(here: Scene, reconciler: Reconciler) -> None:
    (answering,) = await started(here, reconciler)
    assert answering.startswith("nightly-1.")
    pull = (await here.forge.list())[0]
    assert pull.title == "Answers to 2 questions of nightly-1"
    content = shown(here, pull.branch, PATH)
    assert content.count(b"approved: false") == 2
    assert content.startswith(shown(here, "main", PATH))
    ref, asked = Ref("AnsweringSession", "nightly-1"), ["who-reads-the-value"]
    approved = with_approval(PATH, content, ref, asked, schemas=Schemas(schema_text))
    await commit(here, pull.branch, {PATH: approved}, "Approve who reads it")
    await merge(here, pull.number)
    assert await started(here, reconciler) == []


@pytest.mark.slow
async def test_answers_to_what_a_scan_asks_reach_its_issue_once_approved(
    tmp_path: Path, sandboxd: Endpoint
) -> None:
    clock = Leaping(datetime(2026, 11, 21, 1, 59, tzinfo=UTC))
    async with world_at(tmp_path, sandboxd, clock) as (here, reconciler):
        await scanned(here, reconciler, clock)
        await answered(here, reconciler)

        name = ".courier/issues/name-the-value.yaml"
        issue = shown(here, "main", name) + b"  execute: note\n"
        await commit(here, "main", {name: issue}, "Do it")
        (run,) = await started(here, reconciler)
        record = await here.record(run)
        assert (record["phase"], record["source"]) == ("completed", "issue"), record
        told = [each["name"] for each in record["inputs"] if each["kind"] == "AnsweringSession"]
        assert told == ["nightly-1/who-reads-the-value"]
        prompt = git(here.origin, "show", f"{record['work']['branch']}:value")
        assert "The robot reads it." in prompt
        assert "Backwards" not in prompt
