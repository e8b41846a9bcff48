"""Every real agent CLI through its driver, as plain processes, against scripted models."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from courier.runs.replies.roles import ROLES, VERDICT_RULE
from courier.runs.replies.verdict import read_verdict
from courier.runs.transcripts.transcript import SessionStarted, ToolCalled, ToolReturned
from tests.e2e.clis import local
from tests.e2e.clis.situations import CLIS, Cli
from tests.e2e.desk import Desk
from tests.fakes.models import ScriptedModels, pair
from tests.fakes.models.pair import REJECTED

CHECK = 'python3 -c \'assert open("answer.txt").read().strip() == "42"\''


def _param(name: str) -> Any:
    there = (local.TOOLS / name).exists()
    missing = pytest.mark.skipif(not there, reason=f"{name} is not installed: `make tools`")
    return pytest.param(name, marks=[pytest.mark.e2e, pytest.mark.slow, missing])


@pytest.fixture(params=[_param(name) for name in CLIS])
def cli(request: pytest.FixtureRequest) -> Cli:
    return CLIS[request.param]


@pytest.fixture
def sit(cli: Cli) -> Iterator[Callable[[str], Desk]]:
    tools = cli.tools
    scripts = {
        **cli.scripts,
        "pair": pair(
            wrong=[tools.write("answer.txt", "41\n")],
            right=[
                tools.run("cat answer.txt", "Look"),
                tools.run("echo 42 >answer.txt", "Mend"),
            ],
            check=tools.run(CHECK, "Check"),
        ),
    }
    with (
        tempfile.TemporaryDirectory(dir=local.ROOMS) as folder,
        ScriptedModels(scripts) as models,
    ):
        root = local.furnish(Path(folder))
        yield lambda scenario: Desk(cli, root, models, scenario)


async def test_text_turn(sit: Callable[[str], Desk]) -> None:
    desk = sit("text")
    events, outcome = await desk.turn('- Say `hello` to "$USER".\n@x /y')
    assert (outcome.status, outcome.text) == ("completed", "Hello from the script.")
    assert [event.session for event in events if isinstance(event, SessionStarted)] == [
        outcome.session
    ]
    assert outcome.usage.output_tokens == 50
    assert [one.prompt for one in desk.models.asked("run")] == ['- Say `hello` to "$USER".\n@x /y']
    headers = desk.models.logged("run")[0].headers
    assert "scripted" in headers.get("authorization", headers.get("x-api-key", ""))


async def test_tools_write_into_the_workspace_only(sit: Callable[[str], Desk]) -> None:
    desk = sit("tools")
    events, outcome = await desk.turn("Write hello.txt.")
    assert outcome.status == "completed"
    assert {path.name for path in desk.work.iterdir()} == {".git", "hello.txt"}
    assert len([event for event in events if isinstance(event, ToolCalled)]) == 2
    answers = [event for event in events if isinstance(event, ToolReturned)]
    assert [answer.is_error for answer in answers] == [True, False]
    assert {"out", "err"} <= set(answers[0].output.split())
    assert outcome.usage.output_tokens == 150


async def test_model_and_effort_reach_the_provider(sit: Callable[[str], Desk], cli: Cli) -> None:
    desk = sit("text")
    model = "claude-opus-5-5" if cli.driver.name == "claude" else "gpt-5.5"
    _, outcome = await desk.turn("Hello.", model=model, effort="high")
    assert outcome.status == "completed"
    body = next(one.body for one in desk.models.asked("run"))
    assert body["model"] == model
    told = body.get("output_config") or body["reasoning"]
    assert told["effort"] == "high"


async def test_resume_holds_the_first_turn_and_pays_for_itself(sit: Callable[[str], Desk]) -> None:
    desk = sit("resume")
    _, first = await desk.turn("Turn one.")
    _, second = await desk.turn("Turn two.", session=first.session, used=first.usage)
    assert second.text == "Second turn done."
    assert second.session == first.session
    last = desk.models.asked("run")[-1]
    assert last.prompts == ("Turn one.", "Turn two.")
    assert "one" in last.answer
    assert (first.usage.output_tokens, second.usage.output_tokens) == (100, 50)


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("pieces", "Completed"),
        ("open-end", "Completed"),
        ("retry", "Completed"),
        ("bad-key", "BadKey"),
        ("too-long", "PromptTooLong"),
        ("no-model", "UnknownModel"),
        ("empty", "EmptyResult"),
        ("refused", "Refused"),
    ],
)
async def test_endings(sit: Callable[[str], Desk], scenario: str, reason: str) -> None:
    _, outcome = await sit(scenario).turn("Do it.")
    assert outcome.reason == reason


async def test_stopped_turn_can_be_resumed(sit: Callable[[str], Desk], cli: Cli) -> None:
    scenario = "loop" if cli.driver.name == "opencode" else "slow"
    desk = sit(scenario)
    _, stopped = await desk.turn("Do it.", until=cli.situations["stopped"].until)
    assert stopped.reason == "Crashed"
    assert stopped.session
    desk.scenario = "text"
    _, outcome = await desk.turn("Go on.", session=stopped.session, used=stopped.usage)
    assert (outcome.status, outcome.session) == ("completed", stopped.session)
    assert desk.models.asked("run")[-1].prompts == ("Do it.", "Go on.")


async def test_unknown_session_is_lost(sit: Callable[[str], Desk], cli: Cli) -> None:
    session = cli.situations["unknown-session"].session
    _, outcome = await sit("text").turn("Hello.", session=session)
    assert outcome.reason == "SessionLost"


async def test_designer_is_wrong_then_right_by_feedback(
    sit: Callable[[str], Desk], cli: Cli
) -> None:
    desk = sit("pair")
    judge = f"{ROLES['checker']}\n\n{VERDICT_RULE}\n\nIs answer.txt right?"
    await desk.turn("Write the answer.")
    assert (desk.work / "answer.txt").read_text() == "41\n"
    _, rejected = await desk.turn(judge)
    verdict = read_verdict(rejected, agent=cli.driver.name)
    assert verdict is not None
    assert verdict.reason == "Fail"
    assert "AssertionError" in verdict.feedback
    await desk.turn(f"Write the answer.\n\n# {REJECTED}\n\n{verdict.feedback}")
    _, accepted = await desk.turn(judge)
    again = read_verdict(accepted, agent=cli.driver.name)
    assert again is not None
    assert again.reason == "Pass"
    assert (desk.work / "answer.txt").read_text() == "42\n"


@pytest.mark.parametrize("name", CLIS)
def test_lock_pins_what_the_recordings_were_made_with(name: str) -> None:
    known = CLIS[name]
    folder = Path(__file__).parent / "clis"
    lock = json.loads((folder / "package-lock.json").read_text())
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    assert lock["packages"][f"node_modules/{known.package}"]["version"] == known.version
    assert wanted[known.package] == known.version
    recordings = Path(__file__).parents[1] / "unit" / "agents" / "recordings"
    assert list(recordings.glob(f"{name}-{known.version}-*.jsonl"))
