"""The examples of the reference and the committed schemas, as the tests of this room read them."""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from pydantic import ValidationError

from courier.resources.kinds import read_resource
from courier.resources.names import KIND_NAMES
from courier.resources.schema import schema_name

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = ROOT / "schemas"
EXAMPLES = ROOT / "examples" / "reference"

Place = tuple[str | int, ...]


@cache
def example_text(kind: str) -> str:
    return (EXAMPLES / schema_name(kind)).with_suffix(".yaml").read_text("utf-8")


def example(kind: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(example_text(kind))
    return document


@cache
def committed(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / name).read_text("utf-8"))
    return schema


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(committed(name))


def places_by_schema(document: object, name: str) -> list[Place]:
    """Return where the errors are; a rule across fields counts only where the fields are right."""
    found = list(validator(name).iter_errors(document))
    plain = [error for error in found if not _is_rule(error.schema_path, committed(name))]
    return sorted((tuple(error.instance_path) for error in plain or found), key=str)


def _is_rule(path: Sequence[str | int], schema: Any) -> bool:
    inside = schema
    for part in path[:-1]:
        if isinstance(inside, dict) and "x-courier-rule" in inside:
            return True
        if part == "$ref":
            inside = schema["$defs"][inside["$ref"].rpartition("/")[2]]
        else:
            inside = inside[part]
    return isinstance(inside, dict) and "x-courier-rule" in inside


def places_by_model(document: dict[str, Any]) -> list[Place]:
    try:
        read_resource(document)
    except ValidationError as refused:
        return sorted((_place(found) for found in refused.errors()), key=str)
    return []


def _place(found: Any) -> Place:
    at: Place = found["loc"]
    if found["type"] in {"missing", "extra_forbidden"}:
        return at[:-1]
    if found["type"] == "rule":
        return (*at, *found["ctx"]["pointer"])
    return at[:-2] if at and at[-1] == "[key]" else at


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in KIND_NAMES:
        yield kind, example(kind)
