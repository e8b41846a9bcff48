"""Every example is accepted by the committed schemas and by the model, and they fit together."""

import json
from pathlib import Path

import jsonschema
import pytest

from courier.resources.kinds import KINDS, read_resource
from courier.resources.names import BUILTIN_NAMES, KIND_NAMES
from courier.resources.schema import schema_name
from tests.unit.resources.reference_documents import (
    EXAMPLES,
    committed,
    example,
    example_text,
    examples,
    validator,
)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_example_is_accepted_by_schema_any_schema_and_model(kind: str) -> None:
    document = example(kind)
    assert document["kind"] == kind
    validator(schema_name(kind)).validate(document)
    validator("any.json").validate(document)
    assert isinstance(read_resource(document), KINDS[kind])


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_example_points_editors_to_its_schema(kind: str) -> None:
    first = example_text(kind).splitlines()[0]
    mark, _, path = first.partition("$schema=")
    assert mark == "# yaml-language-server: "
    assert (EXAMPLES / path).resolve().name == schema_name(kind)
    assert (EXAMPLES / path).resolve().is_file()


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_resource_survives_json(kind: str) -> None:
    resource = read_resource(example(kind))
    again = KINDS[kind].model_validate_json(resource.model_dump_json())
    assert again == resource


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_what_was_written_is_what_is_dumped(kind: str) -> None:
    document = example(kind)
    dumped = read_resource(document).model_dump_json(exclude_unset=True, by_alias=True)
    assert json.loads(dumped) == document


def test_pure_python_validator_accepts_every_example() -> None:
    for kind, document in examples():
        jsonschema.Draft202012Validator(committed(schema_name(kind))).validate(document)


def test_examples_form_one_catalog() -> None:
    known = {(kind, document["metadata"]["name"]) for kind, document in examples()}
    known |= {(kind, name) for kind, names in BUILTIN_NAMES.items() for name in names}
    named = {
        (target, name)
        for kind, document in examples()
        for target, name in _references(document, committed(schema_name(kind)))
    }
    assert len(named) > 10
    assert named <= known


def test_no_example_without_a_kind() -> None:
    names = {Path(schema_name(kind)).with_suffix(".yaml").name for kind in KIND_NAMES}
    assert {path.name for path in EXAMPLES.iterdir()} == names


def _references(value: object, root: dict[str, object]) -> list[tuple[str, str]]:
    return _found(value, root, root)


def _found(value: object, node: object, root: dict[str, object]) -> list[tuple[str, str]]:
    if not isinstance(node, dict):
        return []
    if "$ref" in node:
        definitions = root["$defs"]
        assert isinstance(definitions, dict)
        return _found(value, definitions[node["$ref"].rpartition("/")[2]], root)
    match value:
        case str() if "x-courier-ref" in node:
            return [(node["x-courier-ref"], value)]
        case dict():
            fields = node.get("properties", {})
            rest = node.get("additionalProperties")
            pairs = [(inner, fields.get(key, rest)) for key, inner in value.items()]
        case list():
            pairs = [(item, node.get("items")) for item in value]
        case _:
            pairs = []
    return [found for inner, below in pairs for found in _found(inner, below, root)]
