"""Wishes an agent cannot fulfil, said where they are written, with the agents that can."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from courier.diagnostics import Diagnostic
from courier.planning.problems import warning
from courier.planning.references import Pointer
from courier.planning.unused import Locate
from courier.resources.capabilities import CAPABILITIES, Feature, lack

_WISHES: Final[tuple[tuple[Pointer, Feature], ...]] = (
    (("model",), "model"),
    (("effort",), "effort"),
    (("skills",), "skills"),
    (("commands",), "commands"),
    (("images",), "images"),
    (("budget",), "cost"),
    (("budgets", "perRun"), "cost"),
)
"""Where a wish is written beside the agent it is for, and what it takes to fulfil it."""

_CONSEQUENCE: Final[Mapping[Feature, str]] = {
    "cost": " The budget cannot stop it in the middle; a step's time does."
}

_LESSER: Final = frozenset(
    name
    for name, each in CAPABILITIES.items()
    if not all(each.has(feature) for _, feature in _WISHES)
)


def may_name_lesser(text: str) -> bool:
    """Return very quickly whether plain text may name an agent that lacks something."""
    if "agent" in text:
        for name in _LESSER:
            if name in text:
                return True
    return False


def may_lack(value: object) -> bool:
    """Return quickly whether a document may name an agent that lacks something; most do not."""
    if isinstance(value, dict):
        agent = value.get("agent")
        if isinstance(agent, str) and agent in _LESSER:
            return True
        value = value.values()
    elif not isinstance(value, list):
        return False
    for inside in value:
        kind = type(inside)
        if (kind is dict or kind is list) and may_lack(inside):
            return True
    return False


def lacking_features(value: Mapping[str, Any]) -> Iterator[tuple[Pointer, str]]:
    """Yield the place of every wish that the built-in agent named beside it cannot fulfil."""
    if not may_lack(value["spec"]):
        return
    for pointer, part in _choices(value["spec"], ("spec",)):
        for wish, feature in _WISHES:
            told = lack(part["agent"], feature, CAPABILITIES) if _at(part, wish) else None
            if told is not None:
                yield (*pointer, *wish), told + _CONSEQUENCE.get(feature, "")


def warnings_of_lacks(value: Mapping[str, Any], locate: Locate) -> Iterator[Diagnostic]:
    """Yield a warning for every such wish of a valid document."""
    for pointer, told in lacking_features(value):
        yield warning("AgentLacksFeature", "Agent cannot do this", told, locate(pointer))


def _choices(value: object, pointer: Pointer) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield every mapping that names an agent."""
    if isinstance(value, dict):
        if isinstance(value.get("agent"), str):
            yield pointer, value
        for key, inside in value.items():
            if isinstance(inside, dict | list):
                yield from _choices(inside, (*pointer, key))
    elif isinstance(value, list):
        for index, inside in enumerate(value):
            yield from _choices(inside, (*pointer, index))


def _at(value: object, steps: Pointer) -> bool:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return bool(value)
