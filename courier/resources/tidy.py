"""Turns a generated JSON Schema into one that reports one error per mistake."""

from collections.abc import Iterator, Mapping
from typing import TypeGuard

from courier.resources.values import INPUT_NAME, INPUT_NAME_EXPECTS, NAME, NAME_EXPECTS

JsonObject = dict[str, object]

KEY_EXPECTS = {NAME: NAME_EXPECTS, INPUT_NAME: INPUT_NAME_EXPECTS}
"""Pattern of a map's keys to what people are told about it."""

_OF_NAMES = ("properties", "$defs")
_FIRST = ("description", "$ref", "type", "const", "enum", "default")
_LAST = ("properties", "required", "additionalProperties", "allOf", "$defs")


def tidy(node: object) -> JsonObject:
    """Return a schema without generated titles, null branches and doubled checks."""
    if not _is_object(node):
        raise TypeError("a schema is an object")
    kept = {key: value for key, value in node.items() if not _is_noise(key, value)}
    plain = _without_doubles(_with_checked_names(_without_null(kept)))
    ordered = sorted(plain.items(), key=lambda item: _place(item[0]))
    return {key: _tidy_value(key, value) for key, value in ordered}


def mentioned(name: str, definitions: Mapping[str, object]) -> set[str]:
    """Return the names of the definitions that one reaches, itself included."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += _references(definitions[here])
    return found


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str):
            yield target.removeprefix("#/$defs/")
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _tidy_value(key: str, value: object) -> object:
    if key in _OF_NAMES and _is_object(value):
        return {name: _tidy_schema(inner) for name, inner in value.items()}
    if key in {"default", "enum", "const", "required"}:
        return value
    return _tidy_schema(value)


def _tidy_schema(value: object) -> object:
    if _is_object(value):
        return tidy(value)
    return [_tidy_schema(item) for item in value] if isinstance(value, list) else value


def _place(key: str) -> tuple[int, int]:
    if key in _FIRST:
        return 0, _FIRST.index(key)
    return (2, _LAST.index(key)) if key in _LAST else (1, 0)


def _is_noise(key: str, value: object) -> bool:
    return key == "title" or (key == "default" and value is None)


def _without_null(node: JsonObject) -> JsonObject:
    branches = node.get("anyOf")
    if not isinstance(branches, list) or {"type": "null"} not in branches:
        return node
    (inner,) = [branch for branch in branches if branch != {"type": "null"}]
    return {**inner, **{key: value for key, value in node.items() if key != "anyOf"}}


def _with_checked_names(node: JsonObject) -> JsonObject:
    patterns = node.get("patternProperties")
    if not _is_object(patterns):
        return node
    ((pattern, values),) = patterns.items()
    rest = {key: value for key, value in node.items() if key != "patternProperties"}
    names = {"pattern": pattern, "x-courier-expects": KEY_EXPECTS.get(pattern, "another name")}
    return {**rest, "propertyNames": names, "additionalProperties": values}


def _without_doubles(node: JsonObject) -> JsonObject:
    # A wrong type would be reported twice, by `type` and by `enum` or `const`.
    closed = "enum" in node or "const" in node
    return {key: value for key, value in node.items() if not (closed and key == "type")}


def _is_object(value: object) -> TypeGuard[JsonObject]:
    return isinstance(value, dict)
