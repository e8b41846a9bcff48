"""How one document names another: found in documents by what the schemas say."""

from collections.abc import Mapping
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


class Leaf(NamedTuple):
    """A field that is a name and nothing else; where, and of which kinds."""

    key: str
    pointer: Pointer
    kinds: tuple[str, ...]


class Paths(NamedTuple):
    """Where a kind's documents name others, as a tree.

    Attributes:
        pointer: Where this is, from the root or from the nearest item of a list or map above.
        kinds: The kinds a text here names; empty where it names nothing.
        leaves: The fields below that are names and nothing else.
        branches: The other fields below, and the trees there.
        items: The tree below every item of a list or every other field of a mapping, if any.
    """

    pointer: Pointer
    kinds: tuple[str, ...]
    leaves: tuple[Leaf, ...]
    branches: tuple[tuple[str, "Paths"], ...]
    items: "Paths | None"


def reference_paths(schema: Mapping[str, object]) -> Paths:
    """Return where documents of a schema name others."""
    found = _paths(schema, (), schema, frozenset())
    return found or Paths((), (), (), (), None)


def references(value: object, paths: Paths) -> list[Naming]:
    """Return every reference in a document."""
    found: list[Naming] = []
    _collect(value, paths, (), found)
    return found


def _collect(value: Any, paths: Paths, above: Pointer, found: list[Naming]) -> None:
    """Add what a value names; what leads to names is looked up, since most fields do not."""
    pointer, kinds, leaves, branches, items = paths
    kind = type(value)
    if kind is str and kinds:
        found.append((above + pointer, kinds, value))
    elif items:
        _collect_every(value, items, above + pointer, found)
    elif kind is dict:
        for key, inside, named in leaves:
            if key in value and type(name := value[key]) is str:
                found.append((above + inside, named, name))
        for key, below in branches:
            if key in value:
                _collect(value[key], below, above, found)


def _collect_every(value: Any, items: Paths, above: Pointer, found: list[Naming]) -> None:
    if type(value) is list:
        for at, inside in enumerate(value):
            _collect(inside, items, (*above, at), found)
    elif type(value) is dict:
        for key, inside in value.items():
            _collect(inside, items, (*above, key), found)


def _paths(
    node: object, pointer: Pointer, schema: Mapping[str, object], above: frozenset[str]
) -> Paths | None:
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
    below = [
        (key, found)
        for key, inner in properties.items()
        if (found := _paths(inner, (*pointer, key), schema, above))
    ]
    every = node.get("items") or node.get("additionalProperties")
    items = _paths(every, (), schema, above)
    leaves = tuple(Leaf(key, each[0], each[1]) for key, each in below if not any(each[2:]))
    branches = tuple((key, each) for key, each in below if any(each[2:]))
    if below and items:
        raise ValueError(f"{pointer} names others in fields and in whatever is beside them")
    return Paths(pointer, kinds, leaves, branches, items) if kinds or below or items else None


def _definition(schema: Mapping[str, object], target: str) -> dict[str, object]:
    definitions = schema.get("$defs")
    if not isinstance(definitions, dict):
        return {}
    found = definitions.get(target.removeprefix("#/$defs/"))
    return found if isinstance(found, dict) else {}
