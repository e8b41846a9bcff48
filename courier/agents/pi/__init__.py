"""Pi: the process to start, and how its JSON lines read."""

from courier.agents.pi.driver import PiDriver
from courier.agents.pi.stream import PiTranslator

__all__ = ["PiDriver", "PiTranslator"]
