"""Fields that are checked and not acted on yet: said where they are written, never in silence."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from courier.diagnostics import Diagnostic, Position
from courier.planning.documents.references import Pointer
from courier.planning.problems import warning
from courier.resources.names import UNUSED_FIELDS

_PATHS = {
    kind: tuple((field, ("spec", *field.split("."))) for field in fields)
    for kind, fields in UNUSED_FIELDS.items()
}


def _tree(fields: Iterable[str]) -> Mapping[str, Any]:
    """Return fields as a tree, so that a look at what is not there is one look."""
    tree: dict[str, Any] = {}
    for field in fields:
        below = tree
        for step in field.split("."):
            below = below.setdefault(step, {})
    return tree


_TREES = {kind: _tree(fields) for kind, fields in UNUSED_FIELDS.items()}


_WORDS = {
    kind: tuple(field.removesuffix(".*").rpartition(".")[2] for field in fields)
    for kind, fields in UNUSED_FIELDS.items()
}


class Locate(Protocol):
    """Finds the place of a value or of its key."""

    def __call__(self, pointer: Pointer, *, at_key: bool = False) -> Position:
        """Return where it stands."""
        ...


def unused_fields(value: Mapping[str, Any], locate: Locate) -> Iterator[Diagnostic]:
    """Yield a warning for every field of a valid document that nothing acts on yet."""
    kind = value["kind"]
    if not holds_unused(value):
        return
    for field, path in _PATHS[kind]:
        for pointer in _written(value, path):
            detail = (
                f"`{field.replace('.*', '')}` is checked, and nothing acts on it yet. It may stay; "
                "`courier plan` says where a run has to wait for it."
            )
            at = locate(pointer, at_key=True)
            yield warning("NotActedOnYet", "Field not acted on yet", detail, at)


def may_name_unused(kind: str, text: str) -> bool:
    """Return very quickly whether plain text of a kind may hold such a field."""
    return kind in _WORDS and any(word in text for word in _WORDS[kind])


def holds_unused(value: Mapping[str, Any]) -> bool:
    """Return quickly whether a valid document may hold such a field; most hold none."""
    tree = _TREES.get(value["kind"])
    return tree is not None and _has_any(value["spec"], tree)


def _has_any(value: object, tree: Mapping[str, Any]) -> bool:
    if isinstance(value, dict):
        for key, below in tree.items():
            if key in value and (not below or _has_any(value[key], below)):
                return True
    if "*" not in tree:
        return False
    every = value.values() if isinstance(value, dict) else _items(value)
    return any(_has_any(item, tree["*"]) for item in every)


def _written(value: object, path: tuple[str, ...]) -> Iterator[Pointer]:
    """Yield where a path leads to something; ``*`` stands for every item or name."""
    if not path:
        if value:
            yield ()
        return
    step, rest = path[0], path[1:]
    found: list[tuple[str | int, object]] = []
    if step == "*":
        found = list(value.items() if isinstance(value, dict) else enumerate(_items(value)))
    elif isinstance(value, dict) and step in value:
        found = [(step, value[step])]
    for key, inside in found:
        for pointer in _written(inside, rest):
            yield (key, *pointer)


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []
