"""Schema and model give the same verdict at the same place, whatever is wrong."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest

from courier.resources.names import KIND_NAMES
from courier.resources.schema import schema_name
from tests.unit.resources.reference_documents import (
    Place,
    committed,
    example,
    places_by_model,
    places_by_schema,
    validator,
)

Document = dict[str, Any]

GONE = object()
STRANGE: tuple[object, ...] = ("", "strange value\n", -1, 0, 0.5, 4.0, 10**9, True, None, [], {})
STRANGE += ([None], ["UPPER CASE"], {"strange": 1}, "0.69", "true", "15m", "2026-02-29")


def replaced(document: Document, place: Place, value: object) -> Document:
    changed = copy.deepcopy(document)
    *way, last = place
    inside: Any = changed
    for part in way:
        inside = inside[part]
    if value is GONE:
        del inside[last]
    else:
        inside[last] = value
    return changed


def places(value: object, at: Place = ()) -> Iterator[Place]:
    if at:
        yield at
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, inner in pairs:
        yield from places(inner, (*at, key))


def inside(document: object, place: Place) -> object:
    found: Any = document
    for part in place:
        found = found[part]
    return found


def every_change(document: Document) -> Iterator[tuple[str, Document]]:
    for place in places(document):
        if place == ("kind",):
            continue
        yield f"{place} gone", replaced(document, place, GONE)
        for value in STRANGE:
            yield f"{place} = {value!r}", replaced(document, place, value)
        if isinstance(inside(document, place), dict):
            yield f"{place} has more", replaced(document, (*place, "strange"), 1)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_any_single_change_gets_the_same_verdict_at_the_same_place(kind: str) -> None:
    count = 0
    for change, document in every_change(example(kind)):
        by_schema, by_model = (
            places_by_schema(document, schema_name(kind)),
            places_by_model(document),
        )
        assert set(by_schema) == set(by_model), change
        count += 1
    assert count > 100


SPEC = ("spec",)
STEP = ("spec", "steps", 0)

TABLE: list[tuple[str, Place, object, Place]] = [
    # kind, where to change, to what, where the one error is
    ("Workflow", ("metadata", "name"), "Fix", ("metadata", "name")),
    ("Workflow", ("metadata", "name"), "a" * 64, ("metadata", "name")),
    ("Workflow", ("metadata", "name"), "-fix", ("metadata", "name")),
    ("Workflow", ("apiVersion",), "courier/v2", ("apiVersion",)),
    ("Workflow", ("apiVersion",), GONE, ()),
    ("Workflow", (*SPEC, "type"), "designer", (*SPEC, "type")),
    ("Workflow", (*SPEC, "type"), GONE, (*SPEC, "steps")),
    ("Workflow", (*SPEC, "type"), 3, (*SPEC, "type")),
    ("Workflow", (*SPEC, "typ"), "single", SPEC),
    ("Workflow", (*STEP, "timeout"), "5h", (*STEP, "timeout")),
    ("Workflow", (*STEP, "timeout"), "59s", (*STEP, "timeout")),
    ("Workflow", (*STEP, "timeout"), "14401s", (*STEP, "timeout")),
    ("Workflow", (*STEP, "timeout"), 900, (*STEP, "timeout")),
    ("Workflow", (*STEP, "persona"), "careful-checker", (*STEP, "persona")),
    ("Workflow", (*STEP, "type"), GONE, STEP),
    ("Workflow", (*STEP, "effort"), "hard", (*STEP, "effort")),
    ("Workflow", (*STEP, "run"), "make test", (*STEP, "effort")),
    ("Workflow", (*STEP, "agent"), "shell", STEP),
    ("Workflow", (*STEP, "model"), "--help", (*STEP, "model")),
    ("Workflow", (*STEP, "context"), "house-rules", (*STEP, "context")),
    ("Workflow", (*STEP, "context", 0), 7, (*STEP, "context", 0)),
    ("Workflow", (*STEP, "loop"), {}, (*STEP, "loop")),
    (
        "Workflow",
        (*STEP, "loop"),
        {"backTo": "a", "maxIterations": 0},
        (*STEP, "loop", "maxIterations"),
    ),
    ("Workflow", (*SPEC, "loops", "maxIterations"), 51, (*SPEC, "loops", "maxIterations")),
    ("Workflow", (*SPEC, "loops", "onExhausted"), "ignore", (*SPEC, "loops", "onExhausted")),
    ("Workflow", (*SPEC, "budget"), "3", (*SPEC, "budget")),
    ("Workflow", (*SPEC, "budget"), -0.01, (*SPEC, "budget")),
    ("Workflow", (*SPEC, "candidates"), {"count": 1}, (*SPEC, "candidates", "count")),
    ("Workflow", (*SPEC, "approvals"), [{"by": ["ada"]}], (*SPEC, "approvals", 0)),
    ("Workflow", (*SPEC, "steps"), [], (*SPEC, "steps")),
    ("Run", (*SPEC, "workflow"), GONE, SPEC),
    ("Run", (*SPEC, "prompt"), "", (*SPEC, "prompt")),
    ("Run", (*SPEC, "base"), "--upload-pack=x", (*SPEC, "base")),
    ("Run", (*SPEC, "base"), "a..b", (*SPEC, "base")),
    ("Run", (*SPEC, "branch"), "a b", (*SPEC, "branch")),
    ("Run", (*SPEC, "images", 0), "../secret.png", (*SPEC, "images", 0)),
    ("Run", (*SPEC, "images", 0), "/etc/passwd", (*SPEC, "images", 0)),
    ("Run", (*SPEC, "images", 0), "a/../../b", (*SPEC, "images", 0)),
    ("Run", (*SPEC, "inputs", "ticket"), 142, (*SPEC, "inputs", "ticket")),
    ("Run", (*SPEC, "inputs", "the-ticket"), "x", (*SPEC, "inputs")),
    ("Run", (*SPEC, "overrides", "Design"), {}, (*SPEC, "overrides")),
    ("Run", (*SPEC, "overrides", "design", "modle"), "x", (*SPEC, "overrides", "design")),
    (
        "Run",
        (*SPEC, "overrides", "design", "timeout"),
        "5",
        (*SPEC, "overrides", "design", "timeout"),
    ),
    ("Run", (*SPEC, "sandbox"), {"memoryMB": 255}, (*SPEC, "sandbox", "memoryMB")),
    ("Run", (*SPEC, "sandbox"), {"memory_mb": 512}, (*SPEC, "sandbox")),
    ("Run", (*SPEC, "desiredState"), "paused", (*SPEC, "desiredState")),
    ("Run", (*SPEC, "budget"), 1_000_001, (*SPEC, "budget")),
    ("Run", (*SPEC, "checkerInstructions"), None, (*SPEC, "checkerInstructions")),
    ("Project", (*SPEC, "sandbox", "memoryMB"), 8193, (*SPEC, "sandbox", "memoryMB")),
    ("Project", (*SPEC, "sandbox", "memoryMB"), "2048", (*SPEC, "sandbox", "memoryMB")),
    ("Project", (*SPEC, "sandbox", "cpu"), 0, (*SPEC, "sandbox", "cpu")),
    ("Project", (*SPEC, "sandbox", "cpu"), 1.5, (*SPEC, "sandbox", "cpu")),
    ("Project", (*SPEC, "sandbox", "allowedHosts", 1), "*", (*SPEC, "sandbox", "allowedHosts", 1)),
    ("Project", (*SPEC, "repository", "forge"), "gitlab", (*SPEC, "repository", "forge")),
    ("Project", (*SPEC, "repository", "url"), "ext::sh -c id", (*SPEC, "repository", "url")),
    ("Project", (*SPEC, "repository", "url"), "https://a:b@c/d", (*SPEC, "repository", "url")),
    ("Project", (*SPEC, "repository", "url"), "--exec=id", (*SPEC, "repository", "url")),
    ("Project", (*SPEC, "env", 0, "secretRef"), "TZ", (*SPEC, "env", 0, "secretRef")),
    ("Project", (*SPEC, "env", 0, "value"), GONE, (*SPEC, "env", 0)),
    ("Project", (*SPEC, "env", 0, "value"), 5, (*SPEC, "env", 0, "value")),
    ("Project", (*SPEC, "env", 0, "name"), "2TZ", (*SPEC, "env", 0, "name")),
    ("Project", (*SPEC, "quality", "threshold"), 101, (*SPEC, "quality", "threshold")),
    ("Project", (*SPEC, "quality", "weights", "speed"), 1, (*SPEC, "quality", "weights")),
    ("Project", (*SPEC, "budgets", "onExceed"), True, (*SPEC, "budgets", "onExceed")),
    ("Project", (*SPEC, "ci", "wait"), "yes", (*SPEC, "ci", "wait")),
    ("Project", (*SPEC, "notifications", 0, "secretRef"), GONE, (*SPEC, "notifications", 0)),
    ("Project", (*SPEC, "notifications", 0, "type"), "email", (*SPEC, "notifications", 0)),
    ("Project", (*SPEC, "retention", "transcripts"), "180", (*SPEC, "retention", "transcripts")),
    ("Project", (*SPEC, "git", "email"), "nobody", (*SPEC, "git", "email")),
    ("Persona", (*SPEC, "type"), GONE, SPEC),
    ("Persona", (*SPEC, "type"), "deep-dive", (*SPEC, "type")),
    ("Persona", (*SPEC, "enabled"), "true", (*SPEC, "enabled")),
    ("Team", (*SPEC, "members", 0, "role"), "admin", (*SPEC, "members")),
    ("Team", (*SPEC, "members"), [], (*SPEC, "members")),
    ("CostRates", (*SPEC, "rates", 0, "usd"), "3", (*SPEC, "rates", 0, "usd")),
    (
        "CostRates",
        (*SPEC, "rates", 0, "effectiveFrom"),
        "2026-02-29",
        (*SPEC, "rates", 0, "effectiveFrom"),
    ),
    (
        "CostRates",
        (*SPEC, "rates", 0, "effectiveFrom"),
        "2026-1-1",
        (*SPEC, "rates", 0, "effectiveFrom"),
    ),
    ("CostRates", (*SPEC, "rates", 0, "per"), 0, (*SPEC, "rates", 0, "per")),
    ("Template", (*SPEC, "id"), "base-2", (*SPEC, "dockerfile")),
    ("Template", (*SPEC, "memoryMB"), 100, (*SPEC, "memoryMB")),
    ("Agent", (*SPEC, "start"), [], (*SPEC, "start")),
    ("Agent", (*SPEC, "start"), "aider", (*SPEC, "start")),
    ("Agent", (*SPEC, "output", "session"), "id", (*SPEC, "output", "session")),
    ("Agent", (*SPEC, "files", "skills"), "../skills", (*SPEC, "files", "skills")),
    ("Command", (*SPEC, "prompt"), "Do it.", (*SPEC, "run")),
    ("Command", (*SPEC, "run"), GONE, SPEC),
    ("Script", (*SPEC, "file"), "a.sh", (*SPEC, "file")),
    ("Script", (*SPEC, "when"), "before", (*SPEC, "when")),
    ("RecurringTask", (*SPEC, "schedule", "weekday"), GONE, (*SPEC, "schedule")),
    ("RecurringTask", (*SPEC, "schedule", "hour"), 24, (*SPEC, "schedule", "hour")),
    ("RecurringTask", (*SPEC, "schedule", "dayOfMonth"), 3, (*SPEC, "schedule", "dayOfMonth")),
    ("RecurringTask", (*SPEC, "schedule", "frequency"), "biweekly", (*SPEC, "schedule")),
    ("IssueScan", (*SPEC, "schedule", "cron"), "0 3 1", (*SPEC, "schedule", "cron")),
    ("IssueScan", (*SPEC, "schedule", "hour"), 3, (*SPEC, "schedule", "hour")),
    (
        "AnsweringSession",
        (*SPEC, "answers", 0, "confidence"),
        1.1,
        (*SPEC, "answers", 0, "confidence"),
    ),
    ("Learning", (*SPEC, "evidence", 0, "commit"), "HEAD", (*SPEC, "evidence", 0, "commit")),
    ("Learning", (*SPEC, "expires"), "soon", (*SPEC, "expires")),
    ("Sandbox", (*SPEC, "messages", 0, "content"), GONE, (*SPEC, "messages", 0)),
]


@pytest.mark.parametrize(("kind", "place", "value", "expected"), TABLE)
def test_one_mistake_is_one_error_at_its_place(
    kind: str, place: Place, value: object, expected: Place
) -> None:
    document = replaced(example(kind), place, value)
    assert places_by_schema(document, schema_name(kind)) == [expected]
    assert places_by_schema(document, "any.json") == [expected]
    assert places_by_model(document) == [expected]


def test_pure_python_validator_gives_the_same_verdicts() -> None:
    checked: dict[str, Callable[[object], bool]] = {
        kind: jsonschema.Draft202012Validator(committed(schema_name(kind))).is_valid
        for kind in KIND_NAMES
    }
    for kind, place, value, _ in TABLE:
        document = replaced(example(kind), place, value)
        assert not checked[kind](document), (kind, place, value)


@pytest.mark.parametrize("kind", ["Runn", 3, None])
def test_unknown_kind_is_one_error_at_the_kind(kind: object) -> None:
    document = {**example("Run"), "kind": kind}
    assert places_by_schema(document, "any.json") == [("kind",)]


def test_missing_kind_is_one_error() -> None:
    document = replaced(example("Run"), ("kind",), GONE)
    assert places_by_schema(document, "any.json") == [()]
    assert not validator("run.json").is_valid(document)
