"""Explaining fields by their path."""

import pytest

from courier.resources.fields import FieldHelp, UnknownField, describe_field
from courier.resources.schema import field_help
from tests.unit.resources.reference_documents import SCHEMAS, committed

KEPT = {path.name: committed(path.name) for path in SCHEMAS.glob("*.json")}


def explained(path: str) -> FieldHelp:
    found = describe_field(path, KEPT)
    assert isinstance(found, FieldHelp)
    return found


def unknown(path: str) -> UnknownField:
    found = describe_field(path, KEPT)
    assert isinstance(found, UnknownField)
    return found


def test_a_list_of_objects_is_entered() -> None:
    found = explained("workflow.spec.steps")
    assert (found.path, found.type, found.required) == (
        "Workflow.spec.steps",
        "list of Step",
        False,
    )
    assert found.default == []
    assert [child.path for child in found.children][:2] == [
        "Workflow.spec.steps.name",
        "Workflow.spec.steps.type",
    ]
    assert [child.required for child in found.children][:2] == [True, False]
    assert explained("workflow.spec.steps[0].timeout").expects.startswith(
        "a duration from 1m to 4h"
    )


def test_a_map_is_entered() -> None:
    found = explained("run.spec.overrides")
    assert found.type == "map of name to StepOverride"
    assert explained("run.spec.overrides.model").type == "string"


def test_defaults_values_and_references_are_told() -> None:
    assert explained("Run.spec.desiredState").default == "run"
    assert explained("Run.spec.desiredState").type == "one of run, cancelled"
    assert explained("run.spec.workflow").refers_to == ("Workflow",)
    assert explained("persona.spec.context").refers_to == ("Context",)
    assert explained("run.spec.workflow").required


def test_built_in_values_are_told_where_they_can_be_overruled() -> None:
    assert explained("project.spec.sandbox.timeout").built_in == "15m"
    assert explained("workflow.spec.loops.maxIterations").built_in == 3
    assert explained("run.spec.workflow").built_in is None
    assert explained("sandbox.spec.agent").built_in is None


def test_a_kind_is_found_however_it_is_written() -> None:
    for kind in ("work-chain", "WorkChain", "workchain"):
        assert [child.path for child in explained(kind).children] == [
            "WorkChain.apiVersion",
            "WorkChain.kind",
            "WorkChain.metadata",
            "WorkChain.spec",
        ]


@pytest.mark.parametrize(
    ("path", "wrong", "meant"),
    [
        ("workflow.spec.stpes", "stpes", "steps"),
        ("workflw.spec", "workflw", "Workflow"),
        ("run.spec.overrides.modle", "modle", "model"),
        ("project.spec.sandbox.memorymb", "memorymb", "memoryMB"),
    ],
)
def test_a_wrong_part_gets_what_was_probably_meant(path: str, wrong: str, meant: str) -> None:
    found = unknown(path)
    assert found.wrong == wrong
    assert found.did_you_mean[0] == meant
    assert meant in found.known


def test_below_a_plain_value_there_is_nothing() -> None:
    assert unknown("run.spec.prompt.text").known == ()
    assert unknown("").did_you_mean == ()


def test_models_and_files_say_the_same() -> None:
    assert field_help("workflow.spec.steps") == explained("workflow.spec.steps")
