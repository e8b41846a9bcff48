"""OpenCode: the process to start, and how its JSON lines read."""

from courier.agents.opencode.driver import OpenCodeDriver
from courier.agents.opencode.stream import OpenCodeTranslator

__all__ = ["OpenCodeDriver", "OpenCodeTranslator"]
