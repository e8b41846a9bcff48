"""A wish that an agent cannot fulfil is warned about at its place; built-in agents or others."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from courier.diagnostics import has_errors
from courier.planning.catalog.catalog import Reading
from courier.planning.documents.lacking import wishes
from courier.shipped import shipped
from tests.unit.planning.catalogs import codes, document, reading

WORKFLOW = document(
    "Workflow",
    "fix",
    """
    type: pipeline
    agent: codex
    budget: 5
    steps:
      - name: design
        type: designer
        agent: codex
        effort: high
    """,
)
PROJECT = {"p.yaml": document("Project", "shop")}
ABLE = 'start: [mine, "{model}", "{effort}", "{skillsFolder}", "{image}"]\nusage: {costUsd: usd}'
MINE = {"mine.yaml": document("Agent", "mine", "start: [mine]\nprompt: stdin")}
SLASH = {
    "commands/ask.md": "Ask.\n",
    "lint.yaml": document("Command", "lint", "run: lint"),
    "off.yaml": document("Command", "off", "prompt: Off.\nenabled: false"),
}


def lacks(read: Reading) -> list[str]:
    return [code for code in codes(read) if code.startswith("AgentLacksFeature")]


def told(kind: str, spec: str, *others: dict[str, str]) -> list[str]:
    """Return what is said to be lacking, in order, of one document beside an agent of few gifts."""
    files = PROJECT | {"a.yaml": document(kind, "a", spec)}
    for each in others:
        files |= each
    read = reading({**files})
    assert not has_errors(read.diagnostics), read.diagnostics
    found = [each.detail for each in read.diagnostics if each.code == "AgentLacksFeature"]
    return [detail.partition(" has no ")[2].partition(";")[0] for detail in found]


def test_it_is_told_at_its_place_with_the_agents_that_can() -> None:
    read = reading({**PROJECT, "w.yaml": WORKFLOW})
    assert codes(read) == ["AgentLacksFeature:8:11"]
    assert not has_errors(read.diagnostics)
    (found,) = read.diagnostics
    assert found.detail == (
        'Agent "codex" has no report of what it cost; these have it: claude, opencode, pi. '
        "Only rates for its tokens (CostRates) let the budget stop it in the middle."
    )


def test_a_described_agent_is_told_of_in_the_same_words() -> None:
    read = reading({**PROJECT, **MINE, "w.yaml": WORKFLOW.replace("codex", "mine")})
    assert codes(read) == ["AgentLacksFeature:8:11", "AgentLacksFeature:13:15"]
    assert [found.detail for found in read.diagnostics] == [
        'Agent "mine" has no report of what it cost; these have it: claude, opencode, pi. '
        "Only rates for its tokens (CostRates) let the budget stop it in the middle.",
        'Agent "mine" has no effort; these have it: claude, codex, opencode, pi. It is left out.',
    ]


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ("{agent: claude, budgets: {perRun: 5}}", 0),
        ("{agent: opencode, budgets: {perRun: 5}, effort: max}", 0),
        ("{agent: codex, budgets: {perRun: 5}}", 1),
        ("{agent: codex, effort: max, model: gpt-5.5}", 0),
        ("{budgets: {perRun: 5}}", 0),
    ],
)
def test_only_what_is_wished_and_lacking_is_told(spec: str, count: int) -> None:
    text = f"apiVersion: courier/v1\nkind: Project\nmetadata: {{name: shop}}\nspec: {spec}\n"
    assert len(lacks(reading({"p.yaml": text}))) == count


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        (
            "Persona",
            "type: checker\nagent: mine\nmodel: m\neffort: low",
            ["choice of a model", "effort"],
        ),
        ("Persona", "type: checker\neffort: low", []),
        ("Sandbox", "agent: mine\neffort: low", ["effort"]),
        ("Workflow", "agent: mine\nsteps: [{name: a, type: designer, effort: low}]", ["effort"]),
        (
            "Workflow",
            "budget: 1\nsteps: [{name: a, type: designer, agent: mine}]",
            ["report of what it cost"],
        ),
        (
            "Workflow",
            "agent: mine\nsteps: [{name: a, type: checker, run: x}]\neffort: low",
            ["effort"],
        ),
        ("Workflow", "effort: low\nsteps: [{name: a, type: designer, agent: mine}]", []),
        (
            "Workflow",
            "type: pipeline\ncandidates: {agents: [{agent: mine, effort: low}, {agent: claude}]}\n"
            "steps: [{name: a, type: designer}, {name: b, type: judge}]",
            ["effort"],
        ),
        ("Sandbox", "agent: mine\nprompt: x", []),
        ("Sandbox", "agent: mine\nmessages: [{name: a, content: x}]", []),
        (
            "Sandbox",
            "agent: mine\nprompt: x\nmessages: [{name: a, content: x}]",
            ["way to go on with a conversation"],
        ),
        (
            "Workflow",
            "agent: mine\ncommands: [lint, off, ask]\nsteps: [{name: a, type: designer}]",
            ["folder for slash commands"],
        ),
        ("Workflow", "agent: mine\ncommands: [lint, off]", []),
        ("Workflow", "agent: codex\ncommands: [lint, off]", []),
        ("Workflow", "agent: codex\ncommands: [ask]", ["folder for slash commands"]),
    ],
)
def test_what_is_asked_of_which_agent(kind: str, spec: str, said: list[str]) -> None:
    more = "\ninstructions: x" if kind == "Persona" else ""
    assert told(kind, spec + more, MINE, SLASH) == said


def test_projects_and_runs_ask_for_their_parts() -> None:
    flow = {"w.yaml": document("Workflow", "fix")}
    run = "workflow: fix\nprompt: x\nbudget: 1\noverrides: {design: {agent: mine, effort: low}}"
    assert told("Run", run, MINE, flow) == ["report of what it cost", "effort"]
    project = "agent: mine\nguide: x\nsessions: {judge: {effort: low}, issue: {agent: claude}}"
    read = reading({"p.yaml": document("Project", "shop", project), **MINE})
    assert lacks(read) == ["AgentLacksFeature:7:10", "AgentLacksFeature:8:30"]


def test_an_agent_that_cannot_be_relied_on_is_not_told_of() -> None:
    broken = {"mine.yaml": MINE["mine.yaml"].replace("prompt:", "pormpt:")}
    for files in (broken, {"mine.yaml": ABLE}, {}):
        read = reading({**PROJECT, **files, "w.yaml": WORKFLOW.replace("codex", "mine")})
        assert lacks(read) == []


def test_what_an_agent_gains_is_no_longer_told() -> None:
    able = {"mine.yaml": document("Agent", "mine", ABLE)}
    read = reading({**PROJECT, **able, "w.yaml": WORKFLOW.replace("codex", "mine")})
    assert read.diagnostics == ()


def test_every_place_that_names_an_agent_is_looked_at() -> None:
    found = 0
    for path in sorted(Path(shipped("schemas")).glob("*.json")):
        if path.name in ("any.json", "template.json"):
            continue
        schema = json.loads(path.read_text())
        for place in _agents(schema, schema):
            kind = schema["properties"]["kind"]["const"]
            value = {"kind": kind, "spec": _asking(place)}
            pointers = [wish.pointer for wish in wishes(value)]
            assert any(pointer[-1] == "model" for pointer in pointers), (kind, place)
            found += 1
    assert found >= 8


def _agents(
    node: object, schema: dict[str, object], at: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Yield where documents name an agent: keys below `spec`, `[]` and `*` for items and values."""
    if not isinstance(node, dict):
        return
    definitions = schema.get("$defs")
    if "$ref" in node and isinstance(definitions, dict):
        node = {**definitions[node["$ref"].removeprefix("#/$defs/")], **node}
    if node.get("x-courier-ref") == "Agent":
        yield at
    for key, inside in (node.get("properties") or {}).items():
        yield from _agents(inside, schema, (*at, key))
    for word, sign in (("items", "[]"), ("additionalProperties", "*")):
        yield from _agents(node.get(word), schema, (*at, sign))
    for inside in node.get("anyOf") or ():
        yield from _agents(inside, schema, at)


def _asking(place: tuple[str, ...]) -> object:
    """Return a spec that names an agent there and asks for a model beside it."""
    value: object = {"agent": "mine", "model": "m"}
    for key in reversed(place[1:-1]):
        value = [value] if key == "[]" else {"x" if key == "*" else key: value}
    return value
