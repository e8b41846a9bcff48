"""How one document names another: found in documents by what the schemas say."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Pointer = tuple[str | int, ...]

ANY_KIND = "*"
"""The kind of a document whose kind cannot be known."""

Naming = tuple[Pointer, tuple[str, ...], str]
"""A reference: where, from the root of the document, to which kinds, to which name."""


class Ref(NamedTuple):
    """What a resource is known by."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class Paths(NamedTuple):
    """Where a kind's documents name others, as a tree.

    Attributes:
        kinds: The kinds a text here names; empty where it names nothing.
        fields: Field to the tree below it.
        items: The tree below every item of a list or value of a map, if any.
    """

    kinds: tuple[str, ...]
    fields: Mapping[str, "Paths"]
    items: "Paths | None"


def reference_paths(schema: Mapping[str, object]) -> Paths:
    """Return where documents of a schema name others."""
    found = _paths(schema, schema, frozenset())
    return found or Paths((), {}, None)


def references(value: object, paths: Paths) -> list[Naming]:
    """Return every reference in a document, in the order they are written."""
    found: list[Naming] = []
    if isinstance(value, dict):
        _collect(value, paths, (), found)
    return found


def _collect(value: Any, paths: Paths, pointer: Pointer, found: list[Naming]) -> None:
    _, fields, items = paths
    below: Paths | None
    pairs: Iterable[tuple[Any, Any]] = value.items() if type(value) is dict else enumerate(value)
    # This is done for every field there is, and most lead nowhere.
    for key, inside in pairs:
        below = fields.get(key, items)
        if below is None:
            continue
        kind = type(inside)
        if kind is str:
            if below[0]:
                found.append(((*pointer, key), below[0], inside))
        elif kind is dict or kind is list:
            _collect(inside, below, (*pointer, key), found)


def _paths(node: object, schema: Mapping[str, object], above: frozenset[str]) -> Paths | None:
    if not isinstance(node, dict):
        return None
    target = node.get("$ref")
    if isinstance(target, str):
        if target in above:
            raise ValueError(f"{target} holds itself, which references cannot be looked up in")
        definition = _definition(schema, target)
        node, above = {**definition, **node}, above | {target}
    named = node.get("x-courier-ref")
    kinds = (named,) if isinstance(named, str) else tuple(named or ())
    properties = node.get("properties") or {}
    below = {key: _paths(inner, schema, above) for key, inner in properties.items()}
    fields = {key: found for key, found in below.items() if found}
    items = _paths(node.get("items") or node.get("additionalProperties"), schema, above)
    return Paths(kinds, fields, items) if kinds or fields or items else None


def _definition(schema: Mapping[str, object], target: str) -> dict[str, object]:
    definitions = schema.get("$defs")
    if not isinstance(definitions, dict):
        return {}
    found = definitions.get(target.removeprefix("#/$defs/"))
    return found if isinstance(found, dict) else {}
