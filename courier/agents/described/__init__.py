"""Agents described in YAML: the process a description means, and how its output reads."""

from courier.agents.described.driver import DescribedDriver
from courier.agents.described.stream import DescribedTranslator

__all__ = ["DescribedDriver", "DescribedTranslator"]
