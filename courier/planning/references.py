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
    """Return every reference in a document, in the order they are written."""
    found: list[Naming] = []
    if isinstance(value, dict):
        _collect_in(value, paths, (), found)
    return found


def _collect(value: object, paths: Paths, pointer: Pointer, found: list[Naming]) -> None:
    kinds, _, items = paths
    if isinstance(value, dict):
        _collect_in(value, paths, pointer, found)
    elif isinstance(value, list):
        if items is not None:
            for place, item in enumerate(value):
                _collect(item, items, (*pointer, place), found)
    elif kinds and isinstance(value, str):
        found.append((pointer, kinds, value))


def _collect_in(
    value: dict[str, object], paths: Paths, pointer: Pointer, found: list[Naming]
) -> None:
    _, fields, items = paths
    for key, inside in value.items():
        below = fields.get(key, items)
        if below is None:
            continue
        # Most values are text, and this is done for every one there is.
        if type(inside) is not str:
            _collect(inside, below, (*pointer, key), found)
        elif below[0]:
            found.append(((*pointer, key), below[0], inside))


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
