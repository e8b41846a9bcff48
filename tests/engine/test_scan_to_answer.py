"""From a scan on a schedule to a run that is told what a person approved, merge by merge."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from courier.engine.desired.desired import DesiredState
from courier.engine.passes.dispatcher import Dispatcher
from courier.engine.passes.observation import Observation
from courier.engine.passes.reconciler import Reconciler
from courier.planning.documents.manifest import Schemas
from courier.planning.documents.references import Ref
from courier.planning.observed.course import Course, path_of
from courier.ports.repository import Identity
from courier.shipped import schema_text
from tests.cli.program import courier
from tests.engine.test_recurring_run import OtherTime
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint
from tests.fakes.github.hosting import Hosting

pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys
prompt = sys.stdin.read()
if "Look through" in prompt:
    issues = [
        {"title": "Name the value", "description": "`value` has no name.", "priority": "high",
         "assumptions": ["Names are short."], "suggestedPrompt": "Give the value a name."},
        {"title": "Drop the note", "description": "Nobody reads it.", "priority": "low"},
    ]
    texts = ["Who reads the value?", "How is it written?", "What is it for?"]
    answer = {"issues": issues, "questions": [{"text": text} for text in texts]}
else:
    answers = [
        {"question": "who-reads-the-value", "answer": "The robot reads it.", "confidence": 0.9},
        {"question": "how-is-it-written", "answer": "Upside down.", "confidence": 0.5},
        {"question": "what-is-it-for", "answer": "Backwards.", "confidence": 0.2},
    ]
    answer = {"answers": answers}
print("Done.\\n\\n```json\\n" + json.dumps(answer) + "\\n```")
"""

DOCUMENTS = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  repository: {forge: FORGE}
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
SESSION = ".courier/answers/nightly-1.yaml"
ISSUE = ".courier/issues/name-the-value.yaml"
SCAN = "nightly.20261121t0200z.scan"
PERSON = Identity("Ada", "ada@example.com")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    return make_origin(tmp_path, {"value": "none\n", "oracle.py": SCRIPT})


@pytest.fixture
def hosting(each_forge: Hosting | None) -> Hosting | None:
    return each_forge


@dataclass(frozen=True)
class Team:
    """One courier, and a person with a clone of the repository."""

    here: Scene
    reconciler: Reconciler
    clock: OtherTime
    clone: Path

    async def started(self) -> list[str]:
        """Look once; return the runs that started, when they have ended."""
        self.reconciler.look_again()
        result = await self.reconciler.reconcile()
        assert not result.diagnostics, result.diagnostics
        assert result.plan is not None
        assert not result.plan.held, result.plan.held
        runs = [one.run for one in result.dispatched if one.how == "started"]
        for run in runs:
            await self.here.engine.wait(run)
        return runs

    async def merge(self, number: int) -> None:
        await self.here.forge.get(number)
        await self.here.forge.merge(number, by=PERSON)

    def at(self, branch: str) -> None:
        """Bring the person's working tree to where a branch is."""
        git(self.clone, "fetch", "-q")
        git(self.clone, "checkout", "-q", "-B", branch, f"origin/{branch}")

    def push(self, branch: str, words: str) -> None:
        git(self.clone, "commit", "-q", "-am", words)
        git(self.clone, "push", "-q", "origin", branch)

    async def course(self, issue: str) -> tuple[str, str | None]:
        """Return how far an issue is on record."""
        await self.here.world.state.refresh()
        path = path_of(Ref("Issue", issue))
        content = (await self.here.world.state.read([path]))[path]
        course = Course.model_validate_json(content)
        return course.phase, course.parts[0].pull_request


@asynccontextmanager
async def team(folder: Path, sandboxd: Endpoint, hosting: Hosting | None) -> AsyncIterator[Team]:
    clock, origin = OtherTime(datetime(2026, 11, 21, 1, 59, tzinfo=UTC)), folder / "origin.git"
    home, clone = folder / folder.name, folder / "desk" / "clone"
    git(folder, "clone", "-q", str(origin), str(clone))
    async with scene(home, origin, provider(sandboxd), hosting=hosting) as here:
        (clone / ".courier").mkdir()
        documents = DOCUMENTS.replace("FORGE", here.forge_name)
        (clone / ".courier/all.yaml").write_text(documents)
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "-m", "Ask")
        git(clone, "push", "-q", "origin", "main")
        world = replace(here.world, clock=clock)
        observation = Observation(world, here.engine, remote=here.remote)
        dispatcher = Dispatcher(world, here.engine, observation)
        desired = DesiredState(world, Schemas(schema_text))
        yield Team(here, Reconciler(world, desired, observation, dispatcher), clock, clone)


async def scanned(team: Team) -> None:
    assert await team.started() == []
    team.clock.leap(timedelta(minutes=2))
    assert await team.started() == [SCAN]
    record = await team.here.record(SCAN)
    assert (record["phase"], record["source"]) == ("completed", "scan"), record
    (pull,) = await team.here.forge.list()
    assert pull.title == "2 issues and 3 questions from scan nightly"
    assert await team.started() == []
    await team.merge(pull.number)


async def answered(team: Team) -> None:
    """Have the answers proposed; a person approves one before the merge, and one after it."""
    (answering,) = await team.started()
    assert answering.startswith("nightly-1.")
    pull = (await team.here.forge.list())[0]
    assert pull.title == "Answers to 3 questions of nightly-1"
    team.at("main")
    asked = (team.clone / SESSION).read_text()
    team.at(pull.branch)
    proposed = (team.clone / SESSION).read_text()
    assert proposed.startswith(asked)
    assert proposed.count("approved: false") == 3
    assert [line.split()[1] for line in proposed.splitlines() if "confidence" in line] == [
        "0.9",
        "0.5",
        "0.2",
    ]
    (team.clone / SESSION).write_text(proposed.replace("approved: false", "approved: true", 1))
    team.push(pull.branch, "Approve who reads it")
    await team.merge(pull.number)
    assert await team.started() == []
    team.at("main")
    said = await asyncio.to_thread(
        courier, "approve", "answeringsession/nightly-1", "how-is-it-written", cwd=team.clone
    )
    assert said.code == 0, said
    assert "takes effect once that is on the tracked branch" in said.err
    team.push("main", "Approve how it is written")
    assert await team.started() == []


async def test_answers_to_what_a_scan_asks_reach_its_issue_once_approved(
    tmp_path: Path, sandboxd: Endpoint, origin: Path, hosting: Hosting | None
) -> None:
    async with team(tmp_path, sandboxd, hosting) as crew:
        await scanned(crew)
        await answered(crew)

        with (crew.clone / ISSUE).open("a") as file:
            file.write("  execute: note\n")
        crew.push("main", "Do it")
        (run,) = await crew.started()
        record = await crew.here.record(run)
        assert (record["phase"], record["source"]) == ("completed", "issue"), record
        told = [each["name"] for each in record["inputs"] if each["kind"] == "AnsweringSession"]
        assert told == ["nightly-1/who-reads-the-value", "nightly-1/how-is-it-written"]
        prompt = git(origin, "show", f"{record['work']['branch']}:value")
        for words in ("Give the value a name.", "Names are short.", "The robot reads it."):
            assert words in prompt
        assert "Upside down." in prompt
        assert "Backwards" not in prompt

        assert await crew.course("name-the-value") == ("running", None)
        assert await crew.started() == []
        assert await crew.course("name-the-value") == ("completed", "created")
        await crew.merge(record["pullRequest"]["number"])
        assert await crew.started() == []
        assert await crew.started() == []
        assert await crew.course("name-the-value") == ("completed", "merged")
        assert [pull.status for pull in await crew.here.forge.list()] == ["merged"] * 3
