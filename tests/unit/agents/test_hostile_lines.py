"""Whatever an agent prints, no translator raises, and what it gives can be stored."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.agents.described import DescribedDriver
from courier.agents.shell import ShellDriver
from courier.ports.agents import AgentDriver
from courier.resources.agent import AgentSpec
from courier.runs.briefs.brief import Brief
from tests.unit.agents.replay import DRIVERS

BRIEF = Brief(prompt="go", workspace="/w", scratch="/s", session="s")


def _described(format: str) -> DescribedDriver:
    paths = {
        "format": format,
        "text": "message.content.0.text",
        "session": "id",
        "error": "error.message",
    }
    told = {
        "start": ["agent"],
        "output": paths if format != "text" else {},
        "usage": {"inputTokens": "usage.input", "costUsd": "usage.cost"},
    }
    return DescribedDriver(f"described-{format}", AgentSpec.model_validate_json(json.dumps(told)))


ALL: list[AgentDriver] = [
    *DRIVERS.values(),
    ShellDriver(),
    *map(_described, ("text", "json", "jsonLines")),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=5,
)

KEYS = st.sampled_from(
    [
        "type",
        "subtype",
        "message",
        "content",
        "usage",
        "input_tokens",
        "output_tokens",
        "id",
        "model",
        "text",
        "thinking",
        "name",
        "input",
        "command",
        "error",
        "errors",
        "result",
        "is_error",
        "session_id",
        "total_cost_usd",
        "rate_limit_info",
        "status",
        "resetsAt",
        "retry_delay_ms",
        "error_status",
        "api_error_status",
        "tool_use_id",
        "cost",
        "model_usage_since_last_result",
        "inputTokens",
        "costUSD",
        "thread_id",
        "item",
        "cached_input_tokens",
        "aggregated_output",
        "changes",
        "part",
        "reason",
        "tokens",
        "sessionID",
        "state",
        "callID",
        "tool",
        "data",
        "statusCode",
        "responseHeaders",
        "retry-after",
        "timestamp",
        "stopReason",
        "errorMessage",
        "toolCallId",
        "toolName",
        "args",
        "willRetry",
        "delayMs",
        "total",
        "cache",
        "read",
        "write",
        "metadata",
        "exit",
    ]
)

WORDS = st.sampled_from(
    [
        "system",
        "init",
        "api_retry",
        "assistant",
        "user",
        "result",
        "text",
        "thinking",
        "tool_use",
        "tool_result",
        "rejected",
        "rate_limit_event",
        "error_during_execution",
        "<synthetic>",
        "thread.started",
        "turn.started",
        "turn.completed",
        "turn.failed",
        "item.started",
        "item.completed",
        "error",
        "command_execution",
        "file_change",
        "mcp_tool_call",
        "agent_message",
        "reasoning",
        "step_start",
        "step_finish",
        "stop",
        "length",
        "session",
        "message_end",
        "agent_end",
        "agent_settled",
        "tool_execution_start",
        "tool_execution_end",
        "auto_retry_start",
        "compaction_end",
        "completed",
        "failed",
    ]
) | st.just("half \ud83d character")

EVENTS = st.recursive(
    JSON | WORDS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(KEYS, inside, max_size=8),
    max_leaves=12,
)

LINES = st.lists(
    st.tuples(st.dictionaries(KEYS, EVENTS, max_size=8), WORDS).map(
        lambda found: json.dumps({**found[0], "type": found[1]})
    )
    | st.text(),
    max_size=4,
)

each = pytest.mark.parametrize("driver", ALL, ids=lambda driver: driver.name)


@each
@settings(max_examples=40, deadline=None)
@given(lines=LINES, exit_code=st.none() | st.integers(-64, 255))
def test_no_line_raises(driver: AgentDriver, lines: list[str], exit_code: int | None) -> None:
    translator = driver.translator(BRIEF)
    for line in lines:
        for event in translator.line(line):
            event.model_dump_json()
    translator.outcome(exit_code, stderr="\udc80").model_dump_json()


@pytest.mark.parametrize("line", ["[" * 100_000, "1" * 5_000, '{"type": "result"', "", "null"])
@pytest.mark.parametrize("driver", DRIVERS.values(), ids=lambda driver: driver.name)
def test_broken_lines_mean_nothing(driver: AgentDriver, line: str) -> None:
    assert driver.translator(BRIEF).line(line) == ()


@each
def test_silence_is_never_success(driver: AgentDriver) -> None:
    for exit_code in (0, 1, 127, -9, 137, None):
        outcome = driver.translator(BRIEF).outcome(exit_code, stderr="")
        if (driver.name, exit_code) != ("shell", 0):
            assert outcome.status == "failed"
            assert outcome.message
        assert outcome.exit_code == exit_code
