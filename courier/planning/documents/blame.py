"""What a refused document can still be relied on for, given what its schema objects to.

A value that is at fault itself is told of once and not looked at again; all else in the document
is checked in the same pass.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from courier.planning.documents.references import Pointer

if TYPE_CHECKING:
    from courier.planning.documents.faults import Objection

_ABOUT_PARTS = frozenset(
    {"additionalProperties", "contains", "maxItems", "minItems", "propertyNames", "required"}
)
"""Rules about which parts a value has: what its other parts say still counts."""

_STEP = ("name", "type", "persona", "loop")
_READ = frozenset(
    {"type", "steps", "candidates", "approvals", "questions", "answers", "sprints", "schedule"}
)
"""Fields below spec that the rules of a kind read; of a step, only those of `_STEP`."""


class Objected(NamedTuple):
    """One thing a schema objects to: where, by which rule, and the keys that are at fault."""

    pointer: Pointer
    rule: str
    keys: tuple[str, ...] = ()


def objected(objections: "Iterable[Objection]") -> tuple[Objected, ...]:
    """Return what a validator found as plain values."""
    return tuple(
        Objected(tuple(each.instance_path), each.kind.name, _keys(each)) for each in objections
    )


def is_blamed(found: Iterable[Objected], pointer: Pointer) -> bool:
    """Return whether a value, one it lies in, or its key is already told to be at fault."""
    return any(
        pointer in [(*at, key) for key in keys]
        if rule in _ABOUT_PARTS
        else pointer[: len(at)] == at
        for at, rule, keys in found
    )


def has_sound_parts(found: Iterable[Objected]) -> bool:
    """Return whether the rules of the document's kind can be held against it."""
    return not any(
        _disturbs(at) for at, rule, _ in found if rule not in ("additionalProperties", "contains")
    )


def _disturbs(at: Pointer) -> bool:
    if at[:1] != ("spec",):
        return False
    if len(at) == 1:
        return True
    if at[1] == "steps" and len(at) > 3:
        return at[3] in _STEP
    return at[1] in _READ


def _keys(objection: "Objection") -> tuple[str, ...]:
    if objection.kind.name != "propertyNames":
        return ()
    return (str(objection.kind.as_dict()["error"].instance),)
