"""Every situation a recording is made of, per agent CLI."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from courier.agents.claude import ClaudeDriver
from courier.agents.codex import CodexDriver
from courier.agents.opencode import OpenCodeDriver
from courier.agents.pi import PiDriver
from courier.ports.agents import AgentDriver
from tests.fakes.models import Script
from tests.fakes.models.scenarios import CLAUDE, CODEX, OPENCODE, PI
from tests.fakes.models.tools import CLAUDE_TOOLS, CODEX_TOOLS, OPENCODE_TOOLS, PI_TOOLS, Tools

DEAD = "http://127.0.0.1:9"
"""A base URL nothing listens at."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One recording: the script, and what differs from an ordinary first turn."""

    script: str
    extra: tuple[str, ...] = ()
    secrets: Mapping[str, str] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    session: str | None = None
    turns: int = 1
    seconds: float = 120.0
    until: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class Cli:
    """One agent CLI at one version.

    Attributes:
        package: Its name in the npm registry.
        tools: How a model calls its tools.
        scripts: How scripted models behave towards it.
        secrets: The keys of an ordinary turn.
        env: Variables of an ordinary turn; ``{base}`` is the scripted provider's URL.
        model: The model of an ordinary turn.
        long: Fields of a line that are left out of a recording.
        situations: What is recorded, by name.
    """

    driver: AgentDriver
    package: str
    version: str
    tools: Tools
    scripts: Mapping[str, Script]
    secrets: Mapping[str, str]
    env: Mapping[str, str]
    situations: Mapping[str, Situation]
    model: str | None = None
    long: frozenset[str] = frozenset()


_NO_SESSION = "00000000-0000-4000-8000-000000000000"

_EVERYWHERE: Mapping[str, Situation] = {
    **{
        name: Situation(name)
        for name in (
            *("text", "tools", "retry", "cut", "pieces", "bad-key", "forbidden", "rate-limited"),
            *("usage-limit", "overloaded", "server-error", "late-fault", "too-long", "no-credit"),
            *("no-model", "empty", "refused", "length", "cut-off"),
            *("payment", "late-limit", "reset", "page", "nothing"),
        )
    },
    "resume": Situation("resume", turns=2),
    "no-key": Situation("text", secrets={}),
    "unknown-session": Situation("text", session=_NO_SESSION),
    "bad-option": Situation("text", extra=("--no-such-option",)),
}

_CLAUDE: Mapping[str, Situation] = {
    "text": Situation("text"),
    "tools": Situation("tools"),
    "resume": Situation("resume", turns=2),
    "retry": Situation("retry"),
    "bad-key": Situation("bad-key"),
    "no-key": Situation("text", secrets={}),
    "forbidden": Situation("forbidden"),
    "rate-limited": Situation("rate-limited"),
    "usage-limit": Situation("rate-limited", secrets={"CLAUDE_CODE_OAUTH_TOKEN": "scripted"}),
    "overloaded": Situation("overloaded"),
    "unreachable": Situation("text", env={"ANTHROPIC_BASE_URL": DEAD}),
    "too-long": Situation("too-long"),
    "no-credit": Situation("no-credit"),
    "no-model": Situation("no-model"),
    "max-turns": Situation("loop", extra=("--max-turns", "2")),
    "budget": Situation("loop", extra=("--max-budget-usd", "0.01")),
    **{
        name: Situation(name)
        for name in (
            *("cut", "empty", "refused", "pieces", "server-error", "late-fault", "length"),
            *("cut-off", "payment", "late-limit", "reset", "page", "nothing"),
        )
    },
    "stopped": Situation("slow", until=lambda line: '"tool_use"' in line),
    "unknown-session": Situation("text", session=_NO_SESSION),
    "bad-option": Situation("text", extra=("--no-such-option",)),
    "background": Situation("background", env={"CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "0"}),
}


def _at_an_unknown_end(line: str) -> bool:
    return '"reason":"unknown"' in line


_EVERY_KEY = {
    "OPENAI_API_KEY": "scripted",
    "OPENROUTER_API_KEY": "scripted",
    "ANTHROPIC_API_KEY": "scripted",
}

_EVERY_URL = {
    "OPENAI_BASE_URL": "{base}/v1",
    "OPENROUTER_BASE_URL": "{base}/v1",
    "ANTHROPIC_BASE_URL": "{base}",
}

CLIS: Mapping[str, Cli] = {
    "claude": Cli(
        driver=ClaudeDriver(),
        package="@anthropic-ai/claude-code",
        version="2.1.328",
        tools=CLAUDE_TOOLS,
        scripts=CLAUDE,
        secrets={"ANTHROPIC_API_KEY": "scripted"},
        env={"ANTHROPIC_BASE_URL": "{base}", "CLAUDE_CODE_MAX_RETRIES": "2"},
        situations=_CLAUDE,
        long=frozenset(
            {
                *("tools", "slash_commands", "terminal_slash_commands", "agents", "skills"),
                *("plugins", "capabilities", "memory_paths", "messaging_socket_path"),
                "additional_directories",
            }
        ),
    ),
    "codex": Cli(
        driver=CodexDriver(),
        package="@openai/codex",
        version="0.169.0",
        tools=CODEX_TOOLS,
        scripts=CODEX,
        secrets={"OPENAI_API_KEY": "scripted"},
        env={"OPENAI_BASE_URL": "{base}/v1"},
        model="gpt-5.5",
        situations={
            **_EVERYWHERE,
            # It waits for a network for ever.
            "unreachable": Situation(
                "text", env={"OPENAI_BASE_URL": DEAD}, until=lambda line: "waiting" in line
            ),
            "stopped": Situation("slow", until=lambda line: '"command_execution"' in line),
        },
    ),
    "opencode": Cli(
        driver=OpenCodeDriver(),
        package="opencode-ai",
        version="1.18.33",
        tools=OPENCODE_TOOLS,
        scripts=OPENCODE,
        secrets=_EVERY_KEY,
        env=_EVERY_URL,
        model="openrouter/scripted/model",
        situations={
            **_EVERYWHERE,
            "messages": Situation("tools", model="claude-sonnet-4-5"),
            "unknown-session": Situation("text", session="ses_0000000000000000000000000"),
            "unreachable": Situation("text", env={"OPENROUTER_BASE_URL": DEAD}),
            # It asks again at once, and never ends.
            "page": Situation("page", until=_at_an_unknown_end),
            "nothing": Situation("nothing", until=_at_an_unknown_end),
            "stopped": Situation("loop", until=lambda line: '"step_finish"' in line),
        },
    ),
    "pi": Cli(
        driver=PiDriver(),
        package="@earendil-works/pi-coding-agent",
        version="0.87.1",
        tools=PI_TOOLS,
        scripts=PI,
        secrets=_EVERY_KEY,
        env=_EVERY_URL,
        model="openai/gpt-5.5",
        long=frozenset({"messages", "sections", "toolsAdded"}),
        situations={
            **_EVERYWHERE,
            "chat": Situation("tools", model="openrouter/scripted/model"),
            "messages": Situation("tools", model="claude-sonnet-4-5"),
            "chat-limit": Situation("rate-limited", model="openrouter/scripted/model"),
            "unreachable": Situation("text", env={"OPENAI_BASE_URL": DEAD}),
            "stopped": Situation("slow", until=lambda line: '"tool_execution_start"' in line),
        },
    ),
}
"""Every agent CLI by the driver's name."""
