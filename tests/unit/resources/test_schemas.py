"""The committed schemas are fresh, self-contained, explained, and report no mistake twice."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from courier.resources.kinds import KINDS
from courier.resources.names import KIND_MODULES, KIND_NAMES
from courier.resources.schema import schema_name, schema_text, schemas
from tests.unit.resources.reference_documents import SCHEMAS, committed, example, validator

NAMES = [schema_name(kind) for kind in KIND_NAMES] + ["any.json"]


def nodes(schema: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema below one, told apart from maps of names to schemas."""
    if not isinstance(schema, dict):
        return
    yield at, schema
    for key in ("properties", "$defs"):
        for name, inner in schema.get(key, {}).items():
            yield from nodes(inner, f"{at}/{key}/{name}")
    for key in ("items", "additionalProperties", "propertyNames", "if", "then", "contains", "not"):
        yield from nodes(schema.get(key), f"{at}/{key}")
    for place, inner in enumerate(schema.get("allOf", [])):
        yield from nodes(inner, f"{at}/allOf/{place}")


def test_committed_schemas_are_what_the_models_say() -> None:
    made = {name: schema_text(schema) for name, schema in schemas().items()}
    kept = {path.name: path.read_text("utf-8") for path in SCHEMAS.glob("*.json")}
    assert sorted(made) == sorted(kept)
    assert [name for name in made if made[name] != kept[name]] == []


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_valid_self_contained_and_used_up(name: str) -> None:
    schema = committed(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    targets = {node["$ref"] for _, node in nodes(schema) if "$ref" in node}
    assert targets == {f"#/$defs/{inner}" for inner in schema["$defs"]}


@pytest.mark.parametrize("name", NAMES)
def test_schema_has_no_branches_that_blur_an_error_and_no_generated_titles(name: str) -> None:
    for at, node in nodes(committed(name)):
        assert "oneOf" not in node, at
        assert "anyOf" not in node or at.endswith("/if/not"), at
        assert "title" not in node, at
        assert {"type": "null"} not in node.values(), at


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_explained(name: str) -> None:
    schema = committed(name)
    for at, node in nodes(schema):
        if "/allOf/" in at or "/if" in at or "/contains" in at:
            continue
        for field, inner in node.get("properties", {}).items():
            target = schema["$defs"].get(inner.get("$ref", "").rpartition("/")[2], {})
            said = inner.get("description") or target.get("description", "")
            assert said.endswith((".", "`.")), f"{at}/{field}"


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_closed(name: str) -> None:
    for at, node in nodes(committed(name)):
        if node.get("type") == "object" and "properties" in node and "/contains" not in at:
            assert node.get("additionalProperties") is False or name == at == "any.json" or not at


def test_references_name_kinds() -> None:
    found = {
        str(node["x-courier-ref"])
        for _, node in nodes(committed("any.json"))
        if "x-courier-ref" in node
    }
    assert found <= set(KIND_NAMES)
    assert {"Workflow", "Persona", "Agent", "Template", "Context", "Project"} <= found


def test_secret_names_are_marked() -> None:
    found = {at for at, node in nodes(committed("any.json")) if "x-courier-secret" in node}
    assert "/$defs/Variable/properties/secretRef" in found
    assert "/$defs/Notification/properties/signingSecretRef" in found
    key = "/$defs/Signing/properties/keyRef"
    assert all("ecretRef" in at for at in found - {key})


def test_patterns_tell_people_what_is_expected() -> None:
    silent = [
        at
        for at, node in nodes(committed("any.json"))
        if "pattern" in node and not node.get("x-courier-expects")
    ]
    assert silent == []


def test_broken_rules_have_their_sentence_beside_the_check() -> None:
    document = example("RecurringTask")
    del document["spec"]["schedule"]["weekday"]
    (found,) = validator("recurring-task.json").iter_errors(document)
    rule = _inside(committed("recurring-task.json"), list(found.schema_path)[:-1])
    assert rule["x-courier-rule"].startswith("A weekly or biweekly schedule")


def _inside(schema: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
    found: Any = schema
    for part in path:
        inner = found[part]
        found = schema["$defs"][inner.rpartition("/")[2]] if part == "$ref" else inner
    assert isinstance(found, dict)
    return found


def test_kinds_know_themselves() -> None:
    assert tuple(KINDS) == KIND_NAMES
    for kind in KIND_NAMES:
        assert KINDS[kind].__name__ == kind
        assert KINDS[kind].__module__ == f"courier.resources.{KIND_MODULES[kind]}"


def test_one_kind_loads_only_its_own_modules() -> None:
    program = (
        "import sys, json; from courier.resources.kinds import KINDS;"
        "before = 'courier.resources.workflow' in sys.modules; KINDS['Workflow'];"
        "print(json.dumps([before, 'courier.resources.issue' in sys.modules]))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert json.loads(said.stdout) == [False, False]


def test_names_and_front_matter_need_no_models() -> None:
    program = (
        "import sys, courier.resources.names, courier.resources.front_matter,"
        "courier.resources.fields, courier.resources.defaults, courier.resources.durations,"
        "courier.resources.reference; print('pydantic' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert said.stdout.strip() == "False"
