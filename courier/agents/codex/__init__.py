"""Codex: the process to start, and how its JSON lines read."""

from courier.agents.codex.driver import CodexDriver
from courier.agents.codex.stream import CodexTranslator

__all__ = ["CodexDriver", "CodexTranslator"]
