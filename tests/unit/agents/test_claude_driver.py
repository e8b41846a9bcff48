"""The Claude Code process, and what its lines mean where no recording shows it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from courier.agents.claude import ClaudeDriver, ClaudeTranslator
from courier.ports.agents import AgentDriver
from courier.runs.briefs.brief import Brief
from courier.runs.transcripts.transcript import ToolCalled, ToolReturned, UsageReported
from courier.runs.usage.usage import Usage

BRIEF = Brief(prompt="- do it", workspace="/work", scratch="/scratch")


def _line(**fields: Any) -> str:
    return json.dumps(fields)


def _result(**fields: Any) -> str:
    return _line(**{"type": "result", "subtype": "success", "is_error": False, **fields})


def test_launch_of_a_plain_brief() -> None:
    driver: AgentDriver = ClaudeDriver()
    launch = driver.launch(BRIEF)
    assert launch.argv == (
        "claude",
        "-p",
        "--output-format",
        "stream-json",
        "--verbose",
        "--dangerously-skip-permissions",
    )
    assert launch.stdin == "- do it"
    assert launch.output == "stdout"
    assert launch.env["CLAUDE_CONFIG_DIR"] == "/scratch/claude"
    assert launch.env["IS_SANDBOX"] == "1"
    assert all(name.startswith("?") for name in launch.secrets)


def test_launch_carries_every_wish() -> None:
    brief = Brief(
        prompt="go",
        workspace="/work",
        scratch="/scratch",
        model="claude-opus-4-5",
        effort="high",
        session="b412",
        max_usd=Decimal("1.50"),
        env={"ANTHROPIC_BASE_URL": "http://model", "CLAUDE_CODE_MAX_RETRIES": "9"},
        secrets=("ANTHROPIC_AUTH_TOKEN", "NPM_TOKEN"),
    )
    launch = ClaudeDriver().launch(brief)
    wishes = "--model claude-opus-4-5 --effort high --resume b412 --max-budget-usd 1.50"
    assert launch.argv[-8:] == tuple(wishes.split())
    assert launch.env["ANTHROPIC_BASE_URL"] == "http://model"
    assert launch.env["CLAUDE_CODE_MAX_RETRIES"] == "9"
    assert launch.secrets == ("ANTHROPIC_AUTH_TOKEN", "NPM_TOKEN")


def test_what_the_driver_needs_cannot_be_overridden() -> None:
    brief = Brief(prompt="go", workspace="/w", scratch="/s", env={"CLAUDE_CONFIG_DIR": "/w"})
    assert ClaudeDriver().launch(brief).env["CLAUDE_CONFIG_DIR"] == "/s/claude"


def test_repeated_lines_of_one_message_are_counted_once() -> None:
    translator = ClaudeTranslator()
    message = {"id": "m1", "usage": {"input_tokens": 7, "output_tokens": 1}, "content": []}
    line = _line(type="assistant", message=message)
    assert translator.line(line) == (UsageReported(usage=Usage(input_tokens=7, output_tokens=1)),)
    assert translator.line(line) == ()


def test_older_version_without_per_result_usage() -> None:
    usage = {"input_tokens": 10, "output_tokens": 5}
    fresh = ClaudeTranslator()
    fresh.line(_result(result="a", usage=usage, total_cost_usd=0.25))
    fresh.line(_result(result="b", usage=usage, total_cost_usd=0.75))
    used = fresh.outcome(0, stderr="").usage
    assert used == Usage(input_tokens=20, output_tokens=10, cost_usd=Decimal("0.75"))
    resumed = ClaudeTranslator(resumed=True)
    resumed.line(_result(result="a", usage=usage, total_cost_usd=0.25))
    assert resumed.outcome(0, stderr="").usage.cost_usd is None


def test_a_success_that_was_a_limit() -> None:
    translator = ClaudeTranslator()
    translator.line(_result(result="Claude AI usage limit reached|1795305600"))
    outcome = translator.outcome(0, stderr="")
    assert (outcome.status, outcome.reason) == ("limited", "RateLimited")
    assert outcome.retry_at == datetime(2026, 11, 22, tzinfo=UTC)


def test_an_answer_about_limits_is_an_answer() -> None:
    translator = ClaudeTranslator()
    translator.line(_result(result="I fixed the text `usage limit reached|1795305600`."))
    assert translator.outcome(0, stderr="").reason == "Completed"


def test_an_error_that_was_overcome_does_not_colour_the_next() -> None:
    translator = ClaudeTranslator()
    synthetic = {"model": "<synthetic>", "content": [{"type": "text", "text": "API Error"}]}
    translator.line(_line(type="assistant", error="rate_limit", message=synthetic))
    translator.line(_line(type="assistant", message={"id": "m", "content": []}))
    translator.line(_result(is_error=True, api_error_status=529, result="Overloaded"))
    assert translator.outcome(1, stderr="").reason == "Overloaded"


def test_process_that_went_on_after_its_result_and_died() -> None:
    translator = ClaudeTranslator()
    translator.line(_line(type="system", subtype="init", session_id="s"))
    translator.line(_result(result="Started it."))
    translator.line(_line(type="system", subtype="init", session_id="s"))
    outcome = translator.outcome(137, stderr="")
    assert (outcome.reason, outcome.retryable) == ("Crashed", True)
    assert "signal 9" in outcome.message


def test_process_that_hangs_after_its_result_did_its_turn() -> None:
    translator = ClaudeTranslator()
    translator.line(_result(result="Done."))
    assert translator.outcome(None, stderr="").reason == "Completed"


@pytest.mark.parametrize(
    ("exit_code", "stderr", "reason", "says"),
    [
        (None, "", "Stopped", "stopped"),
        (127, "env: claude: No such file or directory", "ToolMissing", "template"),
        (126, "", "ToolMissing", "template"),
        (1, "boom", "Crashed", "boom"),
        (0, "", "Crashed", "before its turn ended"),
        (-9, "", "Crashed", "signal 9"),
    ],
)
def test_process_without_any_result(
    exit_code: int | None, stderr: str, reason: str, says: str
) -> None:
    outcome = ClaudeTranslator().outcome(exit_code, stderr=stderr)
    assert outcome.reason == reason
    assert says in outcome.message
    assert outcome.exit_code == exit_code


def test_tool_calls_are_readable() -> None:
    calls = [
        {"type": "tool_use", "id": "1", "name": "Bash", "input": {"command": "ls", "x": 1}},
        {"type": "tool_use", "id": "2", "name": "Odd", "input": {"n": 1}},
        {"type": "tool_use", "id": "3", "name": "Bash", "input": {"command": "a" * 9_000}},
        {"type": "tool_use", "id": "4", "name": "Bash", "input": "broken"},
    ]
    events = ClaudeTranslator().line(_line(type="assistant", message={"content": calls}))
    inputs = [event.input for event in events if isinstance(event, ToolCalled)]
    assert inputs == ["ls", '{"n": 1}', "a" * 1_999 + "…", "{}"]


def test_tool_results_may_be_lists() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "image", "source": {}}]
    block = {"type": "tool_result", "tool_use_id": "1", "content": parts}
    events = ClaudeTranslator().line(_line(type="user", message={"content": [block]}))
    assert events == (ToolReturned(id="1", output="one\n[image]"),)
