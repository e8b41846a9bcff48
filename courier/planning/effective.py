"""Effective values with their origin: built-in < Project < Workflow < Persona < step < Run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from courier.runs.frozen import FrozenValue

Field = Literal["agent", "model", "effort", "timeout"]
"""A value that several documents may write."""

_OF_AGENT: Final[tuple[Field, ...]] = ("model", "effort")
"""Values that mean something only to the agent they were written for."""

_WITHOUT_MODEL: Final = frozenset({"shell"})
"""Agents that take neither a model nor an effort."""


@dataclass(frozen=True, slots=True)
class Written:
    """One value as somebody wrote it; ``origin`` names the document, the field and the place."""

    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Layer:
    """The values one document, or one part of it, writes.

    Attributes:
        origin: What wrote them, e.g. ``Project/demo``.
        values: Field to value; what it does not write is left out.
    """

    origin: str
    values: Mapping[Field, Written] = field(default_factory=dict)


def effective(layers: Sequence[Layer]) -> dict[Field, FrozenValue]:
    """Return every value that any layer writes, with its origin.

    The last layer that writes a value wins. A model or effort counts only where the agent that
    was in force at its layer is the one finally chosen: a Project's model for one agent says
    nothing to a step that chose another.

    Args:
        layers: Lowest precedence first.
    """
    written = [(name, told) for layer in layers for name, told in layer.values.items()]
    chosen = next((told.value for name, told in reversed(written) if name == "agent"), None)
    in_force: str | None = None
    found: dict[Field, FrozenValue] = {}
    for layer in layers:
        in_force = layer.values["agent"].value if "agent" in layer.values else in_force
        found |= {
            name: FrozenValue(value=told.value, origin=told.origin)
            for name, told in layer.values.items()
            if name not in _OF_AGENT or _counts(in_force, chosen)
        }
    return found


def _counts(in_force: str | None, chosen: str | None) -> bool:
    return in_force == chosen and chosen not in _WITHOUT_MODEL
