"""Records what the real Claude Code prints in every scripted situation.

    python -m tests.e2e.clis.record [SCENARIO...]

Writes ``tests/unit/agents/recordings/claude-<version>-<scenario>.jsonl``: a first line about
the process, then its output as printed, with this machine's paths replaced and long lists of
the first event left out.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from courier.agents.claude import ClaudeDriver
from courier.runs.brief import Brief
from tests.e2e.clis import local
from tests.fakes.models import ScriptedModels
from tests.fakes.models.scenarios import CLAUDE

FOLDER = Path(__file__).parents[2] / "unit" / "agents" / "recordings"

VERSION = "2.1.328"

_LONG = frozenset(
    {
        "tools",
        "slash_commands",
        "terminal_slash_commands",
        "agents",
        "skills",
        "plugins",
        "capabilities",
        "memory_paths",
        "messaging_socket_path",
        "additional_directories",
    }
)


@dataclass(frozen=True, slots=True)
class Situation:
    """One recording: the script, and what differs from an ordinary first turn."""

    script: str
    extra: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=lambda: {"ANTHROPIC_API_KEY": "scripted"})
    env: Mapping[str, str] = field(default_factory=dict)
    turns: int = 1
    until: Callable[[str], bool] | None = None


SITUATIONS: Mapping[str, Situation] = {
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
    "unreachable": Situation("text", env={"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}),
    "too-long": Situation("too-long"),
    "no-credit": Situation("no-credit"),
    "no-model": Situation("no-model"),
    "max-turns": Situation("loop", extra=("--max-turns", "2")),
    "budget": Situation("loop", extra=("--max-budget-usd", "0.01")),
    "cut": Situation("cut"),
    "empty": Situation("empty"),
    "refused": Situation("refused"),
    "stopped": Situation("slow", until=lambda line: '"tool_use"' in line),
    "unknown-session": Situation(
        "text", extra=("--resume", "00000000-0000-4000-8000-000000000000")
    ),
    "bad-option": Situation("text", extra=("--no-such-option",)),
    "background": Situation("background", env={"CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "0"}),
}


async def record(name: str, models: ScriptedModels) -> str:
    """Return one recording's text."""
    situation = SITUATIONS[name]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("work", "home", "scratch"):
            (root / part).mkdir()
        session: str | None = None
        for turn in range(situation.turns):
            launch = ClaudeDriver().launch(
                Brief(
                    prompt=f"Turn {turn + 1}: do what is needed.",
                    workspace=str(root / "work"),
                    scratch=str(root / "scratch"),
                    session=session,
                    env={
                        "ANTHROPIC_BASE_URL": models.base_url(name, situation.script),
                        "CLAUDE_CODE_MAX_RETRIES": "2",
                    },
                )
            )
            ended = await local.run(
                replace(
                    launch,
                    argv=(*launch.argv, *situation.extra),
                    env={**launch.env, **situation.env},
                ),
                cwd=root / "work",
                home=root / "home",
                secrets=situation.secrets,
                until=situation.until,
            )
            session = _session(ended.lines)
        return _text(name, ended, root)


def _session(lines: tuple[str, ...]) -> str | None:
    return next((json.loads(line).get("session_id") for line in lines if line[:1] == "{"), None)


def _text(name: str, ended: local.Ended, root: Path) -> str:
    head = {
        "cli": "claude",
        "version": VERSION,
        "scenario": name,
        "exitCode": ended.exit_code,
        "stderr": ended.stderr,
    }
    text = "\n".join([json.dumps(head), *map(_shorten, ended.lines)]) + "\n"
    slug = re.sub(r"[^A-Za-z0-9]", "-", str(root))
    text = text.replace(str(root), "/sandbox").replace(slug, "-sandbox")
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", text)


def _shorten(line: str) -> str:
    if not line.startswith("{"):
        return line
    event: dict[str, Any] = json.loads(line)
    kept = {key: value for key, value in event.items() if key not in _LONG}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


async def main(names: list[str]) -> None:
    """Make the named recordings, or all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ScriptedModels(CLAUDE) as models:
        for name in names or SITUATIONS:
            text = await record(name, models)
            (FOLDER / f"claude-{VERSION}-{name}.jsonl").write_text(text, encoding="utf-8")
            print(f"{name}: {len(text)} characters")  # noqa: T201 - a tool for people


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
