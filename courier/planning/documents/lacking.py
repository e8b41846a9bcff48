"""Wishes an agent cannot fulfil, said where they are written, with the agents that can.

A wish is for the agent named beside it, else for the one its document names above it; what a
document wishes for all of its parts is for the agents of those, too. What other documents have a
say in is told by `courier.planning.freezing.wishes`, of each run.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeGuard, cast

from courier.diagnostics import Diagnostic
from courier.planning.documents.references import Naming, Pointer
from courier.planning.documents.unused import Locate
from courier.planning.problems import warning
from courier.resources.capabilities import CAPABILITIES, Capabilities, Feature, lack

CODE: Final = "AgentLacksFeature"
SUMMARY: Final = "Agent cannot do this"

_WISHES: Final[tuple[tuple[Pointer, Feature], ...]] = (
    (("model",), "model"),
    (("effort",), "effort"),
    (("guide",), "instructions"),
    (("skills",), "skills"),
    (("commands",), "commands"),
    (("images",), "images"),
    (("budget",), "cost"),
    (("budgets", "perRun"), "cost"),
    (("messages",), "continue"),
)
"""Where a wish is written beside the agent it is for, and what it takes to fulfil it."""

_SHARED: Final = tuple(each for each in _WISHES if each[1] not in ("model", "effort"))
"""Those that a document has for all of its parts, whoever does them."""

_PARTS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "Persona": (),
    "Sandbox": (),
    "Run": (("overrides",),),
    "Project": (("sessions",),),
    "Workflow": (("steps",), ("candidates", "agents")),
}
"""The kinds that name agents, and where they have parts that do."""

_CONSEQUENCE: Final[Mapping[Feature, str]] = {
    "model": " It is left out.",
    "effort": " It is left out.",
    "instructions": " It is told the guide in its prompt.",
    "skills": " They are left out.",
    "images": " Its prompt says where the files are.",
    "cost": " Only rates for its tokens (CostRates) let the budget stop it in the middle.",
    "continue": " Every message starts a new conversation.",
}

_AGENT: Final = ("Agent",)
_LESSER: Final = frozenset(
    name
    for name, each in CAPABILITIES.items()
    if not all(each.has(feature) for _, feature in _WISHES)
)
ABLE: Final = CAPABILITIES.keys() - _LESSER
"""The agents of whom nothing is asked in vain."""


class Wish(NamedTuple):
    """What a document wants of an agent.

    Attributes:
        pointer: Where it says so.
        agent: The agent's name.
        feature: What it takes.
    """

    pointer: Pointer
    agent: str
    feature: Feature


def sentence(wish: Wish, able: Capabilities) -> str | None:
    """Return what to say of a wish: who can fulfil it, and what happens; None if its agent can.

    Args:
        wish: What is wanted.
        able: What its agent can do.
    """
    told = lack(wish.agent, wish.feature, {**CAPABILITIES, wish.agent: able})
    return None if told is None else told + _CONSEQUENCE.get(wish.feature, "")


def may_lack(kind: str, namings: Iterable[Naming]) -> bool:
    """Return quickly whether a document of a kind may ask for what an agent it names lacks."""
    return kind in _PARTS and any(name in _LESSER and kinds == _AGENT for _, kinds, name in namings)


def warnings_of_lacks(value: Mapping[str, Any], locate: Locate) -> Iterator[Diagnostic]:
    """Yield a warning for every wish of a valid document that shows by itself to be in vain."""
    for wish in wishes(value):
        told = None if needs_others(wish) else sentence(wish, CAPABILITIES[wish.agent])
        if told is not None:
            yield warning(CODE, SUMMARY, told, locate(wish.pointer))


def needs_others(wish: Wish) -> bool:
    """Return whether other documents say if it is in vain: an Agent's, or those of commands."""
    return wish.agent not in CAPABILITIES or wish.feature == "commands"


def wishes(value: Mapping[str, Any]) -> tuple[Wish, ...]:
    """Return what a valid document wants of agents, except of those that can do everything."""
    places = _PARTS.get(value["kind"])
    if places is None:
        return ()
    spec: Mapping[str, Any] = value["spec"]
    parts = tuple(_parts(spec, places)) if places else ()
    # Each once, in the order they are found.
    return tuple(dict.fromkeys(_found(spec, parts)))


def _found(
    spec: Mapping[str, Any], parts: Iterable[tuple[Pointer, Mapping[str, Any]]]
) -> Iterator[Wish]:
    whole = spec.get("agent")
    yield from _wishes(("spec",), spec, whole, _WISHES)
    for pointer, part in parts:
        agent = part.get("agent")
        yield from _wishes(pointer, part, agent or _inherited(spec, pointer, part), _WISHES)
        if agent not in (whole, "shell"):
            yield from _wishes(("spec",), spec, agent, _SHARED)


def _inherited(spec: Mapping[str, Any], pointer: Pointer, part: Mapping[str, Any]) -> str | None:
    """Return the agent of a part that names none, where no other document has a say in it."""
    is_compared = pointer[1] == "steps" and "candidates" in spec
    is_others = "run" in part or "persona" in part
    is_asked = pointer[1:] == ("sessions", "learning") and names_provider(part.get("model"))
    return None if is_compared or is_others or is_asked else spec.get("agent")


def names_provider(model: object) -> TypeGuard[str]:
    """Return whether a model is one that is asked by itself, without an agent."""
    return isinstance(model, str) and model.startswith(("anthropic/", "openai/", "openrouter/"))


def _wishes(
    pointer: Pointer,
    part: Mapping[str, Any],
    agent: str | None,
    places: Iterable[tuple[Pointer, Feature]],
) -> Iterator[Wish]:
    if agent is None or agent in ABLE:
        return
    for place, feature in places:
        if _at(part, place) and (feature != "continue" or _goes_on(part)):
            yield Wish((*pointer, *place), agent, feature)


def _goes_on(sandbox: Mapping[str, Any]) -> bool:
    return "prompt" in sandbox or len(sandbox["messages"]) > 1


def _parts(
    spec: Mapping[str, Any], places: Iterable[tuple[str, ...]]
) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    for place in places:
        found = _at(spec, place)
        every = (
            found.items() if isinstance(found, dict) else enumerate(cast(list[Any], found or ()))
        )
        for key, part in every:
            yield ("spec", *place, key), part


def _at(value: object, steps: Pointer) -> object:
    for step in steps:
        value = cast(dict[object, object], value).get(step) if isinstance(value, dict) else None
    return value
