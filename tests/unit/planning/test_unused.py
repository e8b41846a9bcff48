"""Fields nothing acts on yet are warned about where they are written."""

from typing import Any

import pytest

from courier.diagnostics import Severity, has_errors
from courier.planning.documents.references import Ref
from courier.resources.kinds import KINDS
from courier.resources.names import UNUSED_FIELDS
from tests.unit.planning.catalogs import codes, document, reading

TEAM = document(
    "Team",
    "makers",
    """
    members:
      - user: ada
        role: owner
        credentials: [{name: TOKEN, secretRef: ADA_TOKEN}]
      - {user: bob, role: admin, credentials: [{name: TOKEN, secretRef: BOB_TOKEN}]}
    """,
)


def test_each_is_told_at_its_key_and_the_document_stays_valid() -> None:
    read = reading({"p.yaml": document("Project", "shop"), "t.yaml": TEAM})
    assert codes(read) == ["NotActedOnYet:9:7", "NotActedOnYet:10:32"]
    assert {found.severity for found in read.diagnostics} == {Severity.WARNING}
    assert not has_errors(read.diagnostics)
    assert Ref("Team", "makers") in read.catalog.documents
    details = [found.detail for found in read.diagnostics]
    assert details[0].startswith("`members.credentials` is checked")


def test_front_matter_is_warned_about_too() -> None:
    head = "apiVersion: courier/v1\nkind: Team\nmetadata: {name: us}\n"
    ada = "{user: ada, role: owner, credentials: [{name: TOKEN, secretRef: ADA_TOKEN}]}"
    text = f"---\n{head}spec:\n  members:\n    - {ada}\n---\n"
    read = reading({"p.yaml": document("Project", "shop"), "personas/us.md": text})
    assert codes(read) == ["NotActedOnYet:7:32"]


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, fields in UNUSED_FIELDS.items() for field in fields]
)
def test_the_table_names_fields_that_exist(kind: str, field: str) -> None:
    schema = KINDS[kind].model_json_schema(by_alias=True)
    node: Any = schema["properties"]["spec"]
    for step in field.split("."):
        node = _resolved(node, schema)
        if step == "*":
            node = node.get("items") or next(iter(node["patternProperties"].values()))
        else:
            node = node["properties"][step]


def _resolved(node: Any, schema: Any) -> Any:
    for option in node.get("anyOf", ()):
        node = node if option.get("type") == "null" else option
    return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
