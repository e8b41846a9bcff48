"""The JSON Schemas (draft 2020-12) made from the models: one per kind and one for any document.

One mistake in a document gives one error at its place: nothing here uses `oneOf` or a branching
`anyOf`. Keywords of our own, which validators ignore:

- ``x-courier-ref``: the kind, or list of kinds, a name refers to.
- ``x-courier-secret``: the text is the name of a secret.
- ``x-courier-expects``: completes the sentence "expected ..." where a pattern does not match.
- ``x-courier-rule``: the sentence for a rule across fields that does not hold.
"""

import json
import re
from collections.abc import Mapping

from pydantic.json_schema import models_json_schema

from courier.resources.fields import FieldHelp, JsonObject, UnknownField, describe_field
from courier.resources.kinds import KINDS
from courier.resources.tidy import mentioned, tidy

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ANY = "any.json"


def schema_name(kind: str) -> str:
    """Return the file name of a kind's schema, e.g. ``work-chain.json``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower() + ".json"


def schemas() -> dict[str, JsonObject]:
    """Return file name to schema, for every kind and for any document; always the same."""
    _, made = models_json_schema([(model, "validation") for model in KINDS.values()])
    definitions = {name: tidy(node) for name, node in sorted(made["$defs"].items())}
    found = {schema_name(kind): _kind_schema(kind, definitions) for kind in KINDS}
    return {**found, ANY: _any_schema(definitions)}


def schema_text(schema: JsonObject) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def field_help(path: str) -> FieldHelp | UnknownField:
    """Return what `courier explain` says about a field, e.g. of ``workflow.spec.steps``."""
    return describe_field(path, schemas())


def _kind_schema(kind: str, definitions: Mapping[str, JsonObject]) -> JsonObject:
    needed = mentioned(kind, definitions)
    inner = {name: definitions[name] for name in sorted(needed - {kind})}
    return {"$schema": DRAFT, **definitions[kind], "$defs": inner}


def _any_schema(definitions: Mapping[str, JsonObject]) -> JsonObject:
    branches: list[JsonObject] = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"$ref": f"#/$defs/{kind}"},
        }
        for kind in KINDS
    ]
    return {
        "$schema": DRAFT,
        "description": "Any document courier reads; its kind decides what it may hold.",
        "type": "object",
        "properties": {
            "kind": {"description": "Which kind of resource this is.", "enum": list(KINDS)}
        },
        "required": ["kind"],
        "allOf": branches,
        "$defs": dict(definitions),
    }
