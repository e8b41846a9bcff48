"""The table of what agents can do agrees with what their drivers do."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import yaml

from courier.ports.agents import AgentDriver
from courier.resources.capabilities import (
    CAPABILITIES,
    Capabilities,
    Feature,
    described_capabilities,
    lack,
)
from courier.resources.names import BUILTIN_NAMES, EXECUTED_AGENTS
from courier.runs.briefs.brief import Brief
from courier.runs.transcripts.transcript import Outcome
from courier.wiring import DRIVERS
from tests.unit.agents.replay import recording, translate
from tests.unit.resources.reference_documents import ROOT

BRIEF = Brief(prompt="go", workspace="/w", scratch="/s", run="true")

each = pytest.mark.parametrize("driver", DRIVERS.values(), ids=lambda driver: driver.name)


def _changes(driver: AgentDriver, **wish: Any) -> bool:
    return driver.launch(replace(BRIEF, **wish)) != driver.launch(BRIEF)


def _outcome(driver: AgentDriver, scenario: str) -> Outcome:
    found = recording(driver.name, scenario)
    translator = found.translator()
    translate(translator, found.lines)
    return translator.outcome(found.exit_code, stderr=found.stderr)


def test_every_agent_is_in_the_table_can_be_run_and_is_built_in() -> None:
    assert set(CAPABILITIES) == set(DRIVERS) == EXECUTED_AGENTS == set(BUILTIN_NAMES["Agent"])


@each
@pytest.mark.parametrize(
    ("feature", "wish"),
    [
        ("model", {"model": "m"}),
        ("effort", {"effort": "high"}),
        ("continue", {"session": "s"}),
        ("costCap", {"max_usd": Decimal(1)}),
    ],
)
def test_a_wish_changes_the_launch_where_the_table_says_so(
    driver: AgentDriver, feature: Feature, wish: dict[str, Any]
) -> None:
    assert _changes(driver, **wish) == CAPABILITIES[driver.name].has(feature)


@each
def test_every_effort_is_told_apart(driver: AgentDriver) -> None:
    launches = {
        str(driver.launch(replace(BRIEF, effort=effort)))
        for effort in ("low", "medium", "high", "max")
    }
    assert len(launches) == (4 if CAPABILITIES[driver.name].has("effort") else 1)


@each
def test_usage_and_cost_are_told_where_the_table_says_so(driver: AgentDriver) -> None:
    if driver.name == "shell":
        return
    scenario = "messages" if driver.name == "opencode" else "tools"
    usage = _outcome(driver, scenario).usage
    assert (usage.output_tokens > 0) == CAPABILITIES[driver.name].has("usage")
    assert (usage.cost_usd is not None) == CAPABILITIES[driver.name].has("cost")


@each
def test_base_urls_change_the_launch_and_keys_are_asked_for(driver: AgentDriver) -> None:
    able = CAPABILITIES[driver.name]
    for variable in able.base_urls:
        assert "http://elsewhere" in str(_changed(driver, {variable: "http://elsewhere"}))
    asked = {name.lstrip("?").rpartition("=")[2] for name in driver.launch(BRIEF).secrets}
    other = replace(BRIEF, env={"OPENROUTER_BASE_URL": "http://elsewhere"})
    asked |= {name.lstrip("?").rpartition("=")[2] for name in driver.launch(other).secrets}
    assert set(able.secrets) == asked


def _changed(driver: AgentDriver, env: dict[str, str]) -> object:
    return driver.launch(replace(BRIEF, env=env))


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("aider", {"model", "effort"}),
        ("qwen", {"model", "continue", "usage", "instructions", "skills"}),
    ],
)
def test_a_description_says_what_its_agent_can(name: str, features: set[Feature]) -> None:
    text = (ROOT / "examples" / "agents" / f"{name}.yaml").read_text(encoding="utf-8")
    assert described_capabilities(yaml.safe_load(text)["spec"]).features == features


def test_broken_descriptions_can_nothing() -> None:
    for spec in ({}, {"start": "x", "output": 3, "usage": None, "files": []}):
        assert described_capabilities(spec).features == frozenset()


def test_a_lack_names_those_that_can() -> None:
    assert lack("claude", "costCap", CAPABILITIES) is None
    assert lack("unknown", "costCap", CAPABILITIES) is None
    assert lack("codex", "cost", CAPABILITIES) == (
        'Agent "codex" has no report of what it cost; these have it: claude, opencode, pi.'
    )
    alone = {"mine": Capabilities(frozenset())}
    told = lack("mine", "effort", alone)
    assert told == 'Agent "mine" has no effort; no agent has it.'
