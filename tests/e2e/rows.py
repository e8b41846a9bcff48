"""The rows of the matrix: every way an agent is run, by the real program."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.clis.situations import CLIS
from tests.fakes.models.tools import Tools

SECRETS: Mapping[str, str] = {
    "ANTHROPIC_API_KEY": "scripted-anthropic-key",
    "OPENAI_API_KEY": "scripted-openai-key",
    "OPENROUTER_API_KEY": "scripted-openrouter-key",
}
"""The keys courier has while the matrix is carried out."""

MINE_SPEC: dict[str, Any] = {
    "description": "Claude Code as a project may describe it, with one JSON value at its end.",
    "start": [
        *("claude", "-p", "--output-format", "json", "--dangerously-skip-permissions"),
        *("--model", "{model}"),
    ],
    "continue": [
        *("claude", "-p", "--output-format", "json", "--dangerously-skip-permissions"),
        *("--model", "{model}", "--resume", "{session}"),
    ],
    "output": {"format": "json", "text": "result", "session": "session_id"},
    "usage": {
        "inputTokens": "usage.input_tokens",
        "outputTokens": "usage.output_tokens",
        "cacheReadTokens": "usage.cache_read_input_tokens",
        "cacheWriteTokens": "usage.cache_creation_input_tokens",
        "costUsd": "total_cost_usd",
    },
    "env": [
        {"name": "IS_SANDBOX", "value": "1"},
        {"name": "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "value": "1"},
        {"name": "ANTHROPIC_API_KEY", "secretRef": "ANTHROPIC_API_KEY"},
    ],
}
"""What its document says of the described agent."""

MINE = {
    "apiVersion": "courier/v1",
    "kind": "Agent",
    "metadata": {"name": "mine"},
    "spec": MINE_SPEC,
}
"""The described agent's document."""


@dataclass(frozen=True, slots=True)
class Row:
    """One agent.

    Attributes:
        agent: Its name in documents.
        cli: The program it is, as in `CLIS`.
        model: The model its steps ask for; None for its own choice.
        wire: The end of the path its model requests go to.
        documents: Documents it needs, by path below ``.courier``.
    """

    agent: str
    cli: str
    wire: str
    model: str | None = None
    documents: tuple[tuple[str, str], ...] = ()

    @property
    def tools(self) -> Tools:
        """How a model calls its tools."""
        return CLIS[self.cli].tools


ROWS: Mapping[str, Row] = {
    "claude": Row("claude", "claude", "/v1/messages"),
    "codex": Row("codex", "codex", "/responses", model="gpt-5.5"),
    "opencode": Row("opencode", "opencode", "/chat/completions", model="openrouter/scripted/model"),
    "pi": Row("pi", "pi", "/responses", model="openai/gpt-5.5"),
    "described": Row(
        "mine",
        "claude",
        "/v1/messages",
        model="claude-sonnet-4-5",
        documents=(("agents/mine.yaml", json.dumps(MINE)),),
    ),
}
"""Every row by its name."""
