"""What the real agent CLIs printed, as events and outcomes."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courier.runs.transcripts.transcript import AGENT_EVENT, Outcome, UsageReported
from courier.runs.usage.usage import Usage
from tests.unit.agents.endings import ENDINGS
from tests.unit.agents.replay import DRIVERS, Recording, as_json, recording, recordings, translate

ALL = [found for cli in DRIVERS for found in recordings(cli)]

GUESSED = {("pi", "chat")}
"""Where the CLI prices a model it does not know like another one: that is not its cost."""

every = pytest.mark.parametrize("found", ALL, ids=lambda found: f"{found.cli}-{found.scenario}")


def _outcome(cli: str, scenario: str) -> Outcome:
    found = recording(cli, scenario)
    translator = found.translator()
    translate(translator, found.lines)
    return translator.outcome(found.exit_code, stderr=found.stderr)


@every
def test_recording_means_what_was_accepted(
    found: Recording, request: pytest.FixtureRequest
) -> None:
    translator = found.translator()
    events = translate(translator, found.lines)
    text = as_json(events, translator.outcome(found.exit_code, stderr=found.stderr))
    if request.config.getoption("--accept"):
        found.expected.write_text(text, encoding="utf-8")
    assert text == found.expected.read_text(encoding="utf-8")


@every
def test_a_prefix_of_the_lines_gives_a_prefix_of_the_events(found: Recording) -> None:
    whole = translate(found.translator(), found.lines)
    for length in range(len(found.lines)):
        part = translate(found.translator(), found.lines[:length])
        assert part == whole[: len(part)]


@every
def test_outcome_adds_up_what_was_reported(found: Recording) -> None:
    translator = found.translator()
    events = translate(translator, found.lines)
    reported = (event.usage for event in events if isinstance(event, UsageReported))
    outcome = translator.outcome(found.exit_code, stderr=found.stderr)
    total = sum(reported, Usage())
    if (found.cli, found.scenario) in GUESSED:
        total = total.model_copy(update={"cost_usd": None})
    assert total == outcome.usage


@every
def test_events_survive_being_stored(found: Recording) -> None:
    for event in translate(found.translator(), found.lines):
        assert AGENT_EVENT.validate_json(event.model_dump_json(by_alias=True)) == event


@every
def test_how_it_ended(found: Recording) -> None:
    outcome = _outcome(found.cli, found.scenario)
    assert (outcome.reason, outcome.retryable) == ENDINGS[found.cli][found.scenario]
    limits = {"Completed": "completed", "RateLimited": "limited"}
    assert outcome.status == limits.get(outcome.reason, "failed")
    assert outcome.message or outcome.status == "completed"


@pytest.mark.parametrize("cli", DRIVERS)
def test_every_situation_is_recorded_and_its_ending_checked(cli: str) -> None:
    assert set(ENDINGS[cli]) == {found.scenario for found in recordings(cli)}


@every
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_damaged_lines_never_raise(found: Recording, data: st.DataObject) -> None:
    translator = found.translator()
    for line in found.lines:
        at = data.draw(st.integers(0, len(line)))
        junk = data.draw(st.text(max_size=3))
        translator.line(line[:at] + junk + line[at + len(junk) :])
    assert translator.outcome(data.draw(st.none() | st.integers(-64, 255)), stderr="").reason


@every
def test_a_process_stopped_by_us_never_completes_what_it_had_not(found: Recording) -> None:
    translator = found.translator()
    translate(translator, found.lines[: len(found.lines) // 2])
    assert translator.outcome(None, stderr="").status != "completed"


@pytest.mark.parametrize(
    ("cli", "scenario"),
    [(cli, "usage-limit") for cli in DRIVERS],
)
def test_limit_says_when_it_ends(cli: str, scenario: str) -> None:
    # Codex tells the minute, and its end is waited for.
    minute = 1 if cli == "codex" else 0
    assert _outcome(cli, scenario).retry_at == datetime(2026, 11, 22, 0, minute, tzinfo=UTC)


@pytest.mark.parametrize("cli", DRIVERS)
def test_resumed_turn_pays_only_for_itself(cli: str) -> None:
    usage = _outcome(cli, "resume").usage
    sent = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    assert (sent, usage.output_tokens) == (1500, 50)


@pytest.mark.parametrize("cli", DRIVERS)
def test_tools_turn_counts_every_call(cli: str) -> None:
    usage = _outcome(cli, "tools").usage
    sent = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    assert (sent, usage.cache_read_tokens, usage.output_tokens) == (4500, 900, 150)


def test_resumed_claude_costs_only_itself() -> None:
    total = json.loads(recording("claude", "resume").lines[-1])["total_cost_usd"]
    cost = _outcome("claude", "resume").usage.cost_usd
    assert cost is not None
    assert cost * 3 == Decimal(str(total))


def test_budget_stop_counts_the_call_that_the_summary_forgets() -> None:
    assert _outcome("claude", "budget").usage.output_tokens == 100


def test_second_result_of_a_process_is_added() -> None:
    outcome = _outcome("claude", "background")
    assert outcome.text == "It ended."
    assert outcome.usage.output_tokens == 150


def test_stopped_process_is_not_free() -> None:
    assert _outcome("claude", "stopped").usage.input_tokens == 1000


@every
def test_after_the_final_event_the_exit_says_nothing_more(found: Recording) -> None:
    translator = found.translator()
    translate(translator, found.lines)
    outcome = translator.outcome(found.exit_code, stderr=found.stderr)
    stopped = translator.outcome(None, stderr=found.stderr)
    if translator.finished:
        assert stopped == outcome.model_copy(update={"exit_code": None})
    assert translator.finished or outcome.status != "completed"


@every
def test_the_final_event_is_seen_at_the_end_only(found: Recording) -> None:
    translator = found.translator()
    told = []
    for line in found.lines:
        translator.line(line)
        told.append(translator.finished)
    if (found.cli, found.scenario) == ("claude", "background"):
        # A background command woke the model up again.
        assert told[told.index(True) :].count(False) > 0
    else:
        assert True not in told[:-3]
        assert told == sorted(told)


@pytest.mark.parametrize("cli", DRIVERS)
@pytest.mark.parametrize("exit_code", [-9, 137])
def test_killed_process_crashed_and_may_be_tried_again(cli: str, exit_code: int) -> None:
    found = recording(cli, "stopped")
    translator = found.translator()
    translate(translator, found.lines)
    outcome = translator.outcome(exit_code, stderr="")
    assert (outcome.reason, outcome.retryable) == ("Crashed", True)
    assert "signal 9" in outcome.message


@pytest.mark.parametrize("cli", DRIVERS)
@pytest.mark.parametrize("exit_code", [126, 127])
def test_without_the_program_the_template_is_named(cli: str, exit_code: int) -> None:
    translator = recording(cli, "text").translator()
    outcome = translator.outcome(exit_code, stderr=f"env: '{cli}': No such file or directory")
    assert outcome.reason == "ToolMissing"
    assert f"`{cli}`" in outcome.message
    assert "template" in outcome.message
