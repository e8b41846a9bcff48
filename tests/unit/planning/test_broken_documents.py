"""Every file below `broken/` is refused at the place `expected.txt` says, once per mistake."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from courier.planning.documents.sources import read_drafts
from courier.resources.kinds import KINDS, read_resource
from courier.shipped import shipped
from tests.unit.planning.catalogs import BROKEN, codes, reading

EXPECTED = dict(
    line.split(maxsplit=1)
    for line in (BROKEN / "expected.txt").read_text().splitlines()
    if line and not line.startswith("#")
)
OF_SCHEMA = {
    "UnknownField",
    "MissingField",
    "WrongType",
    "OutOfRange",
    "NotAllowedValue",
    "BadName",
    "BadFormat",
    "WrongLength",
    "WrongCount",
    "NotTogether",
    "RuleBroken",
    "UnknownKind",
    "UnknownApiVersion",
}


def test_there_are_many_and_all_are_listed() -> None:
    found = {str(path.relative_to(BROKEN)) for path in BROKEN.rglob("*.*") if path.is_file()}
    assert found - {"expected.txt"} == set(EXPECTED)
    assert len(EXPECTED) >= 100


@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_refused_at_the_right_place(name: str) -> None:
    read = reading({name: (BROKEN / name).read_bytes()})
    assert codes(read) == EXPECTED[name].split()
    for found in read.diagnostics:
        assert found.detail.endswith((".", "?"))
        assert found.position is not None
        assert found.position.file == f".courier/{name}"
        assert len(found.summary) < 40
        assert '"' not in found.summary


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, said in EXPECTED.items()
        if {each.split(":")[0] for each in said.split()} & OF_SCHEMA
        and not name.startswith("yaml/")
    ],
)
def test_committed_schema_and_model_refuse_it_too(name: str) -> None:
    drafts = read_drafts(f".courier/{name}", (BROKEN / name).read_bytes(), inside=name)
    values = [draft.value for draft in drafts.documents]
    if not values:
        assert name == "contexts/front-matter-list.md"
        return
    assert any(list(objections(value)) for value in values)
    assert any(is_refused_by_its_model(value) for value in values)


def test_the_largest_file_is_refused() -> None:
    read = reading({"big.yaml": b"# " + b"x" * (1 << 20)})
    assert codes(read) == ["TooLarge:1:1"]


@cache
def any_schema() -> jsonschema.Draft202012Validator:
    with Path(shipped("schemas"), "any.json").open("rb") as file:
        return jsonschema.Draft202012Validator(json.load(file))


def objections(value: object) -> Iterator[object]:
    yield from any_schema().iter_errors(value)


def is_refused_by_its_model(value: object) -> bool:
    if not isinstance(value, dict) or value.get("kind") not in KINDS:
        return True
    try:
        read_resource(value)
    except ValidationError:
        return True
    return False
