"""Records, usage lines and pull request texts: complete, stable, harmless."""

import json
from datetime import timedelta
from decimal import Decimal

from courier.runs.proposal.commits import commit_message
from courier.runs.proposal.proposal import body, marker
from courier.runs.records.charges import charges_of
from courier.runs.records.writeback import record, record_files
from courier.runs.run.events import RunEnded, RunStarted, WorkDelivered
from courier.runs.run.run import Run, fold
from courier.runs.usage.usage import Usage
from tests.unit.runs.builders import (
    START,
    attempted,
    completed,
    designer,
    frozen,
    passed,
    rejected,
)

WORK = "w" * 40
COSTLY = Usage(input_tokens=1000, output_tokens=50, cost_usd=Decimal("0.0123"), agent_seconds=61)


def finished() -> Run:
    return fold(
        [
            RunStarted(at=START),
            attempted(outcome=completed("First try.", usage=COSTLY), commit="1" * 40),
            attempted("check", verdict=rejected("Bad | worse <b>")),
            attempted(iteration=2, outcome=completed("Second try.", usage=COSTLY), commit=WORK),
            attempted("check", iteration=2, verdict=passed()),
            WorkDelivered(at=START, branch="courier/fix-auth", commit=WORK),
            RunEnded(at=START + timedelta(minutes=9), phase="completed", reason="Completed"),
        ]
    )


def test_the_record_tells_every_attempt_with_its_verdict_usage_and_digests() -> None:
    told = record(frozen(), finished())
    assert told["phase"] == "completed"
    steps = told["steps"]
    assert isinstance(steps, list)
    assert [(step["step"], step["iteration"]) for step in steps] == [
        ("design", 1),
        ("check", 1),
        ("design", 2),
        ("check", 2),
    ]
    assert steps[1]["verdict"]["feedback"] == "Bad | worse <b>"
    assert all(step["promptDigest"] for step in steps)
    assert told["usage"]["inputTokens"] == 2000  # type: ignore[index]
    assert json.loads(json.dumps(told)) == told


def test_a_run_keeps_its_files_in_one_folder_of_its_day() -> None:
    files = record_files(frozen(), finished())
    assert sorted(files) == [
        "runs/2026/11/21/fix-auth/run.json",
        "runs/2026/11/21/fix-auth/steps/01-design-1/output.md",
        "runs/2026/11/21/fix-auth/steps/02-check-1/output.md",
        "runs/2026/11/21/fix-auth/steps/02-check-1/verdict.json",
        "runs/2026/11/21/fix-auth/steps/03-design-2/output.md",
        "runs/2026/11/21/fix-auth/steps/04-check-2/output.md",
        "runs/2026/11/21/fix-auth/steps/04-check-2/verdict.json",
    ]


def test_every_attempt_has_a_usage_line_of_its_own_that_sum_to_the_run() -> None:
    lines = list(charges_of(frozen(), finished()))
    assert {line.path for line in lines} == {"usage/2026-11.jsonl"}
    assert [line.key for line in lines] == [
        "fix-auth/design-1.1",
        "fix-auth/check-1.1",
        "fix-auth/design-2.1",
        "fix-auth/check-2.1",
    ]
    assert sum((line.usage for line in lines), Usage()) == finished().usage


def test_a_cost_nobody_reported_is_unknown_and_not_zero() -> None:
    run = fold([RunStarted(at=START), attempted()])
    assert record(frozen(), run)["usage"]["costUsd"] is None  # type: ignore[index]


def test_the_body_shows_task_words_steps_and_cost_and_hides_the_marker() -> None:
    text = body(frozen(), finished())
    assert text.startswith("> Fix the login.")
    assert "Second try." in text
    assert "| check | 1 | claude | fail | 60 s | - | Bad \\| worse <\u200bb> |" in text
    assert "$0.0246" in text
    assert marker("fix-auth") in text


def test_long_feedback_is_told_by_its_beginning_and_its_end() -> None:
    told = rejected("Exit code 1. The end of the output:\n\nF.F.\n====\nFAILED (failures=2)\n")
    run = fold([RunStarted(at=START), attempted("check", verdict=told)])
    assert (
        "| fail | 60 s | - | Exit code 1. The end of the output: … FAILED (failures=2) |"
        in body(frozen(), run)
    )


def test_commit_messages_carry_trailers_a_machine_can_read() -> None:
    message = commit_message(frozen(), designer(model="opus", persona="careful"), 2)
    assert message.splitlines() == [
        "Fix the login (iteration 2)",
        "",
        "Courier-Run: fix-auth",
        "Courier-Step: design-2",
        "Courier-Agent: claude opus",
        "Courier-Persona: careful",
        "Co-authored-by: opus (claude) <claude@agents.courier.invalid>",
    ]


def test_the_body_of_a_pipeline_lets_a_reviewer_speak_after_who_did_the_work() -> None:
    review = designer(name="review", type="reviewer")
    plan = frozen(
        steps=(designer(), review), left_out=('Step "polish" is left out: it is not enabled.',)
    )
    run = fold(
        [
            RunStarted(at=START),
            attempted("review", outcome=completed("Too early to say.")),
            attempted(outcome=completed("I renewed the session."), commit=WORK),
            attempted("review", iteration=2, outcome=completed("Clear, but without a test.")),
        ]
    )
    text = body(plan, run)
    first, second = text.index("I renewed the session."), text.index("without a test.")
    assert "## What `review` says" in text[first:second]
    assert "Too early" not in text
    assert '- [ ] Step "polish" is left out' in text
    assert record(plan, run)["leftOut"] == list(plan.left_out)
