"""Effective values with their origin.

Their order: built-in < Template < Project < Workflow < Persona < step < Run. What a Project says
of a kind of session lies just above the Project, for steps of that kind.

A value is known by its path below `spec` as in YAML, e.g. ``sandbox.template``; an attempt's times
are always ``sandbox.timeout`` and ``sandbox.idleTimeout``, also where a step writes them without
``sandbox``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from courier.resources.defaults import BUILT_IN

Place = Callable[[Sequence[str | int]], str | None]
"""From a pointer into a document to ``file:line:column``, where that is known."""

CHOICE: Final = {"agent": "agent", "model": "model", "effort": "effort"}
"""Who does a step; every writer may write it, under the same words."""
_SHARED: Final = CHOICE | {
    path: path for path in BUILT_IN if path == "paths" or path.startswith(("sandbox.", "delivery."))
}
_MACHINE: Final = ("template", "cpu", "memoryMB", "egress", "allowedHosts")
_PART: Final = (CHOICE | {f"sandbox.{word}": f"sandbox.{word}" for word in _MACHINE}) | {
    "sandbox.timeout": "timeout",
    "sandbox.idleTimeout": "idleTimeout",
}

PATHS: Final[Mapping[str, Mapping[str, str]]] = {
    "Project": _SHARED
    | {path: path for path in BUILT_IN if path.startswith("git.")}
    | {"budget": "budgets.perRun"},
    "Workflow": _SHARED
    | {path: path for path in BUILT_IN if path.startswith("loops.")}
    | {"budget": "budget"},
    "Template": {"sandbox.cpu": "cpu", "sandbox.memoryMB": "memoryMB"},
    "session": CHOICE | {"sandbox.template": "template"},
    "candidate": CHOICE,
    "Persona": CHOICE,
    "Run": _SHARED | {"budget": "budget"},
    "Sandbox": _PART,
    "step": _PART,
    "override": _PART,
}
"""What kind of writer may write which value, and under which path of its own."""

_OF_AGENT: Final = frozenset({"model", "effort"})
"""Values that mean something only to the agent they were written for."""

SHELL: Final = "shell"
"""The agent that runs commands; it takes neither a model nor an effort."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value and where it was written; ``value`` is plain JSON, as in the document."""

    value: object
    origin: str


class Values(dict[str, Value]):
    """Effective values by path, read as the type their field has."""

    def text(self, path: str) -> str | None:
        """Return a text; None where it is left to the agent."""
        told = self[path].value if path in self else None
        return None if told is None else str(told)

    def number(self, path: str) -> int:
        """Return a whole number."""
        return int(str(self[path].value).removesuffix(".0"))

    def number_or_none(self, path: str) -> int | None:
        """Return a whole number; None where it is left to the template."""
        return None if self[path].value is None else self.number(path)

    def flag(self, path: str) -> bool:
        """Return whether it is so."""
        return self[path].value is True

    def words(self, path: str) -> tuple[str, ...]:
        """Return a list of texts."""
        told = self[path].value
        return tuple(str(word) for word in told) if isinstance(told, list | tuple) else ()

    def dollars(self, path: str) -> Decimal | None:
        """Return an amount of US dollars; None for no limit."""
        told = self[path].value if path in self else None
        return None if told is None else Decimal(str(told))


@dataclass(frozen=True, slots=True)
class Writer:
    """A document, or a part of one, that may write values.

    Attributes:
        kind: A key of `PATHS`.
        name: What people call it, e.g. ``Workflow/fix``.
        told: The mapping it writes values in, as plain JSON.
        pointer: Where that mapping stands in its document.
        place: Finds lines; None where they are not known.
    """

    kind: str
    name: str
    told: Mapping[str, object]
    pointer: tuple[str | int, ...] = ("spec",)
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """The values one writer writes, by their paths."""

    values: Mapping[str, Value] = field(default_factory=dict)


BUILT_IN_LAYER: Final = Layer(
    {path: Value(built.value, "built-in") for path, built in BUILT_IN.items()}
)
"""What holds where nobody writes anything."""


def layer(writer: Writer) -> Layer:
    """Return what a writer writes; ``run`` writes the agent that runs commands."""
    found = {}
    for path, own in PATHS[writer.kind].items():
        steps = tuple(own.split("."))
        told = _at(writer.told, steps)
        if told is not None:
            found[path] = Value(told, origin(writer, steps))
    if writer.kind in ("step", "override") and writer.told.get("run") is not None:
        found["agent"] = Value(SHELL, origin(writer, ("run",)))
    return Layer(found)


def effective(layers: Sequence[Layer]) -> Values:
    """Return every value that any layer writes, with its origin; the last layer wins.

    A model or effort counts only where the agent in force at its layer is the one finally
    chosen: a Project's model for one agent says nothing to a step that chose another.

    Args:
        layers: Lowest precedence first.
    """
    agents = [each.values["agent"].value for each in layers if "agent" in each.values]
    chosen = agents[-1] if agents else None
    in_force: object = None
    found = Values()
    for each in layers:
        in_force = each.values["agent"].value if "agent" in each.values else in_force
        counts = in_force == chosen and chosen != SHELL
        found.update(
            {path: value for path, value in each.values.items() if counts or path not in _OF_AGENT}
        )
    return found


def _at(told: object, steps: Sequence[str]) -> object:
    for step in steps:
        if not isinstance(told, Mapping):
            return None
        told = told.get(step)
    return told


def origin(writer: Writer, steps: Sequence[str | int]) -> str:
    """Return where a writer writes something, for people; ``steps`` lead there from its part."""
    pointer = (*writer.pointer, *steps)
    text = f"{writer.name} {shown(pointer)}"
    place = writer.place(pointer) if writer.place else None
    return f"{text} ({place})" if place else text


def shown(pointer: Sequence[str | int]) -> str:
    """Return a pointer as people read it, e.g. ``spec.steps[0].model``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in pointer)
    return text.removeprefix(".")
