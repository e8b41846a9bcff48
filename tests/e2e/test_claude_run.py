"""The real Claude Code through whole runs: in sandboxes, judged, delivered, killed and resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.claude_run_child import KEY, claude_plan
from tests.e2e.clis import local
from tests.engine.worlds import Scene, git, make_origin, provider, scene
from tests.fakes.embedded import Endpoint, serving
from tests.fakes.models import Asked, Call, Reply, Say, ScriptedModels, Turn, pair
from tests.fakes.models.pair import REJECTED

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (local.TOOLS / "claude").exists(), reason="Claude Code is not installed: `make tools`"
    ),
]

PYTHON_CHECK = 'python3 -c \'assert open("answer.txt").read().strip() == "42", "it is not 42"\''
PAIR = pair(
    wrong=[Call("Write", {"file_path": "answer.txt", "content": "41\n"})],
    right=[
        Call("Read", {"file_path": "answer.txt"}),
        Call("Edit", {"file_path": "answer.txt", "old_string": "41", "new_string": "42"}),
    ],
    check=Call("Bash", {"command": PYTHON_CHECK, "description": "Check"}),
)
PASS = '```json\n{"verdict": "pass", "feedback": "Fine."}\n```'
FORGET = 'rm -rf "$CLAUDE_CONFIG_DIR/projects"; touch "$CLAUDE_CONFIG_DIR/projects"'


def _slow(asked: Asked) -> Reply:
    """Take a second for every answer, so that there is a middle to be killed in."""
    reply = PAIR(asked)
    assert isinstance(reply, Turn)
    return Turn(reply.parts, reply.stop, reply.tokens, after_seconds=1.0)


def _forgetful(asked: Asked) -> Reply:
    """Judge without the fence at first, and properly when asked again."""
    if "could not be read" in asked.prompt:
        return Turn.of(Say(PASS))
    if "judge" not in asked.prompt:
        return PAIR(asked)
    return Turn.of(Say("It looks fine to me."))


def _lost(asked: Asked) -> Reply:
    """Lose the conversation on the way, and judge without the fence; the next time properly."""
    if "judge" not in asked.prompt:
        return PAIR(asked)
    if asked.turns == 0 and asked.tries == 0:
        return Turn.of(Call("Bash", {"command": FORGET, "description": "Forget"}))
    return Turn.of(Say("It looks fine to me." if asked.turns else PASS))


SCRIPTS = {"pair": PAIR, "slow": _slow, "forgetful": _forgetful, "lost": _lost}

Open = Callable[[str], AbstractAsyncContextManager[Scene]]


@pytest.fixture(scope="module")
def claude_sandboxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A sandbox server whose sandboxes see Claude Code."""
    place = tmp_path_factory.mktemp("claude-sandboxd")
    # The first for what the links lead to, the second for PATH.
    shown = ("--expose", str(local.TOOLS.parent), "--expose", str(local.TOOLS))
    with serving(place, "--allow-plain", *shown) as endpoint:
        yield endpoint


@pytest.fixture
def models() -> Iterator[ScriptedModels]:
    with ScriptedModels(SCRIPTS) as served:
        yield served


@pytest.fixture
def opened(tmp_path: Path, claude_sandboxd: Endpoint, models: ScriptedModels) -> Open:
    make_origin(tmp_path, {"README.md": "# Answers\n"})

    @asynccontextmanager
    async def open_scene(scenario: str) -> AsyncIterator[Scene]:
        async with scene(
            tmp_path / "home",
            tmp_path / "origin.git",
            provider(claude_sandboxd),
            environment=KEY,
            agent_env={"ANTHROPIC_BASE_URL": models.base_url("run", scenario)},
        ) as here:
            yield here

    return open_scene


async def test_a_rejected_change_is_made_right_and_proposed(
    opened: Open, models: ScriptedModels
) -> None:
    async with opened("pair") as here:
        state = await here.run(claude_plan(here))
        assert state.result == {"phase": "completed", "reason": "Completed"}
        record = await here.record()
        (proposal,) = await here.forge.list()
        day = record["startedAt"][:10].replace("-", "/")
        transcript = await here.world.state.read_transcript(f"{day}/fix/transcript.jsonl.zst")
        assert await here.tidy()
    assert git(here.origin, "show", "courier/fix:answer.txt") == "42"
    assert git(here.origin, "ls-tree", "--name-only", "courier/fix").split() == [
        "README.md",
        "answer.txt",
    ]
    steps = record["steps"]
    verdicts = [step["verdict"] and step["verdict"]["passed"] for step in steps]
    assert verdicts == [None, False, None, True]
    assert len({step["outcome"]["session"] for step in steps} - {None}) == 4
    assert "it is not 42" in proposal.body

    check_usage(record, requests=len(models.asked("run")))
    assert transcript is not None
    events = [json.loads(line) for line in transcript.splitlines()]
    tools = [event["tool"] for event in events if event["kind"] == "toolCall"]
    assert tools == ["Write", "Bash", "Read", "Edit", "Bash"]
    assert KEY["ANTHROPIC_API_KEY"].encode() not in transcript
    check_prompts(models)


def check_usage(record: dict[str, Any], *, requests: int) -> None:
    used = record["usage"]
    assert used["inputTokens"] == 1000 * requests
    assert used["outputTokens"] == 50 * requests
    assert used["cacheReadTokens"] == 300 * requests
    costs = [Decimal(step["usage"]["costUsd"]) for step in record["steps"]]
    assert Decimal(used["costUsd"]) == sum(costs) > 0


def check_prompts(models: ScriptedModels) -> None:
    asked = models.asked("run")
    # The designer's three requests of the second round, and the two of its checker.
    again = [one for one in asked if REJECTED in one.prompt]
    assert len(again) == 5
    assert all("it is not 42" in one.prompt for one in again)
    assert all("Put 42 into answer.txt." in one.prompt for one in asked)
    keys = {entry.headers["x-api-key"] for entry in models.logged("run") if entry.body}
    assert keys == {KEY["ANTHROPIC_API_KEY"]}


async def test_a_verdict_that_cannot_be_read_is_asked_for_in_the_same_conversation(
    opened: Open, models: ScriptedModels
) -> None:
    async with opened("forgetful") as here:
        state = await here.run(claude_plan(here))
        assert state.result == {"phase": "completed", "reason": "Completed"}
        design, check = (await here.record())["steps"]
    assert check["verdict"]["feedback"] == "Fine."
    last = models.asked("run")[-1]
    assert (last.turns, len(last.prompts)) == (1, 2)
    requests = len(models.asked("run"))
    total = design["usage"]["inputTokens"] + check["usage"]["inputTokens"]
    assert total == 1000 * requests


async def test_a_lost_conversation_is_judged_once_more_from_the_start(
    opened: Open, models: ScriptedModels
) -> None:
    async with opened("lost") as here:
        state = await here.run(claude_plan(here))
        assert state.result == {"phase": "completed", "reason": "Completed"}
        attempts = here.world.transcripts.attempts("fix")
    assert attempts[1:] == [f"check-1.1-turn-{number}" for number in (1, 2, 3)]
    assert models.asked("run")[-1].turns == 0


def test_courier_killed_in_the_middle_of_turns_repeats_nothing(
    tmp_path: Path, claude_sandboxd: Endpoint, models: ScriptedModels
) -> None:
    make_origin(tmp_path, {"README.md": "# Answers\n"})
    command = [sys.executable, "-m", "tests.e2e.claude_run_child", str(tmp_path)]
    command += ["--url", claude_sandboxd.url, "--key", claude_sandboxd.api_key]
    command += ["--models", models.base_url("run", "slow")]
    for requests in (1, 3, 5):
        courier = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        deadline = time.monotonic() + 120
        while len(models.asked("run")) < requests and courier.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(courier.pid, signal.SIGKILL)
        courier.wait()
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=180)

    asked = models.asked("run")
    points = [(one.prompts, one.turns) for one in asked]
    assert len(points) == len(set(points)) == 9
    origin = tmp_path / "origin.git"
    assert git(origin, "show", "courier/fix:answer.txt") == "42"
    paths = git(origin, "ls-tree", "-r", "--name-only", "courier/state").splitlines()
    (record,) = [path for path in paths if path.endswith("/run.json")]
    told = json.loads(git(origin, "show", f"courier/state:{record}"))
    assert [step["attempt"] for step in told["steps"]] == [1, 1, 1, 1]
    assert told["usage"]["inputTokens"] == 9000
