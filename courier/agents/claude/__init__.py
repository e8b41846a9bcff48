"""Claude Code: the process to start, and how its stream-json output reads."""

from courier.agents.claude.driver import ClaudeDriver
from courier.agents.claude.stream import ClaudeTranslator

__all__ = ["ClaudeDriver", "ClaudeTranslator"]
