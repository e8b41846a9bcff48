"""How one document names another: found in documents by what the schemas say."""

from collections.abc import Mapping
from typing import NamedTuple

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
    """Return every reference in a document that fits its schema."""
    found: list[Naming] = []
    _collect(value, paths, (), found)
    return found


def _collect(value: object, paths: Paths, pointer: Pointer, found: list[Naming]) -> None:
    kinds, fields, items = paths
    if isinstance(value, str):
        if kinds:
            found.append((pointer, kinds, value))
        return
    if isinstance(value, dict):
        for key, below in fields.items():
            if key in value:
                _collect(value[key], below, (*pointer, key), found)
    if items is not None and isinstance(value, dict | list):
        for place, item in value.items() if isinstance(value, dict) else enumerate(value):
            _collect(item, items, (*pointer, place), found)


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
