"""The real Claude Code through its driver, as a plain process, against scripted models."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from courier.agents.claude import ClaudeDriver
from courier.runs.brief import Brief
from courier.runs.roles import ROLES, VERDICT_RULE
from courier.runs.transcript import (
    AgentEvent,
    Outcome,
    RetryNoticed,
    SessionStarted,
    ToolCalled,
    ToolReturned,
)
from courier.runs.verdict import read_verdict, repair_prompt
from tests.e2e.clis import local
from tests.fakes.models import Asked, Call, Reply, Say, ScriptedModels, Turn, pair
from tests.fakes.models.pair import REJECTED
from tests.fakes.models.scenarios import CLAUDE

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (local.TOOLS / "claude").exists(), reason="Claude Code is not installed: `make tools`"
    ),
]


def _forgetful(asked: Asked) -> Reply:
    """Judge without the fence at first, and properly when asked again."""
    if asked.turns == 0:
        return Turn.of(Say("It looks fine to me."))
    return Turn.of(Say('```json\n{"verdict": "pass", "feedback": "Fine."}\n```'))


SCRIPTS = {
    **CLAUDE,
    "forgetful": _forgetful,
    "pair": pair(
        wrong=[Call("Write", {"file_path": "answer.txt", "content": "41\n"})],
        right=[
            Call("Read", {"file_path": "answer.txt"}),
            Call("Edit", {"file_path": "answer.txt", "old_string": "41", "new_string": "42"}),
        ],
        check=Call(
            "Bash",
            {
                "command": 'python3 -c \'assert open("answer.txt").read().strip() == "42"\'',
                "description": "Check",
            },
        ),
    ),
}


@dataclass
class Desk:
    """One workspace and home, in which turns of one run are taken."""

    root: Path
    models: ScriptedModels
    scenario: str

    @property
    def work(self) -> Path:
        return self.root / "work"

    async def turn(
        self,
        prompt: str,
        *,
        session: str | None = None,
        secrets: dict[str, str] | None = None,
        until: Callable[[str], bool] | None = None,
        **wishes: object,
    ) -> tuple[list[AgentEvent], Outcome]:
        driver = ClaudeDriver()
        brief = Brief(
            prompt=prompt,
            workspace=str(self.work),
            scratch=str(self.root / "scratch"),
            session=session,
            env={
                "ANTHROPIC_BASE_URL": self.models.base_url("run", self.scenario),
                "CLAUDE_CODE_MAX_RETRIES": "1",
            },
        )
        brief = replace(brief, **wishes)  # type: ignore[arg-type]  # the test's own wishes
        ended = await local.run(
            driver.launch(brief),
            cwd=self.work,
            home=self.root / "home",
            secrets={"ANTHROPIC_API_KEY": "scripted"} if secrets is None else secrets,
            until=until,
        )
        translator = driver.translator(brief)
        events = [event for line in ended.lines for event in translator.line(line)]
        return events, translator.outcome(ended.exit_code, stderr=ended.stderr)


@pytest.fixture
def sit(tmp_path: Path) -> Iterator[Callable[[str], Desk]]:
    for part in ("work", "home", "scratch"):
        (tmp_path / part).mkdir()
    with ScriptedModels(SCRIPTS) as models:
        yield lambda scenario: Desk(tmp_path, models, scenario)


async def test_text_turn(sit: Callable[[str], Desk]) -> None:
    desk = sit("text")
    events, outcome = await desk.turn('- Say `hello` to "$USER".')
    assert outcome.status == "completed"
    assert outcome.text == "Hello from the script."
    assert [event.session for event in events if isinstance(event, SessionStarted)] == [
        outcome.session
    ]
    assert outcome.usage.input_tokens == 1000
    assert outcome.usage.output_tokens == 50
    assert outcome.usage.cost_usd is not None
    asked = desk.models.asked("run")
    assert [one.prompt for one in asked] == ['- Say `hello` to "$USER".']
    assert desk.models.logged("run")[0].headers["x-api-key"] == "scripted"


async def test_tools_write_into_the_workspace_only(sit: Callable[[str], Desk]) -> None:
    desk = sit("tools")
    events, outcome = await desk.turn("Write hello.txt.")
    assert outcome.status == "completed"
    assert [path.name for path in desk.work.iterdir()] == ["hello.txt"]
    assert [event.tool for event in events if isinstance(event, ToolCalled)] == ["Bash", "Write"]
    answers = [event for event in events if isinstance(event, ToolReturned)]
    assert answers[0].is_error
    assert "Exit code 3" in answers[0].output
    assert outcome.usage.input_tokens == 3000


async def test_model_and_effort_reach_the_provider(sit: Callable[[str], Desk]) -> None:
    desk = sit("text")
    await desk.turn("Hello.", model="claude-opus-5-5", effort="low")
    body = desk.models.logged("run")[0].body
    assert body["model"] == "claude-opus-5-5"
    assert body["output_config"]["effort"] == "low"


async def test_resume_holds_the_first_turn_and_pays_for_itself(sit: Callable[[str], Desk]) -> None:
    desk = sit("resume")
    _, first = await desk.turn("Turn one.")
    _, second = await desk.turn("Turn two.", session=first.session)
    assert second.text == "Second turn done."
    assert second.session == first.session
    last = desk.models.asked("run")[-1]
    assert last.prompts == ("Turn one.", "Turn two.")
    assert last.answer == "one"
    assert first.usage.cost_usd == 2 * (second.usage.cost_usd or Decimal(0))


@pytest.mark.parametrize(
    ("scenario", "status", "reason"),
    [
        ("bad-key", "failed", "BadKey"),
        ("forbidden", "failed", "BadKey"),
        ("rate-limited", "limited", "RateLimited"),
        ("overloaded", "failed", "Overloaded"),
        ("too-long", "failed", "PromptTooLong"),
        ("empty", "failed", "EmptyResult"),
        ("refused", "failed", "Refused"),
    ],
)
async def test_endings(sit: Callable[[str], Desk], scenario: str, status: str, reason: str) -> None:
    _, outcome = await sit(scenario).turn("Do it.")
    assert (outcome.status, outcome.reason) == (status, reason)


async def test_retry_is_seen_and_overcome(sit: Callable[[str], Desk]) -> None:
    events, outcome = await sit("retry").turn("Do it.")
    assert outcome.status == "completed"
    assert [e.reason for e in events if isinstance(e, RetryNoticed)] == ["overloaded (529)"]


async def test_budget_stops_a_model_that_never_ends(sit: Callable[[str], Desk]) -> None:
    _, outcome = await sit("loop").turn("Do it.", max_usd=Decimal("0.01"))
    assert outcome.reason == "BudgetExceeded"


async def test_subscription_limit_says_when_it_ends(sit: Callable[[str], Desk]) -> None:
    secrets = {"CLAUDE_CODE_OAUTH_TOKEN": "scripted"}
    _, outcome = await sit("rate-limited").turn("Do it.", secrets=secrets)
    assert outcome.reason == "RateLimited"
    assert outcome.retry_at is not None
    assert outcome.retry_at.isoformat() == "2026-11-22T00:00:00+00:00"


async def test_auth_token_is_sent_as_bearer(sit: Callable[[str], Desk]) -> None:
    desk = sit("text")
    _, outcome = await desk.turn("Hello.", secrets={"ANTHROPIC_AUTH_TOKEN": "scripted"})
    assert outcome.status == "completed"
    assert desk.models.logged("run")[0].headers["authorization"] == "Bearer scripted"


async def test_stopped_turn_can_be_resumed(sit: Callable[[str], Desk]) -> None:
    desk = sit("slow")
    _, stopped = await desk.turn("Do it.", until=lambda line: '"tool_use"' in line)
    assert stopped.reason == "Crashed"
    _, outcome = await desk.turn("Go on.", session=stopped.session)
    assert (outcome.status, outcome.text) == ("completed", "Done.")


async def test_unknown_session_is_lost(sit: Callable[[str], Desk]) -> None:
    session = "00000000-0000-4000-8000-000000000000"
    _, outcome = await sit("text").turn("Hello.", session=session)
    assert outcome.reason == "SessionLost"


async def test_unreadable_verdict_is_repaired_in_the_same_conversation(
    sit: Callable[[str], Desk],
) -> None:
    desk = sit("forgetful")
    _, first = await desk.turn("Judge it.")
    verdict = read_verdict(first, agent="claude")
    assert verdict is not None
    assert not verdict.readable
    _, second = await desk.turn(repair_prompt(verdict.feedback), session=first.session)
    repaired = read_verdict(second, agent="claude")
    assert repaired is not None
    assert repaired.passed


async def test_designer_is_wrong_then_right_by_feedback(sit: Callable[[str], Desk]) -> None:
    desk = sit("pair")
    judge = f"{ROLES['checker'].instructions}\n\n{VERDICT_RULE}\n\nIs answer.txt right?"
    await desk.turn("Write the answer.")
    _, rejected = await desk.turn(judge)
    verdict = read_verdict(rejected, agent="claude")
    assert verdict is not None
    assert verdict.reason == "Fail"
    assert "Exit code 1" in verdict.feedback
    await desk.turn(f"Write the answer.\n\n# {REJECTED}\n\n{verdict.feedback}")
    _, accepted = await desk.turn(judge)
    again = read_verdict(accepted, agent="claude")
    assert again is not None
    assert again.reason == "Pass"
    assert (desk.work / "answer.txt").read_text() == "42\n"


def test_lock_pins_what_the_recordings_were_made_with() -> None:
    lock = json.loads((Path(__file__).parent / "clis" / "package-lock.json").read_text())
    version = lock["packages"]["node_modules/@anthropic-ai/claude-code"]["version"]
    recordings = Path(__file__).parents[1] / "unit" / "agents" / "recordings"
    assert list(recordings.glob(f"claude-{version}-*.jsonl"))
