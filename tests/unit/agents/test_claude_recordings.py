"""What the real Claude Code printed, as events and outcomes."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.agents.claude import ClaudeTranslator
from courier.runs.transcript import AGENT_EVENT, Outcome, UsageReported
from courier.runs.usage import Usage
from tests.unit.agents.replay import Recording, as_json, recording, recordings, translate

ALL = recordings("claude")


def _translator(found: Recording) -> ClaudeTranslator:
    return ClaudeTranslator(resumed=found.resumed)


def _outcome(scenario: str) -> Outcome:
    found = recording("claude", scenario)
    translator = _translator(found)
    translate(translator, found.lines)
    return translator.outcome(found.exit_code, stderr=found.stderr)


@pytest.mark.parametrize("found", ALL, ids=lambda found: found.scenario)
def test_recording_means_what_was_accepted(
    found: Recording, request: pytest.FixtureRequest
) -> None:
    translator = _translator(found)
    events = translate(translator, found.lines)
    text = as_json(events, translator.outcome(found.exit_code, stderr=found.stderr))
    if request.config.getoption("--accept"):
        found.expected.write_text(text, encoding="utf-8")
    assert text == found.expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("found", ALL, ids=lambda found: found.scenario)
def test_a_prefix_of_the_lines_gives_a_prefix_of_the_events(found: Recording) -> None:
    whole = translate(_translator(found), found.lines)
    for length in range(len(found.lines)):
        part = translate(_translator(found), found.lines[:length])
        assert part == whole[: len(part)]


@pytest.mark.parametrize("found", ALL, ids=lambda found: found.scenario)
def test_outcome_adds_up_what_was_reported(found: Recording) -> None:
    translator = _translator(found)
    events = translate(translator, found.lines)
    reported = (event.usage for event in events if isinstance(event, UsageReported))
    outcome = translator.outcome(found.exit_code, stderr=found.stderr)
    assert sum(reported, Usage()) == outcome.usage


@pytest.mark.parametrize("found", ALL, ids=lambda found: found.scenario)
def test_events_survive_being_stored(found: Recording) -> None:
    for event in translate(_translator(found), found.lines):
        assert AGENT_EVENT.validate_json(event.model_dump_json(by_alias=True)) == event


@pytest.mark.parametrize(
    ("scenario", "status", "reason", "retryable"),
    [
        ("text", "completed", "Completed", False),
        ("tools", "completed", "Completed", False),
        ("resume", "completed", "Completed", False),
        ("retry", "completed", "Completed", False),
        ("cut", "completed", "Completed", False),
        ("background", "completed", "Completed", False),
        ("bad-key", "failed", "BadKey", False),
        ("no-key", "failed", "BadKey", False),
        ("forbidden", "failed", "BadKey", False),
        ("no-credit", "failed", "NoCredit", False),
        ("no-model", "failed", "UnknownModel", False),
        ("too-long", "failed", "PromptTooLong", False),
        ("rate-limited", "limited", "RateLimited", True),
        ("usage-limit", "limited", "RateLimited", True),
        ("overloaded", "failed", "Overloaded", True),
        ("unreachable", "failed", "Unreachable", True),
        ("max-turns", "failed", "TurnLimit", False),
        ("budget", "failed", "BudgetExceeded", False),
        ("empty", "failed", "EmptyResult", True),
        ("refused", "failed", "Refused", False),
        ("stopped", "failed", "Crashed", True),
        ("unknown-session", "failed", "SessionLost", False),
        ("bad-option", "failed", "ToolMissing", False),
    ],
)
def test_how_it_ended(scenario: str, status: str, reason: str, retryable: bool) -> None:
    outcome = _outcome(scenario)
    assert (outcome.status, outcome.reason, outcome.retryable) == (status, reason, retryable)
    assert outcome.message or status == "completed"


def test_every_recording_has_its_ending_checked() -> None:
    table = test_how_it_ended.pytestmark[0].args[1]  # type: ignore[attr-defined]  # a pytest mark
    assert {row[0] for row in table} == {found.scenario for found in ALL}


def test_limit_says_when_it_ends() -> None:
    assert _outcome("usage-limit").retry_at == datetime(2026, 11, 22, tzinfo=UTC)


def test_resumed_turn_pays_only_for_itself() -> None:
    total = json.loads(recording("claude", "resume").lines[-1])["total_cost_usd"]
    cost = _outcome("resume").usage.cost_usd
    assert cost is not None
    assert cost * 3 == Decimal(str(total))


def test_budget_stop_counts_the_call_that_the_summary_forgets() -> None:
    assert _outcome("budget").usage.output_tokens == 100


def test_second_result_of_a_process_is_added() -> None:
    outcome = _outcome("background")
    assert outcome.text == "It ended."
    assert outcome.usage.output_tokens == 150


def test_stopped_process_is_not_free() -> None:
    assert _outcome("stopped").usage.input_tokens == 1000


@settings(deadline=None)
@given(st.data())
def test_damaged_lines_never_raise(data: st.DataObject) -> None:
    found = data.draw(st.sampled_from(ALL))
    translator = _translator(found)
    for line in found.lines:
        at = data.draw(st.integers(0, len(line)))
        junk = data.draw(st.text(max_size=3))
        translator.line(line[:at] + junk + line[at + len(junk) :])
    assert translator.outcome(data.draw(st.none() | st.integers(-64, 255)), stderr="").reason
